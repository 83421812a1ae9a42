/* The bits of a compressed stream, the lowest of each byte first. */

#ifndef WEIGHTCALC_BITS_H
#define WEIGHTCALC_BITS_H

#include "_bytes.h"

typedef struct {
    const byte *next, *end;
    uint64_t word;    /* above its `count` bits stand more of `next`: to add these again changes nothing */
    unsigned count;
    unsigned missing; /* bytes of 0 that stand for what would follow the end */
} Bits;

/* At least 56 bits: no symbol with all that belongs to it takes more than 48. */
INLINE void fill_bits(Bits *in)
{
    const unsigned whole = (63 - in->count) / 8;
    if (LIKELY(in->end - in->next >= 8)) {
        in->word |= load(in->next, 8) << in->count;
        in->next += whole;
        in->count |= 56;
        return;
    }
    for (unsigned k = 0; k < whole; k++, in->count += 8) {
        if (in->next < in->end)
            in->word |= (uint64_t)*in->next++ << in->count;
        else
            in->missing++;
    }
}

/* Whether the stream was over before the bits that have been taken. */
INLINE int is_overdrawn(const Bits *in) { return 8 * in->missing > in->count; }

INLINE unsigned peek_bits(const Bits *in, unsigned n)
{
    return (unsigned)in->word & ((1u << n) - 1);
}

INLINE void drop_bits(Bits *in, unsigned n)
{
    in->word >>= n;
    in->count -= n;
}

INLINE unsigned take_bits(Bits *in, unsigned n)
{
    const unsigned value = peek_bits(in, n);
    drop_bits(in, n);
    return value;
}

/* Goes on with the next whole byte of the input; whether there is one. */
INLINE int align_bits(Bits *in)
{
    if (is_overdrawn(in))
        return 0;
    in->next -= in->count / 8 - in->missing;
    in->word = in->count = in->missing = 0;
    return 1;
}

#endif
