/* Words of bytes, and the row filters of PNG: what a pixel is predicted to be, and where a row
 * is as the one above. */

#include <stdint.h>
#include <stddef.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "byte k of a word must be word >> 8 * k & 255; without this file NumPy counts"
#endif

#define INLINE static inline __attribute__((always_inline))
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

/* Row filters: https://www.w3.org/TR/png-3/#9Filters */
enum { NONE, SUB, UP, AVERAGE, PAETH };

typedef struct {
    const byte *in; /* without the filter type */
    byte *row;      /* the row above, which becomes this one */
    size_t size;
} Row;

/* Sums of bytes that do not carry into each other. */
INLINE uint64_t add_bytes(uint64_t a, uint64_t b)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
    return ((a & low) + (b & low)) ^ ((a ^ b) & ~low);
}

/* Whichever is nearest to left + above - corner, which is as far from one neighbour as the
 * corner is from the other: the corner itself only in the middle third between the two. */
INLINE int paeth(int left, int above, int corner)
{
    int low = left < above ? left : above, high = left < above ? above : left;
    int third = 3 * corner - above - left;
    int inner = high <= third ? low : corner;
    return third <= low ? high : inner;
}

INLINE int predict(int filter, int left, int above, int corner)
{
    switch (filter) {
    case NONE: return 0;
    case SUB: return left;
    case UP: return above;
    case AVERAGE: return (left + above) / 2;
    default: return paeth(left, above, corner);
    }
}

/* What is 0 where 8 bytes are as above. For Paeth, that holds if the pixel before them is; for
 * Sub, if `left` is what the pixel before them looks like over 8 bytes. */
INLINE uint64_t news(int filter, Row row, size_t i, uint64_t left)
{
    const uint64_t in = load(row.in + i, 8);
    if (filter == NONE)
        return in ^ load(row.row + i, 8);
    return filter == SUB ? in | (load(row.row + i, 8) ^ left) : in;
}

/* Bytes that are 0 before the first that is not, 8 if all are. */
INLINE size_t zeros(uint64_t word)
{
    return (size_t)__builtin_ctzll(word | (uint64_t)1 << 63) / 8 + (word == 0);
}

/* The first pixel from `i` on that is not seen to be as above. Which word of a block it is in
 * cannot be foreseen, so that is no branch. */
INLINE size_t skip_same(int filter, Row row, size_t i, const byte *pixel, size_t width)
{
    const size_t block = width % 3 ? 16 : 24;
    byte left[24];
    if (filter == AVERAGE)
        return i;
    for (size_t k = 0; filter == SUB && k < 24; k += width)
        memcpy(left + k, pixel, width);
    for (; i + block <= row.size; i += block) {
        uint64_t a = news(filter, row, i, load(left, 8));
        uint64_t b = news(filter, row, i + 8, load(left + 8, 8));
        uint64_t c = block == 16 ? 0 : news(filter, row, i + 16, load(left + 16, 8));
        if (a | b | c)
            return i + (zeros(a) + (a == 0) * (zeros(b) + (b == 0) * zeros(c))) / width * width;
    }
    for (uint64_t word = 0; word == 0 && i + 8 <= row.size;) {
        word = news(filter, row, i, load(left, 8));
        i += zeros(word) / width * width;
    }
    return i;
}
