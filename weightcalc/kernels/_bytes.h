/* Bytes and words of them. */

#ifndef WEIGHTCALC_BYTES_H
#define WEIGHTCALC_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "byte k of a word must be word >> 8 * k & 255; without these files NumPy counts"
#endif

#define INLINE static inline __attribute__((always_inline))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
typedef uint8_t byte;

/* The integer that `width` bytes hold. Those of 3 and 6 would stall if they were read at once. */
INLINE uint64_t load(const byte *p, size_t width)
{
    const size_t first = width % 3 ? width : width / 3 * 2;
    uint64_t low = 0, high = 0;
    memcpy(&low, p, first);
    memcpy(&high, p + first, width - first);
    return low | high << 8 * first % 64;
}

INLINE uint32_t load_big_endian(const byte *p)
{
    return __builtin_bswap32((uint32_t)load(p, 4));
}

/* Bytes that are 0 before the first that is not, 8 if all are. */
INLINE size_t zeros(uint64_t word)
{
    return (size_t)__builtin_ctzll(word | (uint64_t)1 << 63) / 8 + (word == 0);
}

/* Bytes at p, of at most n, that are as those `back` before them. */
INLINE size_t repeated_bytes(const byte *p, size_t n, size_t back)
{
    size_t k = 0;
    for (; k + 8 <= n; k += 8) {
        const uint64_t news = load(p + k, 8) ^ load(p + k - back, 8);
        if (news)
            return k + zeros(news);
    }
    while (k < n && p[k] == *(p + k - back))
        k++;
    return k;
}

#endif
