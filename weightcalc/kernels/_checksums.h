/* CRC-32 of chunks, and Adler-32 of bytes that are never made. */

#ifndef WEIGHTCALC_CHECKSUMS_H
#define WEIGHTCALC_CHECKSUMS_H

#include "_bytes.h"

/* Must be called once, before `crc32_of`. */
void prepare_crc32(void);

uint32_t crc32_of(const byte *p, size_t n);

/* RFC 1950: `a` is 1 and all bytes, `b` all values that `a` has had. A run of bytes adds to both at
 * once; what they are modulo 65521 is worked out before they could overflow. */
typedef struct {
    uint64_t a, b;
    uint64_t end; /* of the bytes that are in them */
} Adler;

/* Takes `n` bytes `value` at `position`. Bytes of 0 before it may have been left out: all that
 * they add is `a` to `b`, for each of them. */
INLINE void add_to_adler(Adler *sum, uint64_t position, uint64_t n, uint64_t value)
{
    sum->b += sum->a * (position + n - sum->end) + value * (n * (n + 1) / 2);
    sum->a += value * n;
    sum->end = position + n;
}

INLINE void reduce_adler(Adler *sum)
{
    sum->a %= 65521;
    sum->b %= 65521;
}

#endif
