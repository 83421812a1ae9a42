/* A stream as runs of equal bytes, instead of its bytes. */

#ifndef WEIGHTCALC_RUNS_H
#define WEIGHTCALC_RUNS_H

#include "_bytes.h"

enum {
    NO_BYTE = 256,
    WINDOW = 1 << 15,    /* how far back a match may reach */
    BLOCK = 1 << 8,      /* bytes; a match looks for its source from the beginning of a block */
    NUM_BLOCKS = 4 * WINDOW / BLOCK,
    BATCH = 4096,        /* runs that are made before the rows take them */
    MOST_OF_SYMBOL = 320, /* more runs than one symbol makes */
    STEP = 6,            /* runs that are looked at in one go */
    PIECE = 1 << 23,     /* bytes before the rows take them, so that Adler-32 cannot overflow */
};

#define NO_RUN ((uint64_t)1 << 62) /* after the last one: it lies behind any position */

/* A run is position << 8 | value, and lasts until the next one, which has another value. */
typedef struct {
    uint64_t *runs;
    size_t capacity;
    size_t keep;         /* bytes whose runs are kept */
    size_t count;        /* of the runs that are there */
    size_t forgotten;    /* runs that were there before them */
    uint64_t position;   /* bytes that they make */
    int last;            /* the last byte; NO_BYTE before there is one */
    size_t taken;        /* the run that holds the last byte that the rows have taken */
    uint64_t taken_position;
    size_t count_limit;  /* where the rows shall take what is there */
    uint64_t position_limit;
    uint64_t num_blocks; /* those that begin before `position` */
    uint32_t in_block[NUM_BLOCKS]; /* the run that holds the first byte of a block */
} Runs;

INLINE uint64_t position_of(uint64_t run) { return run >> 8; }

/* From `run` on, the run that holds the byte at a position; something must follow the last one. */
INLINE const uint64_t *run_at(const uint64_t *run, uint64_t position)
{
    while (run[1] <= (position << 8 | 255))
        run++;
    return run;
}

/* How many of `num` runs begin before a bound. Where that changes cannot be foreseen, so it is no
 * branch; differences are far below 2**63. */
INLINE size_t runs_before(const uint64_t *run, size_t num, uint64_t bound)
{
    uint64_t found = 0;
    for (size_t k = 0; k < num; k++)
        found += (run[k] - bound) >> 63;
    return (size_t)found;
}

/* As `run_at`, where STEP times NO_RUN follow the last one. */
INLINE const uint64_t *seek_run(const uint64_t *run, uint64_t position)
{
    size_t found;
    do
        run += found = runs_before(run + 1, STEP, (position + 1) << 8);
    while (UNLIKELY(found == STEP));
    return run;
}

INLINE void end_runs(uint64_t *top)
{
    for (size_t k = 0; k < STEP; k++)
        top[k] = NO_RUN;
}

#endif
