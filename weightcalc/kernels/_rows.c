#include "_rows.h"

#include "_narrow.h"
#include "_wide.h"

int open_rows(Rows *r, size_t size, size_t width, uint64_t height, int want_ends)
{
    byte *row = r->row;
    size_t capacity = r->capacity;
    if (capacity < size) {
        free_rows(r);
        row = calloc(1, BEFORE_ROW + size + AFTER_ROW);
        capacity = row ? size : 0;
        row = row ? row + BEFORE_ROW : NULL;
    }
    memset(r, 0, sizeof *r);
    r->row = row;
    r->capacity = capacity;
    r->size = size;
    r->width = width;
    r->height = height;
    r->want_ends = want_ends;
    r->filter = -1;
    r->adler.a = 1;
    r->mask = ~(uint64_t)0 >> (64 - 8 * width);
    r->changing = NOWHERE;
    r->sums.bits = 4;
    return row && (width == 1 || enlarge(&r->sums));
}

void close_rows(Rows *r)
{
    free(r->sums.entries);
    r->sums.entries = NULL;
}

void free_rows(Rows *r)
{
    close_rows(r);
    free(r->row ? r->row - BEFORE_ROW : NULL);
}

/* Makes n bytes at p as those `width` before them. What has been made repeats as well. */
static void repeat(byte *p, size_t n, size_t width)
{
    for (; n > width; width *= 2) {
        memcpy(p, p - width, width);
        p += width;
        n -= width;
    }
    memcpy(p, p - width, n);
}

/* `n` bytes of a row of filter None or Sub. */
static void fill_narrow(Rows *r, size_t i, byte value, size_t n)
{
    byte left = r->last_filter == SUB ? *(r->row + i - 1) : 0;
    const size_t equal = value == 0 || r->last_filter == NONE ? n : 1;
    for (const size_t end = i + n; i < end; i += equal) {
        left = (byte)(left + value);
        memset(r->row + i, left, equal);
        hold_narrow(r, left, (int64_t)equal);
    }
}

static void fill_wide(Rows *r, size_t i, byte value, size_t n)
{
    byte *p = r->row + i;
    if (r->last_filter == NONE)
        memset(p, value, n);
    else if (value == 0)
        repeat(p, n, r->width);
    else
        for (; n; n--, p++)
            *p = (byte)(value + *(p - r->width));
}

/* The row above, which has been counted without its bytes. */
INLINE void make_row(Rows *r, int narrow, const uint64_t *runs)
{
    const uint64_t *run = runs + r->last_begin;
    const uint64_t begin = r->last_begin_position + 1, end = begin + r->size;
    for (uint64_t at = begin, next; at < end; at = next, run++) {
        run = run_at(run, at);
        next = position_of(run[1]) < end ? position_of(run[1]) : end;
        if (narrow)
            fill_narrow(r, at - begin, (byte)*run, next - at);
        else
            fill_wide(r, at - begin, (byte)*run, next - at);
    }
}

/* Counts the row above for all rows that follow. */
static void hold_row(Rows *r, const uint64_t *runs)
{
    if (r->y == 0)
        memset(r->row, 0, r->size);
    if (r->width > 1) {
        if (r->y)
            make_row(r, 0, runs);
        add_row_wide(r, r->weight);
    } else if (r->y)
        make_row(r, 1, runs);
    else
        hold_narrow(r, 0, (int64_t)r->size);
}

static void release_row(Rows *r)
{
    if (r->width == 1)
        release_narrow(r);
    else
        add_row_wide(r, -r->weight);
}

static void begin_row(Rows *r, byte filter, const uint64_t *runs)
{
    r->weight = (int64_t)(r->height - r->y);
    if (filter > SUB && !r->is_held)
        hold_row(r, runs);
    if (filter <= SUB && r->is_held)
        release_row(r);
    r->is_held = filter > SUB;
    r->filter = filter;
    r->left = 0;
    r->is_same = 1;
    r->pixel = 0;
    r->phase = 0;
    r->changed = (size_t)0 - r->width; /* as if a pixel before the row were as above */
}

static void end_row(Rows *r)
{
    settle(r);
    if (r->want_ends)
        r->ends[r->is_held ? r->row[r->size - 1] : r->left]++;
    r->last_filter = r->filter;
    r->last_begin = r->begin;
    r->last_begin_position = r->begin_position;
    r->filter = -1;
    r->y++;
}

/* The bytes from a position to the end of the row or of the runs. Returns the run that holds the
 * byte after them. */
INLINE const uint64_t *add_runs(Rows *r, int filter, int narrow, const uint64_t *run,
                                uint64_t *position, uint64_t last)
{
    const uint64_t begin = r->begin_position + 1, end_of_row = begin + r->size;
    const uint64_t end = end_of_row < last ? end_of_row : last;
    uint64_t at = *position, next;
    Adler adler = r->adler;
    byte value = 0;
    for (; at < end; at = next, run++) {
        value = (byte)*run;
        next = position_of(run[1]) < end ? position_of(run[1]) : end;
        if (filter == NONE || value)
            add_to_adler(&adler, at, next - at, value);
        if (narrow)
            add_narrow(r, filter, at - begin, value, next - at, (uintptr_t)run / sizeof *run);
        else
            add_wide(r, filter, at - begin, value, next - at);
    }
    if (filter == NONE)
        r->left = value;
    r->adler = adler;
    *position = at;
    return position_of(*run) > at ? run - 1 : run;
}

#define ADD_RUNS(narrow) \
    switch (r->filter) { \
    case NONE: return add_runs(r, NONE, narrow, run, position, end); \
    case SUB: return add_runs(r, SUB, narrow, run, position, end); \
    case UP: return add_runs(r, UP, narrow, run, position, end); \
    case AVERAGE: return add_runs(r, AVERAGE, narrow, run, position, end); \
    default: return add_runs(r, PAETH, narrow, run, position, end); \
    }

static const uint64_t *add_narrow_runs(Rows *r, const uint64_t *run, uint64_t *position, uint64_t end)
{
    ADD_RUNS(1)
}

static const uint64_t *add_wide_runs(Rows *r, const uint64_t *run, uint64_t *position, uint64_t end)
{
    ADD_RUNS(0)
}

int take_rows(Rows *r, Runs *runs)
{
    uint64_t at = runs->taken_position;
    const uint64_t end = runs->position;
    if (at == end)
        return 1;
    runs->runs[runs->count] = end << 8;
    runs->runs[runs->count + 1] = NO_RUN;
    const uint64_t *run = run_at(runs->runs + runs->taken, at);
    while (at < end) {
        if (r->filter < 0) {
            const byte filter = (byte)*run;
            if (r->y == r->height || filter > PAETH)
                return 0;
            begin_row(r, filter, runs->runs);
            r->begin = (size_t)(run - runs->runs);
            r->begin_position = at;
            add_to_adler(&r->adler, at++, 1, filter);
            run = run_at(run, at);
        }
        run = (r->width == 1 ? add_narrow_runs : add_wide_runs)(r, run, &at, end);
        if (at == r->begin_position + 1 + r->size)
            end_row(r);
    }
    add_to_adler(&r->adler, end, 0, 0);
    reduce_adler(&r->adler);
    runs->taken_position = end;
    runs->taken = runs->count - 1;
    return 1;
}
