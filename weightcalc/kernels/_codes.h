/* The codes of Deflate as tables: RFC 1951, https://www.rfc-editor.org/rfc/rfc1951 */

#ifndef WEIGHTCALC_CODES_H
#define WEIGHTCALC_CODES_H

#include "_bits.h"

/* An entry: value << 16 | kind | bits of the code << 8 | bits of it and of what follows it. The
 * value of a length or a distance is its least one, to which the bits that follow are added; that
 * of a subtable is where it begins, and instead of bits stands what its index has. */
enum { LITERAL = 0x1000, END = 0x2000, SUBTABLE = 0x4000, WRONG = 0x8000 };

enum {
    NUM_SYMBOLS = 288,
    NUM_DISTANCES = 32,
    LONGEST_CODE = 15,
    SYMBOL_BITS = 10, /* codes up to here are looked up at once */
    DISTANCE_BITS = 8,
    /* As if each longer code had a subtable of its own. */
    SYMBOLS_SIZE = (1 << SYMBOL_BITS) + (NUM_SYMBOLS << (LONGEST_CODE - SYMBOL_BITS)),
    DISTANCES_SIZE = (1 << DISTANCE_BITS) + (NUM_DISTANCES << (LONGEST_CODE - DISTANCE_BITS)),
};

typedef struct {
    uint32_t symbols[SYMBOLS_SIZE], distances[DISTANCES_SIZE];
    byte lengths[NUM_SYMBOLS + NUM_DISTANCES];
    int are_fixed; /* they are those that need not be sent */
} Codes;

/* Must be called once, before anything else. */
void prepare_codes(void);

/* The codes that a block of type 2 begins with; whether they are such that zlib takes them. */
int read_codes(Codes *codes, Bits *in);

/* The codes of a block of type 1. */
void set_fixed_codes(Codes *codes);

/* The entry of the code that `word` begins with. */
INLINE uint32_t find_entry(const uint32_t *table, unsigned bits, uint64_t word)
{
    const uint32_t entry = table[word & ((1u << bits) - 1)];
    if (LIKELY(!(entry & SUBTABLE)))
        return entry;
    return table[(entry >> 16) + (word >> bits & ((1u << (entry & 15)) - 1))];
}

INLINE unsigned bits_of(uint32_t entry) { return entry & 63; }

/* The value of an entry, with the bits that follow its code. */
INLINE unsigned value_of_entry(uint32_t entry, uint64_t word)
{
    const uint64_t bits = word & (((uint64_t)1 << bits_of(entry)) - 1);
    return (entry >> 16) + (unsigned)(bits >> (entry >> 8 & 15));
}

#endif
