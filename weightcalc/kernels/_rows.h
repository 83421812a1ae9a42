/* Counts the pixels of PNG rows that come as runs of filtered bytes. */

#ifndef WEIGHTCALC_ROWS_H
#define WEIGHTCALC_ROWS_H

#include "_checksums.h"
#include "_runs.h"
#include "_sums.h"

enum { BEFORE_ROW = 16, AFTER_ROW = 8 }; /* bytes of 0, so that the first pixel is no case of its own */

/* The pixels of a value in the row that is held, and in that and all below, if these are its copies. */
typedef struct {
    int64_t now, sum;
} Held;

typedef struct {
    size_t size;      /* bytes of a row */
    size_t width;     /* bytes of a pixel; 1 if several share a byte */
    uint64_t height;
    uint64_t y;
    int filter;       /* -1: the next byte says */
    int last_filter;
    int is_held;      /* whether `row` is the row above; if not, that was counted by its runs alone */
    byte *row;        /* after BEFORE_ROW */
    size_t capacity;
    int64_t weight;   /* this row and all below, which begin as its copies */
    size_t begin, last_begin; /* the runs that this row and the one before begin in, */
    uint64_t begin_position, last_begin_position; /* and where that is */
    Adler adler;

    /* Pixels of one byte */
    int64_t counts[4][256]; /* of rows that were not held, to be added up */
    Held held[256];
    byte values[256];       /* those that `held` has had, */
    unsigned num_values;
    byte is_listed[256];    /* and whether each is one of them */
    int64_t ends[256];      /* of the last bytes of rows, where they are asked for */
    int want_ends;
    byte left, corner;
    int is_same;            /* Paeth: the pixel before is as above */

    /* Wider pixels, as little-endian integers */
    Sums sums;
    uint64_t mask;          /* the bytes of a pixel in a word */
    uint64_t pixel;         /* None and Sub: the one before, of which `phase` bytes are new */
    unsigned phase;
    size_t changing;        /* the pixel of the row that is not counted yet, and what it was */
    uint64_t was;
    size_t changed;         /* after the last byte that is not as above */
    uint64_t above;         /* Paeth: the bytes above the last ones, the nearest highest */
} Rows;

/* Whether there is memory. `close_rows` must follow, which keeps the row for the next image. */
int open_rows(Rows *rows, size_t size, size_t width, uint64_t height, int want_ends);
void close_rows(Rows *rows);
void free_rows(Rows *rows);

/* Takes all runs that are there; whether they are rows. */
int take_rows(Rows *rows, Runs *runs);

/* Whether all rows are there, and no part of one more. */
INLINE int are_complete(const Rows *rows) { return rows->y == rows->height && rows->filter < 0; }

#endif
