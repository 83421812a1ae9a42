/* How often values occur. */

#ifndef WEIGHTCALC_SUMS_H
#define WEIGHTCALC_SUMS_H

#include <stdlib.h>

#include "_bytes.h"

/* Counting: a table for widths 1 and 2, a hash table for the others. */
typedef struct {
    uint64_t pattern;
    int64_t number; /* BIAS more than it is; 0: free */
} Entry;

static const int64_t BIAS = (int64_t)1 << 62;
enum { MOST_USED = 1 << 17 };

typedef struct {
    int64_t *counts; /* of width 1: 8 tables */
    int64_t *last;   /* for the last bytes of rows as well; or NULL */
    Entry *entries;  /* 2**bits of them, at most half of them used; NULL if there is no memory */
    Entry spare;     /* where numbers go then, or if there are too many */
    Entry *recent[2];
    size_t used;
    int bits;
} Sums;

/* Odd, and drawn for each process: values cannot be chosen that collide. */
extern uint64_t hash_multiplier;

static Entry *find(const Sums *sums, uint64_t pattern)
{
    size_t k = (size_t)(pattern * hash_multiplier >> (64 - sums->bits));
    while (sums->entries[k].number && sums->entries[k].pattern != pattern)
        k = (k + 1) & (((size_t)1 << sums->bits) - 1);
    return &sums->entries[k];
}

static int enlarge(Sums *sums)
{
    Sums larger = *sums;
    larger.bits += 2;
    larger.entries = calloc((size_t)1 << larger.bits, sizeof(Entry));
    for (size_t k = 0; sums->entries && larger.entries && k < (size_t)1 << sums->bits; k++)
        if (sums->entries[k].number)
            *find(&larger, sums->entries[k].pattern) = sums->entries[k];
    free(sums->entries);
    *sums = larger;
    sums->recent[0] = sums->recent[1] = &sums->spare;
    return sums->entries != NULL;
}

/* What is too much for counters.py has not to be counted. */
static Entry *insert(Sums *sums, uint64_t pattern)
{
    if (!sums->entries || sums->used > MOST_USED || (sums->used >= (size_t)1 << (sums->bits - 1) && !enlarge(sums)))
        return &sums->spare;
    sums->used++;
    Entry *entry = find(sums, pattern);
    *entry = (Entry){pattern, BIAS};
    return entry;
}

static int compare_entries(const void *a, const void *b)
{
    const uint64_t x = ((const Entry *)a)->pattern, y = ((const Entry *)b)->pattern;
    return (x > y) - (x < y);
}

/* Brings the entries that are used to the front, in the order of patterns, which no draw changes;
 * returns how many they are. After that it is no hash table any more. */
static inline size_t sort_entries(Sums *sums)
{
    size_t used = 0;
    for (size_t k = 0; k < (size_t)1 << sums->bits; k++)
        if (sums->entries[k].number)
            sums->entries[used++] = sums->entries[k];
    qsort(sums->entries, used, sizeof(Entry), compare_entries);
    return used;
}

INLINE void add(Sums *sums, uint64_t pattern, size_t width, size_t table, int64_t number)
{
    if (width <= 2) {
        sums->counts[(table << 8 * width) + pattern] += number;
        return;
    }
    Entry *entry = sums->recent[table];
    if (entry->pattern != pattern || !entry->number) {
        entry = sums->entries ? find(sums, pattern) : &sums->spare;
        if (!entry->number)
            entry = insert(sums, pattern);
        sums->recent[table] = entry;
    }
    entry->number += number;
}

#endif
