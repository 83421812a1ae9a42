/* Counts values one after the other, and rows of filtered bytes. Masks are long runs, and their
 * rows differ little from each other: words of 8 bytes are looked at first, single values only
 * where a word holds something new. Loops are inline, so that the compiler makes a copy for each
 * width and filter. */

#ifndef WEIGHTCALC_VALUES_H
#define WEIGHTCALC_VALUES_H

#include "_filters.h"
#include "_sums.h"

/* In turn to 8 tables: neighbours are often equal, and in one table would wait for each other. */
INLINE void add_values(Sums *sums, const byte *p, size_t width, size_t num, int64_t times)
{
    for (size_t k = 0; k < num; k++)
        add(sums, load(p + k * width, width), width, width == 1 ? k % 8 : 0, times);
}

enum { MOST_BLOCKS = 128 }; /* in one go */

/* The blocks in which a value differs from the one before it. Without a branch: where runs end
 * cannot be foreseen, and a wrong guess costs more than to look. */
INLINE size_t list_mixed(const byte *p, size_t num, size_t block, size_t width, uint16_t *mixed)
{
    size_t found = 0;
#pragma GCC unroll 4
    for (size_t b = 0; b < num; b++, p += block) {
        const byte *tail = p + block - 8;
        uint64_t news = (load(p, 8) ^ load(p - width, 8)) | (load(tail, 8) ^ load(tail - width, 8));
        mixed[found] = (uint16_t)b;
        found += news != 0;
    }
    return found;
}

/* Adds `times` for each value. */
INLINE void add_all(Sums *sums, const byte *p, const byte *end, size_t width, int64_t times)
{
    const size_t block = width % 3 ? 8 : 12; /* whole values */
    uint16_t mixed[MOST_BLOCKS];
    if (p == end)
        return;
    add_values(sums, p, width, 1, times);
    p += width;
    while ((size_t)(end - p) >= block) {
        size_t num = (size_t)(end - p) / block;
        num = num < MOST_BLOCKS ? num : MOST_BLOCKS;
        size_t num_mixed = list_mixed(p, num, block, width, mixed);
        const byte *run = p;
        for (size_t k = 0; k < num_mixed; k++) {
            const byte *at = p + mixed[k] * block;
            add(sums, load(run - width, width), width, 0, times * ((at - run) / (int64_t)width));
            add_values(sums, at, width, block / width, times);
            run = at + block;
        }
        p += num * block;
        add(sums, load(run - width, width), width, 0, times * ((p - run) / (int64_t)width));
    }
    add_values(sums, p, width, (size_t)(end - p) / width, times);
}

/* Changes 8 bytes of a table's values at once: which of them differ cannot be foreseen. */
INLINE void change_word(Sums *sums, int filter, Row row, size_t i, size_t width, int64_t times)
{
    uint64_t old = load(row.row + i, 8), word = load(row.in + i, 8);
    if (filter == UP)
        word = add_bytes(word, old);
    memcpy(row.row + i, &word, 8);
    for (size_t k = 0; k < 8 / width; k++, old >>= 8 * width, word >>= 8 * width) {
        const uint64_t value = ((uint64_t)1 << 8 * width) - 1;
        add(sums, old & value, width, width == 1 ? k : 0, -times);
        add(sums, word & value, width, width == 1 ? k : 0, times);
    }
}

/* A pixel that differs is one more of its value and one less of that above in `times` rows:
 * this one and those below, which begin as its copies. */
INLINE void change(Sums *sums, Row row, size_t i, const byte *pixel, size_t width, int64_t times)
{
    add(sums, load(row.row + i, width), width, 0, -times);
    add(sums, load(pixel, width), width, width != 2, times);
    if (sums->last && i + width == row.size) {
        sums->last[row.row[i]] -= times;
        sums->last[*pixel] += times;
    }
    memcpy(row.row + i, pixel, width);
}

/* Turns the row above into this one, and counts what changes. */
INLINE void merge(Sums *sums, int filter, Row row, size_t width, int64_t times)
{
    byte left[8] = {0}, corner[8], pixel[8];
    for (size_t i = 0; (i = skip_same(filter, row, i, left, width)) < row.size;) {
        int differs;
        if (width <= 2 && (filter == NONE || filter == UP) && i + 8 < row.size) {
            change_word(sums, filter, row, i, width, times);
            i += 8;
            continue;
        }
        if (filter == PAETH && i)
            memcpy(left, row.row + i - width, width);
        memcpy(corner, left, 8); /* the pixel before this one is as above */
        do {
            differs = 0;
            for (size_t k = 0; k < width; k++) {
                const int above = row.row[i + k];
                pixel[k] = (byte)(row.in[i + k] + predict(filter, left[k], above, corner[k]));
                differs |= pixel[k] ^ above;
                corner[k] = (byte)above;
                left[k] = pixel[k];
            }
            if (differs)
                change(sums, row, i, pixel, width, times);
            i += width;
        } while ((differs || filter == AVERAGE) && i < row.size);
    }
}

/* Counts all rows as copies of the one above, then what changes. Returns the index of the first
 * row of a filter type above 4, or -1. */
INLINE ptrdiff_t add_rows(Sums *sums, Row row, ptrdiff_t num, size_t width)
{
    add_all(sums, row.row, row.row + row.size, width, num);
    if (sums->last)
        sums->last[row.row[row.size - 1]] += num;
    for (ptrdiff_t y = 0; y < num; y++, row.in += row.size + 1) {
        switch (row.in[-1]) {
        case NONE: merge(sums, NONE, row, width, num - y); break;
        case SUB: merge(sums, SUB, row, width, num - y); break;
        case UP: merge(sums, UP, row, width, num - y); break;
        case AVERAGE: merge(sums, AVERAGE, row, width, num - y); break;
        case PAETH: merge(sums, PAETH, row, width, num - y); break;
        default: return y;
        }
    }
    return -1;
}

static inline ptrdiff_t add_rows_of_width(Sums *sums, Row row, ptrdiff_t num, ptrdiff_t width)
{
    switch (width) {
    case 1: return add_rows(sums, row, num, 1);
    case 2: return add_rows(sums, row, num, 2);
    case 3: return add_rows(sums, row, num, 3);
    case 4: return add_rows(sums, row, num, 4);
    case 6: return add_rows(sums, row, num, 6);
    default: return add_rows(sums, row, num, 8);
    }
}

static inline void add_values_of_width(Sums *sums, const byte *p, const byte *end, ptrdiff_t width)
{
    switch (width) {
    case 1: add_all(sums, p, end, 1, 1); break;
    case 2: add_all(sums, p, end, 2, 1); break;
    case 3: add_all(sums, p, end, 3, 1); break;
    case 4: add_all(sums, p, end, 4, 1); break;
    case 6: add_all(sums, p, end, 6, 1); break;
    default: add_all(sums, p, end, 8, 1); break;
    }
}

#endif
