/* The codes of Deflate as tables: RFC 1951, https://www.rfc-editor.org/rfc/rfc1951 */

#ifndef WEIGHTCALC_CODES_H
#define WEIGHTCALC_CODES_H

#include "_bits.h"

/* An entry: value << 16 | kind | number of extra bits << 4 | bits of the code. The value of a
 * length or a distance is its least one; that of a subtable is where it begins. */
enum { LITERAL = 0x100, END = 0x200, SUBTABLE = 0x400, WRONG = 0x800 };

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

/* The entry of the next code, which is dropped. */
INLINE uint32_t take_entry(Bits *in, const uint32_t *table, unsigned bits)
{
    uint32_t entry = table[peek_bits(in, bits)];
    if (UNLIKELY(entry & SUBTABLE)) {
        drop_bits(in, bits);
        entry = table[(entry >> 16) + peek_bits(in, entry >> 4 & 15)];
    }
    drop_bits(in, entry & 15);
    return entry;
}

/* The value of a length or a distance, with its extra bits. */
INLINE unsigned take_value(Bits *in, uint32_t entry)
{
    return (entry >> 16) + take_bits(in, entry >> 4 & 15);
}

#endif
