/* Counts the pixels of a PNG file from its compressed rows, without making its bytes. */

#ifndef WEIGHTCALC_PNG_H
#define WEIGHTCALC_PNG_H

#include "_file.h"
#include "_inflate.h"

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGBA = 6 }; /* colour types */

/* What one file is counted with, and what is found in it. The memory is kept for the next file. */
typedef struct {
    Content content;
    Codes codes;
    Runs runs;
    Rows rows;

    uint32_t width, height;
    unsigned depth, color;
    const byte *palette; /* in the file; NULL without one */
    size_t palette_size;
    int64_t counts[256]; /* of pixels of up to 8 bits; the others are in `rows.sums`, as they stand */
    byte values[256];    /* those whose count is not 0 */
    unsigned num_values;
} Png;

/* What is allowed: pixels, and bytes of rows with their filter types. */
typedef struct {
    uint64_t pixels, bytes;
} Limits;

/* Whether the file was counted. Only a file without the least fault or oddity is, as the other
 * path is there for those, which says what they are; and only one for which this is quicker. */
int count_png(Png *png, const byte *data, size_t size, Limits limits);

/* The same for a file of up to 32 MiB that can be read. */
int count_png_file(Png *png, const char *path, Limits limits);

/* Frees what only one file needs, and everything. */
void close_png(Png *png);
void free_png(Png *png);

/* The value of a pixel of more than 8 bits, whose first byte is the highest. */
INLINE uint64_t value_of(const Png *png, uint64_t pixel)
{
    return __builtin_bswap64(pixel) >> (64 - 8 * png->rows.width);
}

#endif
