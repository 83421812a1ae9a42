/* Runs of filtered bytes to pixels of one byte. */

#ifndef WEIGHTCALC_NARROW_H
#define WEIGHTCALC_NARROW_H

#include "_filters.h"
#include "_rows.h"

/* Bytes at p, of at most n, that are `value`. */
INLINE size_t equal_bytes(const byte *p, size_t n, byte value)
{
    const uint64_t all = value * 0x0101010101010101u;
    size_t k = 0;
    for (; k + 8 <= n; k += 8) {
        const uint64_t news = load(p + k, 8) ^ all;
        if (news)
            return k + zeros(news);
    }
    while (k < n && p[k] == value)
        k++;
    return k;
}

INLINE void add_held(Held *held, int64_t n, int64_t weighed)
{
    held->now += n;
    held->sum += weighed;
}

/* There are so many pixels more of a value in this row and all below. */
INLINE void hold_narrow(Rows *r, byte value, int64_t n)
{
    add_held(&r->held[value], n, n * r->weight);
    if (UNLIKELY(!r->is_listed[value])) {
        r->is_listed[value] = 1;
        r->values[r->num_values++] = value;
    }
}

INLINE void change_narrow(Rows *r, byte from, byte to, size_t n)
{
    add_held(&r->held[from], -(int64_t)n, -(int64_t)n * r->weight); /* it is listed */
    hold_narrow(r, to, (int64_t)n);
}

/* The rows from this one on are no copies. */
static void release_narrow(Rows *r)
{
    for (unsigned k = 0; k < r->num_values; k++) {
        Held *held = &r->held[r->values[k]];
        held->sum -= held->now * r->weight;
        held->now = 0;
    }
}

INLINE void up_narrow(Rows *r, size_t i, byte value, size_t n)
{
    for (byte *p = r->row + i; n;) {
        const byte old = *p, fresh = (byte)(old + value);
        const size_t same = n == 1 ? 1 : equal_bytes(p, n, old);
        if (same == 1)
            *p = fresh;
        else
            memset(p, fresh, same);
        change_narrow(r, old, fresh, same);
        p += same;
        n -= same;
    }
}

/* What is 0 is as above while the pixel before is, and as the pixel before where both above agree. */
static void paeth_narrow(Rows *r, size_t i, byte value, size_t n)
{
    byte *row = r->row;
    const size_t end = i + n;
    byte left = *(row + i - 1), corner = r->is_same ? left : r->corner;
    while (i < end && (value || left != corner)) {
        const byte above = row[i];
        if (value == 0 && above == corner) {
            const size_t same = equal_bytes(row + i, end - i, corner);
            memset(row + i, left, same);
            change_narrow(r, corner, left, same);
            i += same;
            continue;
        }
        const byte fresh = (byte)(value + paeth(left, above, corner));
        if (fresh != above) {
            change_narrow(r, above, fresh, 1);
            row[i] = fresh;
        }
        corner = above;
        left = fresh;
        i++;
    }
    r->is_same = left == corner;
    r->corner = corner;
}

static void average_narrow(Rows *r, size_t i, byte value, size_t n)
{
    byte *row = r->row;
    for (const size_t end = i + n; i < end; i++) {
        const byte left = *(row + i - 1), above = row[i];
        if (value == 0 && above == left) { /* and so are all that are equal */
            i += equal_bytes(row + i, end - i, left) - 1;
            continue;
        }
        const byte fresh = (byte)(value + predict(AVERAGE, left, above, 0));
        if (fresh != above) {
            change_narrow(r, above, fresh, 1);
            row[i] = fresh;
        }
    }
}

/* `n` filtered bytes `value` from byte `i` of the row on. */
INLINE void add_narrow(Rows *r, int filter, size_t i, byte value, size_t n, size_t turn)
{
    switch (filter) {
    case NONE:
        r->counts[turn % 4][value] += (int64_t)n;
        break;
    case SUB:
        if (value == 0)
            r->counts[1][r->left] += (int64_t)n;
        else
            for (; n; n--)
                r->counts[0][r->left = (byte)(r->left + value)]++;
        break;
    case UP:
        if (value)
            up_narrow(r, i, value, n);
        break;
    case AVERAGE:
        average_narrow(r, i, value, n);
        break;
    default:
        if (value || !r->is_same)
            paeth_narrow(r, i, value, n);
    }
}

#endif
