/* The row filters of PNG: what a pixel is predicted to be, and where a row is as the one above. */

#ifndef WEIGHTCALC_FILTERS_H
#define WEIGHTCALC_FILTERS_H

#include <stdlib.h>

#include "_bytes.h"

/* Row filters: https://www.w3.org/TR/png-3/#9Filters */
enum { NONE, SUB, UP, AVERAGE, PAETH };

typedef struct {
    const byte *in; /* without the filter type */
    byte *row;      /* the row above, which becomes this one */
    size_t size;
} Row;

/* Sums of bytes that do not carry into each other. */
INLINE uint64_t add_bytes(uint64_t a, uint64_t b)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
    return ((a & low) + (b & low)) ^ ((a ^ b) & ~low);
}

/* Whichever is nearest to left + above - corner; of several the one that is named first. */
INLINE int paeth(int left, int above, int corner)
{
    const int from_left = abs(above - corner), from_above = abs(left - corner);
    const int from_corner = abs(left + above - 2 * corner);
    const int least = from_left <= from_above ? from_left : from_above;
    const int neighbour = from_left <= from_above ? left : above;
    return from_corner < least ? corner : neighbour;
}

INLINE int predict(int filter, int left, int above, int corner)
{
    switch (filter) {
    case NONE: return 0;
    case SUB: return left;
    case UP: return above;
    case AVERAGE: return (left + above) / 2;
    default: return paeth(left, above, corner);
    }
}

/* What is 0 where 8 bytes are as above. For Paeth, that holds if the pixel before them is; for
 * Sub, if `left` is what the pixel before them looks like over 8 bytes. */
INLINE uint64_t news(int filter, Row row, size_t i, uint64_t left)
{
    const uint64_t in = load(row.in + i, 8);
    if (filter == NONE)
        return in ^ load(row.row + i, 8);
    return filter == SUB ? in | (load(row.row + i, 8) ^ left) : in;
}

/* The first pixel from `i` on that is not seen to be as above. Which word of a block it is in
 * cannot be foreseen, so that is no branch. */
INLINE size_t skip_same(int filter, Row row, size_t i, const byte *pixel, size_t width)
{
    const size_t block = width % 3 ? 16 : 24;
    byte left[24];
    if (filter == AVERAGE)
        return i;
    for (size_t k = 0; filter == SUB && k < 24; k += width)
        memcpy(left + k, pixel, width);
    for (; i + block <= row.size; i += block) {
        uint64_t a = news(filter, row, i, load(left, 8));
        uint64_t b = news(filter, row, i + 8, load(left + 8, 8));
        uint64_t c = block == 16 ? 0 : news(filter, row, i + 16, load(left + 16, 8));
        if (a | b | c)
            return i + (zeros(a) + (a == 0) * (zeros(b) + (b == 0) * zeros(c))) / width * width;
    }
    for (uint64_t word = 0; word == 0 && i + 8 <= row.size;) {
        word = news(filter, row, i, load(left, 8));
        i += zeros(word) / width * width;
    }
    return i;
}

#endif
