/* The bits of a stream in the bodies of IDAT chunks, the lowest of each byte first. */

#ifndef WEIGHTCALC_BITS_H
#define WEIGHTCALC_BITS_H

#include "_bytes.h"

typedef struct {
    const byte *next, *end; /* of a body */
    const byte *last;       /* the end of the last one; nothing but IDAT stands in between */
    uint64_t word;    /* above its `count` bits stand more of `next`: to add these again changes nothing */
    unsigned count;
    unsigned missing; /* bytes of 0 that stand for what would follow the end */
} Bits;

/* Bodies that follow each other: a chunk is its length, its type, its body and its CRC. */
INLINE int has_byte(Bits *in)
{
    while (in->next == in->end && in->end != in->last) {
        in->next = in->end + 4 + 8;
        in->end = in->next + load_big_endian(in->next - 8);
    }
    return in->next != in->end;
}

/* At least 56 bits: no symbol with all that belongs to it takes more than 48. */
INLINE void fill_bits(Bits *in)
{
    if (LIKELY(in->end - in->next >= 8)) {
        in->word |= load(in->next, 8) << in->count;
        in->next += (63 - in->count) / 8;
        in->count |= 56;
        return;
    }
    for (; in->count < 56; in->count += 8) {
        if (has_byte(in))
            in->word |= (uint64_t)*in->next++ << in->count;
        else
            in->missing++;
    }
}

/* Whether the stream was over before the bits that have been taken. */
INLINE int is_overdrawn(const Bits *in) { return 8 * in->missing > in->count; }

/* Whether the stream is over, with the bits that have been taken. */
INLINE int is_at_end(Bits *in) { return 8 * in->missing == in->count && !has_byte(in); }

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

/* Bytes begin where those of the file do. */
INLINE void align_bits(Bits *in) { drop_bits(in, in->count % 8); }

INLINE unsigned take_byte(Bits *in)
{
    if (in->count < 8)
        fill_bits(in);
    return take_bits(in, 8);
}

#endif
