/* Numbers that are stored as differences from the pixel before, which predictor 2 of TIFF does. */

#ifndef WEIGHTCALC_DIFFERENCES_H
#define WEIGHTCALC_DIFFERENCES_H

#include "_bytes.h"

/* Rows of `size` bytes; the same sample of the next pixel is `step` bytes away. */
typedef struct {
    const byte *in;
    byte *out;
    size_t num, size, step;
} Differences;

/* A number of `width` bytes from its order in the file, or into it. */
INLINE uint64_t ordered(uint64_t number, size_t width, int is_big)
{
    return is_big ? __builtin_bswap64(number) >> (64 - 8 * width) : number;
}

/* Sums wrap around. Where a pixel is one sample the last sum is at hand: to read what has only just
 * been written takes longer than to add. */
INLINE void add_up_row(const Differences *d, size_t step, size_t width, int is_big)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < d->size; i += width) {
        if (step != width)
            sum = i < step ? 0 : ordered(load(d->out + i - step, width), width, is_big);
        sum += ordered(load(d->in + i, width), width, is_big);
        const uint64_t stored = ordered(sum, width, is_big);
        memcpy(d->out + i, &stored, width);
    }
}

INLINE void add_up_rows(Differences d, size_t width, int is_big)
{
    for (; d.num; d.num--, d.in += d.size, d.out += d.size)
        if (d.step == width)
            add_up_row(&d, width, width, is_big);
        else
            add_up_row(&d, d.step, width, is_big);
}

static inline void add_up_rows_of_width(Differences d, ptrdiff_t width, int is_big)
{
    switch (is_big ? -width : width) {
    case 2: add_up_rows(d, 2, 0); break;
    case -2: add_up_rows(d, 2, 1); break;
    case 4: add_up_rows(d, 4, 0); break;
    case -4: add_up_rows(d, 4, 1); break;
    case 8: add_up_rows(d, 8, 0); break;
    case -8: add_up_rows(d, 8, 1); break;
    default: add_up_rows(d, 1, 0); break;
    }
}

#endif
