/*
 * The loops over pixels of kernels.py, which checks what it passes and says what the
 * patterns mean. Here sizes alone are checked, so that no buffer is overrun.
 *
 * Masks are long runs, and what a PNG filter leaves of a run is zeros: the loops look
 * at words of 8 bytes first, and at single values where a word holds something new.
 * They are inline so that the compiler makes one copy for each width, step or filter.
 */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "byte k of a word must be word >> 8 * k & 255; NumPy counts here"
#endif

#define INLINE static inline __attribute__((always_inline))

typedef uint8_t byte;

/* The integer that `width` bytes hold, 1 to 8. */
INLINE uint64_t load(const byte *p, size_t width)
{
    uint64_t word = 0;
    memcpy(&word, p, width);
    return word;
}

/* Row filters: https://www.w3.org/TR/png-3/#9Filters. A pixel has `step` bytes. */

enum { NONE, SUB, UP, AVERAGE, PAETH };

/* A word full of one pixel, from its first byte on. */
INLINE uint64_t repeat(uint64_t pixel, size_t step)
{
    for (size_t bytes = step; bytes < 8; bytes *= 2)
        pixel |= pixel << 8 * bytes;
    return pixel;
}

/* How such a word goes on: 8 bytes need not be whole pixels. */
INLINE uint64_t next_word(uint64_t repeated, size_t step)
{
    size_t turn = 8 % step;
    return turn ? repeated >> 8 * turn | repeated << 8 * (step - turn) : repeated;
}

/* Sums of bytes that do not carry into each other. */
INLINE uint64_t add_bytes(uint64_t a, uint64_t b)
{
    const uint64_t high = 0x8080808080808080u;
    return ((a & ~high) + (b & ~high)) ^ ((a ^ b) & high);
}

/* Each pixel of a word becomes the sum of all up to it. */
INLINE uint64_t sum_pixels(uint64_t word, size_t step)
{
    for (size_t bytes = step; bytes < 8; bytes *= 2)
        word = add_bytes(word, word << 8 * bytes);
    return word;
}

/* Returns how far it came: less than a word is left. So do the next two. */
INLINE size_t undo_sub(const byte *restrict in, byte *restrict out, size_t i, size_t size,
                       size_t step)
{
    uint64_t left = repeat(load(in, step), step);
    for (; i + 8 <= size; i += 8) {
        for (; i + 24 <= size && (load(in + i, 8) | load(in + i + 8, 8)) == 0; i += 16) {
            memcpy(out + i, &left, 8);
            left = next_word(left, step);
            memcpy(out + i + 8, &left, 8);
            left = next_word(left, step);
        }
        uint64_t word = add_bytes(sum_pixels(load(in + i, 8), step), left);
        memcpy(out + i, &word, 8);
        left = repeat(word >> (64 - 8 * step), step);
    }
    return i;
}

/*
 * Whichever of left, above and corner is nearest to left + above - corner. That sum is
 * as far from one neighbour as the corner is from the other, so the corner is nearest
 * only if it lies between them, in the middle third.
 */
INLINE int paeth(int left, int above, int corner)
{
    int low = left < above ? left : above;
    int high = left < above ? above : left;
    int third = 3 * corner - above - left;
    int inner = high <= third ? low : corner;
    return third <= low ? high : inner;
}

INLINE int predict(int filter, int left, int above, int corner)
{
    switch (filter) {
    case SUB: return left;
    case UP: return above;
    case AVERAGE: return (left + above) / 2;
    default: return paeth(left, above, corner);
    }
}

/* Pixel by pixel; Paeth only until a pixel equals the one above it. */
INLINE size_t undo_pixels(int filter, const byte *restrict in, const byte *restrict above,
                          byte *restrict out, size_t i, size_t size, size_t step)
{
    const size_t bytes = step >= 4 ? step : step == 3 ? 6 : 4; /* whole pixels */
    const byte *corner = above - step;
    byte left[8]; /* not read from `out`: wide loads of bytes just written stall */
    int differs = 1;
    for (size_t k = 0; k < step; k++)
        left[k] = (out + i - step)[k];
    while (i + 8 <= size && differs) {
        for (size_t k = 0; k < bytes; k++) {
            int nearest = predict(filter, left[k % step], above[i + k], corner[i + k]);
            out[i + k] = left[k % step] = (byte)(in[i + k] + nearest);
        }
        i += bytes;
        differs = filter == AVERAGE;
        for (size_t k = 0; k < step; k++)
            differs |= left[k] ^ corner[i + k];
    }
    return i;
}

/* Where left equals corner, as in most of a mask, zeros stand for a copy of what is above. */
INLINE size_t undo_paeth(const byte *restrict in, const byte *restrict above, byte *restrict out,
                         size_t i, size_t size, size_t step)
{
    while (i + 8 <= size) {
        if (memcmp(out + i - step, above + i - step, step) == 0) {
            uint64_t word = load(in + i, 8);
            for (; word == 0 && i + 16 <= size; word = load(in + i, 8)) {
                memcpy(out + i, above + i, 8);
                i += 8;
            }
            memcpy(out + i, above + i, 8);
            i += word ? (size_t)__builtin_ctzll(word) / 8 : 8;
        }
        i = undo_pixels(PAETH, in, above, out, i, size, step);
    }
    return i;
}

INLINE void undo_row(int filter, const byte *restrict in, const byte *restrict above,
                     byte *restrict out, size_t size, size_t step)
{
    size_t i = 0;
    for (; i < size && i < step; i++)
        out[i] = (byte)(in[i] + predict(filter, 0, above[i], 0));
    if (step <= 8 && size >= step + 8) {
        if (filter == SUB)
            i = undo_sub(in, out, i, size, step);
        if (filter == AVERAGE)
            i = undo_pixels(AVERAGE, in, above, out, i, size, step);
        if (filter == PAETH)
            i = undo_paeth(in, above, out, i, size, step);
    }
    for (; i < size; i++)
        out[i] = (byte)(in[i] + predict(filter, out[i - step], above[i], (above + i - step)[0]));
}

typedef struct {
    const byte *in; /* each row is its filter type and `size` bytes */
    byte *above;
    byte *out;
    size_t num;
    size_t size;
} Rows;

INLINE Py_ssize_t undo_rows(const Rows *rows, size_t step)
{
    const size_t size = rows->size;
    const byte *above = rows->above;
    for (size_t y = 0; y < rows->num; y++) {
        const byte *in = rows->in + y * (size + 1) + 1;
        byte *out = rows->out + y * size;
        switch (in[-1]) {
        case NONE: memcpy(out, in, size); break;
        case SUB: undo_row(SUB, in, above, out, size, step); break;
        case UP: undo_row(UP, in, above, out, size, step); break;
        case AVERAGE: undo_row(AVERAGE, in, above, out, size, step); break;
        case PAETH: undo_row(PAETH, in, above, out, size, step); break;
        default: return (Py_ssize_t)y;
        }
        above = out;
    }
    if (rows->num)
        memcpy(rows->above, above, size);
    return -1;
}

static Py_ssize_t undo_rows_of_step(const Rows *rows, size_t step)
{
    switch (step) {
    case 1: return undo_rows(rows, 1);
    case 2: return undo_rows(rows, 2);
    case 3: return undo_rows(rows, 3);
    case 4: return undo_rows(rows, 4);
    case 6: return undo_rows(rows, 6);
    case 8: return undo_rows(rows, 8);
    default: return undo_rows(rows, step);
    }
}

/* Counting: a table for widths 1 and 2, a hash table for the others. */

typedef struct {
    uint64_t pattern;
    int64_t number; /* 0: free */
} Entry;

typedef struct {
    int64_t *counts;
    Entry *entries; /* 2**bits of them, at most half of them used */
    int bits;
    size_t used;
    int failed; /* out of memory: the numbers are worthless */
} Sums;

static Entry *find(const Sums *sums, uint64_t pattern)
{
    size_t k = (size_t)(pattern * 0x9E3779B97F4A7C15u >> (64 - sums->bits));
    while (sums->entries[k].number && sums->entries[k].pattern != pattern)
        k = (k + 1) & (((size_t)1 << sums->bits) - 1);
    return &sums->entries[k];
}

static void enlarge(Sums *sums, int bits)
{
    Sums larger = *sums;
    larger.bits = bits;
    larger.entries = calloc((size_t)1 << bits, sizeof(Entry));
    if (larger.entries == NULL) {
        sums->failed = 1;
        return;
    }
    for (size_t k = 0; sums->entries && k < (size_t)1 << sums->bits; k++)
        if (sums->entries[k].number)
            *find(&larger, sums->entries[k].pattern) = sums->entries[k];
    free(sums->entries);
    *sums = larger;
}

static void add_entry(Sums *sums, uint64_t pattern, int64_t number)
{
    Entry *entry = find(sums, pattern);
    if (entry->number == 0) {
        if (sums->used >= (size_t)1 << (sums->bits - 1)) {
            enlarge(sums, sums->bits + 2);
            entry = find(sums, pattern);
        }
        if (sums->failed)
            return;
        sums->used++;
        entry->pattern = pattern;
    }
    entry->number += number;
}

/* The number of times that the value at `p` occurs more often. */
INLINE void add(Sums *sums, const byte *p, size_t width, size_t table, int64_t number)
{
    uint64_t pattern = load(p, width);
    if (width <= 2)
        sums->counts[(table << 8 * width) + pattern] += number;
    else
        add_entry(sums, pattern, number);
}

/* In turn to 4 tables: neighbours are often equal, and in one table would wait for each other. */
INLINE void add_values(Sums *sums, const byte *p, size_t width, size_t num)
{
    for (size_t k = 0; k < num; k++)
        add(sums, p + k * width, width, width == 1 ? k % 4 : 0, 1);
}

/*
 * Lists the blocks in which a value differs from the one before it. Without a branch:
 * where runs end cannot be foreseen, and a wrong guess costs more than to look.
 */
INLINE size_t list_mixed(const byte *p, size_t num, size_t block, size_t width, uint16_t *mixed)
{
    size_t found = 0;
#pragma GCC unroll 4
    for (size_t b = 0; b < num; b++) {
        const byte *tail = p + block - 8;
        uint64_t differs = load(p, 8) ^ load(p - width, 8);
        differs |= load(tail, 8) ^ load(tail - width, 8);
        mixed[found] = (uint16_t)b;
        found += differs != 0;
        p += block;
    }
    return found;
}

enum { MOST_BLOCKS = 512 };

INLINE void add_all(Sums *sums, const byte *p, size_t size, size_t width)
{
    const size_t block = width % 3 ? 8 : 12; /* whole values */
    const byte *end = p + size, *run = p + width;
    uint16_t mixed[MOST_BLOCKS];
    add_values(sums, p, width, size ? 1 : 0);
    for (p = run; end - p >= (ptrdiff_t)block; run = p) {
        size_t num = (size_t)(end - p) / block;
        num = num < MOST_BLOCKS ? num : MOST_BLOCKS;
        size_t num_mixed = list_mixed(p, num, block, width, mixed);
        for (size_t k = 0; k < num_mixed; k++) {
            const byte *at = p + mixed[k] * block;
            add(sums, run - width, width, 0, (at - run) / (ptrdiff_t)width);
            add_values(sums, at, width, block / width);
            run = at + block;
        }
        p += num * block;
        add(sums, run - width, width, 0, (p - run) / (ptrdiff_t)width);
    }
    add_values(sums, p, width, p < end ? (size_t)(end - p) / width : 0);
}
