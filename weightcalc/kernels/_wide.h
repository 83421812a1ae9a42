/* Runs of filtered bytes to pixels of 2 to 8 bytes. */

#ifndef WEIGHTCALC_WIDE_H
#define WEIGHTCALC_WIDE_H

#include "_filters.h"
#include "_rows.h"

#define NOWHERE ((size_t)-64)

INLINE uint64_t pixel_at(const Rows *r, size_t i) { return load(r->row + i, 8) & r->mask; }

INLINE void add_pixels(Rows *r, uint64_t pixel, size_t table, int64_t number)
{
    add(&r->sums, pixel, 8, table, number);
}

/* Counts the pixel that was changing. */
INLINE void settle(Rows *r)
{
    if (r->changing == NOWHERE)
        return;
    const uint64_t is = pixel_at(r, r->changing);
    if (is != r->was) {
        add_pixels(r, r->was, 0, -r->weight);
        add_pixels(r, is, 1, r->weight);
    }
    r->changing = NOWHERE;
}

INLINE void set_byte(Rows *r, size_t i, byte value)
{
    if (i - r->changing >= r->width) {
        settle(r);
        r->changing = i - i % r->width;
        r->was = pixel_at(r, r->changing);
    }
    r->row[i] = value;
}

/* None and Sub: pixels are counted as they come, without a row. */
static void add_direct(Rows *r, int filter, byte value, size_t n)
{
    while (n) {
        if (r->phase == 0 && n >= r->width && (filter == NONE || value == 0)) {
            const size_t pixels = n / r->width;
            if (filter == NONE)
                r->pixel = (value * 0x0101010101010101u) & r->mask;
            add_pixels(r, r->pixel, 0, (int64_t)pixels);
            n -= pixels * r->width;
            continue;
        }
        const unsigned shift = 8 * r->phase;
        const byte old = (byte)(r->pixel >> shift);
        const byte fresh = (byte)(filter == NONE ? value : old + value);
        r->pixel ^= (uint64_t)(old ^ fresh) << shift;
        if (++r->phase == r->width) {
            add_pixels(r, r->pixel, 0, 1);
            r->phase = 0;
        }
        n--;
    }
}

static void up_wide(Rows *r, size_t i, byte value, size_t n)
{
    for (; n; n--, i++)
        set_byte(r, i, (byte)(r->row[i] + value));
}

static void average_wide(Rows *r, size_t i, byte value, size_t n)
{
    byte *row = r->row;
    for (const size_t end = i + n; i < end; i++) {
        if (value == 0) /* what is as the pixel before stays */
            i += repeated_bytes(row + i, end - i, r->width);
        if (i == end)
            break;
        const byte fresh = (byte)(value + predict(AVERAGE, *(row + i - r->width), row[i], 0));
        if (fresh != row[i])
            set_byte(r, i, fresh);
    }
}

/* What is 0 is as above while all bytes of the pixel before are. */
static void paeth_wide(Rows *r, size_t i, byte value, size_t n)
{
    byte *row = r->row;
    const size_t width = r->width, end = i + n;
    if (i >= r->changed + width) /* then bytes may have been passed over */
        r->above = load(row + i - 8, 8);
    for (; i < end && (value || i < r->changed + width); i++) {
        const byte left = *(row + i - width), above = row[i];
        const byte corner = (byte)(r->above >> 8 * (8 - width));
        const byte fresh = (byte)(value + paeth(left, above, corner));
        r->above = r->above >> 8 | (uint64_t)above << 56;
        if (fresh != above) {
            set_byte(r, i, fresh);
            r->changed = i + 1;
        }
    }
}

/* `n` filtered bytes `value` from byte `i` of the row on. */
INLINE void add_wide(Rows *r, int filter, size_t i, byte value, size_t n)
{
    switch (filter) {
    case NONE:
    case SUB:
        add_direct(r, filter, value, n);
        break;
    case UP:
        if (value)
            up_wide(r, i, value, n);
        break;
    case AVERAGE:
        average_wide(r, i, value, n);
        break;
    default:
        if (value || i < r->changed + r->width)
            paeth_wide(r, i, value, n);
    }
}

/* Adds all pixels of the row so often, which may be less than never. */
static void add_row_wide(Rows *r, int64_t times)
{
    const size_t width = r->width;
    for (size_t i = 0, next; i < r->size; i = next) {
        const size_t rest = r->size - i - width;
        next = i + width + repeated_bytes(r->row + i + width, rest, width) / width * width;
        add_pixels(r, pixel_at(r, i), 1, times * (int64_t)((next - i) / width));
    }
}

#endif
