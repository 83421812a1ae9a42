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
    runs->last = NO_BYTE;
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

/* What a block works with, in registers. */
typedef struct {
    uint64_t *top; /* where the next run goes */
    uint64_t position;
    uint64_t block; /* the first that is not noted */
    int last;
} Output;

INLINE void note_block(Runs *r, Output *out, const uint64_t *run)
{
    r->in_block[out->block++ % NUM_BLOCKS] = (uint32_t)(run - r->runs);
}

/* Notes the blocks that begin in what was copied; their runs follow `run`. */
INLINE void note_copies(Runs *r, Output *out, const uint64_t *run)
{
    end_runs(out->top);
    for (; out->block * BLOCK < out->position; note_block(r, out, run))
        run = seek_run(run, out->block * BLOCK);
}

INLINE void note_last(Runs *r, Output *out)
{
    while (UNLIKELY(out->block * BLOCK < out->position))
        note_block(r, out, out->top - 1);
}

/* A run of n bytes, or more of the last one. */
INLINE void add_run(Output *out, int value, unsigned n)
{
    *out->top = out->position << 8 | (byte)value;
    out->top += (0u - (unsigned)(value ^ out->last)) >> 31; /* whether they differ */
    out->last = value;
    out->position += n;
}

INLINE void leave(Runs *r, Output out)
{
    r->count = (size_t)(out.top - r->runs);
    r->position = out.position;
    r->num_blocks = out.block;
    r->last = out.last;
}

/* Copies runs up to where they begin at `stop` or behind it, as all do that are copied. */
INLINE const uint64_t *copy_apart(uint64_t **to, const uint64_t *run, uint64_t stop, uint64_t shift)
{
    size_t found;
    uint64_t *top = *to;
    do {
        found = runs_before(run, 4, stop);
        const uint64_t copies[4] = {run[0] + shift, run[1] + shift, run[2] + shift, run[3] + shift};
        memcpy(top, copies, sizeof copies);
        top += found;
        run += found;
    } while (UNLIKELY(found == 4));
    *to = top;
    return run;
}

/* Copies the runs that hold the bytes of the source, which may reach into what is being copied. */
INLINE void copy_match(const Runs *r, Output *out, unsigned length, unsigned distance)
{
    const uint64_t source = out->position - distance, stop = (source + length) << 8;
    const uint64_t shift = (uint64_t)distance << 8;
    end_runs(out->top);
    const uint64_t *run = seek_run(r->runs + r->in_block[source / BLOCK % NUM_BLOCKS], source);
    add_run(out, (byte)*run++, length);
    if (LIKELY(distance >= length))
        run = copy_apart(&out->top, run, stop, shift);
    else
        while (run < out->top && *run < stop)
            *out->top++ = *run++ + shift;
    out->last = (byte)run[-1];
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
    Output out = {r->runs + r->count, r->position, r->num_blocks, r->last};
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
        const uint64_t word = in.word;
        uint32_t entry = find_entry(codes->symbols, SYMBOL_BITS, word);
        drop_bits(&in, bits_of(entry));
        if (entry & LITERAL) {
            add_run(&out, (byte)(entry >> 16), 1);
            note_last(r, &out);
        } else {
            if (UNLIKELY(entry & (END | WRONG))) {
                ok = entry & END;
                break;
            }
            const unsigned length = value_of_entry(entry, word);
            const unsigned used = bits_of(entry);
            entry = find_entry(codes->distances, DISTANCE_BITS, in.word);
            const unsigned distance = value_of_entry(entry, in.word);
            drop_bits(&in, bits_of(entry));
            if (UNLIKELY(entry & WRONG || distance > out.position)) {
                ok = 0;
                break;
            }
            if (distance == 1) {
                repeat_byte(&out, &in, word, used + bits_of(entry), length);
                note_last(r, &out);
            } else {
                const uint64_t *last = out.top - 1;
                copy_match(r, &out, length, distance);
                if (UNLIKELY(out.block * BLOCK < out.position))
                    note_copies(r, &out, last);
            }
        }
        if (UNLIKELY(in.missing) && !(ok = !is_overdrawn(&in)))
            break;
    }
    leave(r, out);
    *input = in;
    return ok && !is_overdrawn(input);
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
        Output out = {r->runs + r->count, r->position, r->num_blocks, r->last};
        add_run(&out, (int)take_byte(in), 1);
        note_last(r, &out);
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
