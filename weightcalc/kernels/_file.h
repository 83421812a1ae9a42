/* Reads files whole. */

#ifndef WEIGHTCALC_FILE_H
#define WEIGHTCALC_FILE_H

#include "_bytes.h"

/* What a file holds; the memory is kept for the next one. */
typedef struct {
    byte *data;
    size_t size, capacity;
} Content;

/* Whether what a file begins with, and its size, let it be read further. */
typedef int Judge(const void *context, const byte *data, size_t size, uint64_t file_size);

/* Whether a regular file of at most `limit` bytes was read. What changes meanwhile is not noticed:
 * the checksums of a PNG file tell whether its parts belong together. */
int read_file(Content *content, const char *path, uint64_t limit, Judge *judge, const void *context);

void free_content(Content *content);

#endif
