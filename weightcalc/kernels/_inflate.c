#include "_inflate.h"

enum { LEAST_MEAN_RUN = 4 }; /* bytes; where runs are shorter, it is quicker to make bytes */

int open_runs(Runs *runs, size_t row_size)
{
    uint64_t *memory = runs->runs;
    size_t capacity = runs->capacity;
    const size_t rows = 2 * (row_size + 1);
    const size_t keep = BLOCK + (rows > WINDOW ? rows : WINDOW);
    const size_t needed = keep + BATCH + 2 * MOST_OF_SYMBOL;
    if (capacity < needed) {
        free(memory);
        memory = malloc(needed * sizeof *memory);
        capacity = memory ? needed : 0;
    }
    memset(runs, 0, offsetof(Runs, in_block));
    runs->runs = memory;
    runs->capacity = capacity;
    runs->keep = keep;
    runs->last = -1;
    runs->count_limit = BATCH;
    runs->position_limit = PIECE;
    return memory != NULL;
}

/* The last run that begins at or before a position. */
static size_t find_run(const Runs *r, uint64_t position)
{
    size_t low = 0, high = r->count - 1;
    while (low < high) {
        const size_t middle = high - (high - low) / 2;
        if (position_of(r->runs[middle]) <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

/* Forgets what neither a match nor the row before can need. */
static void forget_runs(Runs *r, Rows *rows)
{
    if (r->position <= r->keep)
        return;
    const size_t num = find_run(r, r->position - r->keep);
    r->count -= num;
    r->forgotten += num;
    r->taken -= num;
    rows->begin -= num;
    rows->last_begin -= num;
    memmove(r->runs, r->runs + num, r->count * sizeof *r->runs);
    for (size_t k = 0; k < NUM_BLOCKS; k++)
        r->in_block[k] -= (uint32_t)num;
}

/* Hands what there is to the rows, and makes room. */
static int hand_over(Runs *r, Rows *rows)
{
    const uint64_t count = r->count + r->forgotten;
    if (count > 3 * BATCH && r->position < LEAST_MEAN_RUN * count)
        return 0;
    if (!take_rows(rows, r))
        return 0;
    forget_runs(r, rows);
    r->count_limit = r->count + BATCH;
    r->position_limit = r->position + PIECE;
    return r->count_limit + 2 * MOST_OF_SYMBOL <= r->capacity;
}

INLINE int is_full(const Runs *r)
{
    return r->count >= r->count_limit || r->position >= r->position_limit;
}

/* Notes the runs that hold the first bytes of blocks; they are `run` or later ones. */
INLINE void note_blocks(Runs *r, const uint64_t *run, uint64_t *top, uint64_t end)
{
    *top = NO_RUN;
    for (; r->num_blocks * BLOCK < end; r->num_blocks++) {
        run = run_at(run, r->num_blocks * BLOCK);
        r->in_block[r->num_blocks % NUM_BLOCKS] = (uint32_t)(run - r->runs);
    }
}

/* What a block works with, in registers. */
typedef struct {
    uint64_t *top; /* where the next run goes */
    uint64_t position;
    int last;
} Output;

INLINE void add_byte(Output *out, byte value)
{
    *out->top = out->position++ << 8 | value;
    out->top += value != out->last;
    out->last = value;
}

INLINE void leave(Runs *r, Output out)
{
    r->count = (size_t)(out.top - r->runs);
    r->position = out.position;
    r->last = out.last;
}

/* Copies the runs that hold the bytes of the source, which may reach into what is being copied. */
INLINE void copy_match(Runs *r, Output *out, unsigned length, unsigned distance)
{
    const uint64_t source = out->position - distance, stop = (source + length) << 8;
    const uint64_t shift = (uint64_t)distance << 8;
    uint64_t *top = out->top;
    *top = NO_RUN;
    const uint64_t *run = run_at(r->runs + r->in_block[source / BLOCK % NUM_BLOCKS], source);
    const byte value = (byte)*run++;
    *top = value == out->last ? NO_RUN : out->position << 8 | value;
    top += value != out->last;
    if (distance >= length)
        while (*run < stop) /* ends at the first of the copies, or where the next one would go */
            *top++ = *run++ + shift;
    else
        while (run < top && *run < stop)
            *top++ = *run++ + shift;
    out->top = top;
    out->last = (byte)top[-1];
    out->position += length;
}

/* A match of distance 1 makes the last run longer. In a long run the same symbol follows again
 * and again, bit for bit, and need not be looked up. */
INLINE void repeat_byte(Output *out, Bits *in, uint64_t word, unsigned used, unsigned length)
{
    const uint64_t mask = ((uint64_t)1 << used) - 1;
    out->position += length;
    for (; in->count >= used && ((in->word ^ word) & mask) == 0; out->position += length)
        drop_bits(in, used);
}

static int inflate_symbols(Runs *r, Bits *input, const Codes *codes, Rows *rows)
{
    Bits in = *input;
    Output out = {r->runs + r->count, r->position, r->last};
    const uint64_t *limit = r->runs + r->count_limit;
    int ok = 1;
    for (;;) {
        if (UNLIKELY(out.top >= limit || out.position >= r->position_limit)) {
            leave(r, out);
            if (!(ok = hand_over(r, rows)))
                break;
            out.top = r->runs + r->count;
            limit = r->runs + r->count_limit;
        }
        fill_bits(&in);
        if (UNLIKELY(in.missing) && !(ok = !is_overdrawn(&in)))
            break;
        const uint64_t word = in.word, count = in.count;
        const uint64_t *run = out.top - 1;
        uint32_t entry = take_entry(&in, codes->symbols, SYMBOL_BITS);
        if (entry & LITERAL)
            add_byte(&out, (byte)(entry >> 16));
        else {
            if (UNLIKELY(entry & (END | WRONG))) {
                ok = entry & END;
                break;
            }
            const unsigned length = take_value(&in, entry);
            entry = take_entry(&in, codes->distances, DISTANCE_BITS);
            const unsigned distance = take_value(&in, entry);
            if (UNLIKELY(entry & WRONG || distance > out.position)) {
                ok = 0;
                break;
            }
            if (distance == 1)
                repeat_byte(&out, &in, word, count - in.count, length);
            else
                copy_match(r, &out, length, distance);
        }
        if (UNLIKELY(r->num_blocks * BLOCK < out.position))
            note_blocks(r, run, out.top, out.position);
    }
    leave(r, out);
    *input = in;
    return ok;
}

/* Two bytes, the lower one first. */
static unsigned take_pair(Bits *in)
{
    const unsigned low = take_byte(in);
    return low | take_byte(in) << 8;
}

static int take_stored(Runs *r, Bits *in, Rows *rows)
{
    align_bits(in);
    const unsigned length = take_pair(in), inverse = take_pair(in);
    if ((length ^ inverse) != 0xffff)
        return 0;
    for (unsigned k = 0; k < length; k++) {
        if (is_full(r) && !hand_over(r, rows))
            return 0;
        Output out = {r->runs + r->count, r->position, r->last};
        const uint64_t *run = out.top - 1;
        add_byte(&out, (byte)take_byte(in));
        if (r->num_blocks * BLOCK < out.position)
            note_blocks(r, run, out.top, out.position);
        leave(r, out);
        if (is_overdrawn(in))
            return 0;
    }
    return 1;
}

static int inflate_blocks(Bits *in, Codes *codes, Runs *runs, Rows *rows)
{
    for (;;) {
        fill_bits(in);
        const unsigned is_last = take_bits(in, 1), type = take_bits(in, 2);
        if (is_overdrawn(in) || type == 3)
            return 0;
        if (type == 1)
            set_fixed_codes(codes);
        if (type == 2 && !read_codes(codes, in))
            return 0;
        if (!(type == 0 ? take_stored(runs, in, rows) : inflate_symbols(runs, in, codes, rows)))
            return 0;
        if (is_last)
            return 1;
    }
}

/* RFC 1950: Deflate, with a window of at most 32 KiB and no dictionary. */
static int check_head(Bits *in)
{
    const unsigned method = take_byte(in), flags = take_byte(in);
    return (method & 15) == 8 && method >> 4 <= 7 && !(flags & 0x20) && (method << 8 | flags) % 31 == 0;
}

/* Adler-32, the highest byte first, and nothing after it. */
static int check_end(Bits *in, const Adler *adler)
{
    uint32_t stored = 0;
    align_bits(in);
    for (int k = 0; k < 4; k++)
        stored = stored << 8 | take_byte(in);
    return stored == (uint32_t)(adler->b << 16 | adler->a) && is_at_end(in);
}

int inflate_rows(Bits *in, Codes *codes, Runs *runs, Rows *rows)
{
    return check_head(in) && inflate_blocks(in, codes, runs, rows) && take_rows(rows, runs) &&
           are_complete(rows) && check_end(in, &rows->adler);
}
