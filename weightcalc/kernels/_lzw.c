#include "_lzw.h"

/* TIFF 6.0, section 13: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf */
enum { CLEAR = 256, END, FIRST };
enum { LEAST_BITS = 9, MOST_BITS = 12, MOST_STRINGS = 1 << MOST_BITS };
enum { SHORT = 16 }; /* bytes of a string that is copied as two words */

/* A string of the table is what one code was decoded to, and the first byte of what follows, so it
 * stands in the output. Its place and its length are one number: all of them fit a near cache. */
enum { LENGTH_BITS = 16 };

INLINE uint64_t string_at(size_t place, size_t length)
{
    return (uint64_t)place << LENGTH_BITS | length;
}

INLINE size_t place_of(uint64_t string) { return string >> LENGTH_BITS; }
INLINE size_t length_of(uint64_t string) { return string & ((1u << LENGTH_BITS) - 1); }

/* The bits of a stream, the highest of each byte first. */
typedef struct {
    const byte *next, *end;
    uint64_t word; /* below its `count` bits stand more of `next`: to add these again changes nothing */
    unsigned count;
} Input;

/* Whether there is a code of so many bits. */
INLINE int has_code(Input *in, unsigned bits)
{
    if (LIKELY(in->end - in->next >= 8)) {
        in->word |= __builtin_bswap64(load(in->next, 8)) >> in->count;
        in->next += (63 - in->count) / 8;
        in->count |= 56;
    } else
        for (; in->count < 56 && in->next != in->end; in->count += 8)
            in->word |= (uint64_t)*in->next++ << (56 - in->count);
    return in->count >= bits;
}

INLINE unsigned take_code(Input *in, unsigned bits)
{
    const unsigned code = (unsigned)(in->word >> (64 - bits));
    in->word <<= bits;
    in->count -= bits;
    return code;
}

typedef struct {
    byte *bytes;
    size_t done, size;
    size_t before; /* bytes of the last code; 0 after a clear code */
    unsigned next; /* code of the next string */
    unsigned bits; /* of the next code */
} Output;

INLINE void clear(Output *out)
{
    out->before = 0;
    out->next = FIRST;
    out->bits = LEAST_BITS;
}

/* The string that the last code began ends with the first byte of this one, which may be that very
 * string. Whether this code has a meaning. */
INLINE int add_string(Output *out, uint64_t *strings, unsigned code)
{
    if (UNLIKELY(out->next > MOST_STRINGS))
        return 0;
    strings[out->next] = string_at(out->done - out->before, out->before + 1);
    out->next += out->before != 0;
    out->bits += out->next + 1 == 1u << out->bits && out->bits < MOST_BITS; /* one early, as TIFF is */
    return code < out->next;
}

/* The last byte of a string may be the first of its copy. */
INLINE void copy_string(byte *to, const byte *from, size_t length, size_t room)
{
    if (LIKELY(length <= SHORT && room >= SHORT)) {
        const uint64_t low = load(from, 8), high = load(from + 8, 8);
        memcpy(to, &low, 8);
        memcpy(to + 8, &high, 8);
    } else
        memcpy(to, from, length - 1);
    to[length - 1] = from[length - 1];
}

INLINE void put(Output *out, const uint64_t *strings, unsigned code)
{
    byte *to = out->bytes + out->done;
    const size_t room = out->size - out->done;
    size_t length = 1;
    if (code < CLEAR)
        *to = (byte)code;
    else {
        length = length_of(strings[code]);
        length = length < room ? length : room;
        copy_string(to, out->bytes + place_of(strings[code]), length, room);
    }
    out->before = length;
    out->done += length;
}

size_t decode_lzw(const byte *data, size_t data_size, byte *bytes, size_t size, int *wrong)
{
    uint64_t strings[MOST_STRINGS + 1]; /* none is read that has not been added */
    Input in = {data, data + data_size, 0, 0};
    Output out = {bytes, 0, size, 0, FIRST, LEAST_BITS};
    *wrong = -1;
    while (out.done < size && has_code(&in, out.bits)) {
        const unsigned code = take_code(&in, out.bits);
        if (code == END)
            break;
        if (code == CLEAR) {
            clear(&out);
            continue;
        }
        if (UNLIKELY(!add_string(&out, strings, code))) {
            *wrong = (int)code;
            break;
        }
        put(&out, strings, code);
    }
    return out.done;
}
