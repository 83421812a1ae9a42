/* The loops over pixels of kernels.py, which checks and interprets what goes in and out; here
 * sizes alone are checked. Masks are long runs, of which a PNG filter leaves zeros: words of 8
 * bytes are looked at first, single values only where a word holds something new. Loops are
 * inline, so that the compiler makes a copy for each width, step and filter. */

#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
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

INLINE int are_zeros(const byte *p)
{
    return (load(p, 8) | load(p + 8, 8)) == 0;
}

/* Row filters: https://www.w3.org/TR/png-3/#9Filters */
enum { NONE, SUB, UP, AVERAGE, PAETH };

typedef struct {
    const byte *in, *above; /* without filter types */
    byte *out;
    size_t size;
    size_t step; /* bytes of a pixel */
} Row;

/* A word full of one pixel, from its first byte on. */
INLINE uint64_t repeat(uint64_t pixel, size_t step)
{
    for (size_t bytes = step; bytes < 8; bytes *= 2)
        pixel |= pixel << 8 * bytes;
    return pixel;
}

/* How such a word goes on: 8 bytes need not be whole pixels. */
INLINE uint64_t next_word(uint64_t repeated, size_t step)
{
    const size_t turn = 8 % step;
    return turn ? repeated >> 8 * turn | repeated << 8 * (step - turn) : repeated;
}

/* Sums of bytes that do not carry into each other. */
INLINE uint64_t add_bytes(uint64_t a, uint64_t b)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
    return ((a & low) + (b & low)) ^ ((a ^ b) & ~low);
}

INLINE void undo_up(Row row)
{
    for (size_t i = 0; i < row.size; i++)
        row.out[i] = (byte)(row.in[i] + row.above[i]);
}

/* Starts after the first pixel; returns where less than a word is left. So do the next two. */
INLINE size_t undo_sub(Row row, size_t i)
{
    uint64_t left = repeat(load(row.in, row.step), row.step);
    for (; i + 8 <= row.size; i += 8) {
        for (; i + 24 <= row.size && are_zeros(row.in + i); i += 16) {
            memcpy(row.out + i, &left, 8);
            left = next_word(left, row.step);
            memcpy(row.out + i + 8, &left, 8);
            left = next_word(left, row.step);
        }
        uint64_t word = load(row.in + i, 8);
        for (size_t bytes = row.step; bytes < 8; bytes *= 2)
            word = add_bytes(word, word << 8 * bytes);
        word = add_bytes(word, left);
        memcpy(row.out + i, &word, 8);
        left = repeat(word >> (64 - 8 * row.step), row.step);
    }
    return i;
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
    return filter == SUB ? left
           : filter == AVERAGE ? (left + above) / 2 : paeth(left, above, corner);
}

/* Pixel by pixel; Paeth only until a pixel equals the one above it. */
INLINE size_t undo_pixels(int filter, Row row, size_t i)
{
    const size_t step = row.step, bytes = step >= 4 ? step : step == 3 ? 6 : 4; /* whole pixels */
    byte left[8]; /* not read from `out`: wide loads of bytes just written stall */
    int differs = 1;
    memcpy(left, row.out + i - step, step);
    while (i + 8 <= row.size && differs) {
        const byte *above = row.above + i, *corner = above - step;
        for (size_t k = 0; k < bytes; k++) {
            int predicted = predict(filter, left[k % step], above[k], corner[k]);
            row.out[i + k] = left[k % step] = (byte)(row.in[i + k] + predicted);
        }
        i += bytes;
        differs = filter == AVERAGE;
        for (size_t k = 0; k < step; k++)
            differs |= left[k] ^ (corner + bytes)[k];
    }
    return i;
}

/* Where left equals corner, as in most of a mask, zeros stand for a copy of what is above. */
INLINE size_t undo_paeth(Row row, size_t i)
{
    while (i + 8 <= row.size) {
        if (memcmp(row.out + i - row.step, row.above + i - row.step, row.step) == 0) {
            for (; i + 24 <= row.size && are_zeros(row.in + i); i += 16)
                memcpy(row.out + i, row.above + i, 16);
            for (uint64_t word = 0; word == 0 && i + 8 <= row.size;) {
                word = load(row.in + i, 8);
                memcpy(row.out + i, row.above + i, 8);
                i += word ? (size_t)__builtin_ctzll(word) / 8 : 8;
            }
        }
        i = undo_pixels(PAETH, row, i);
    }
    return i;
}

INLINE void undo_row(int filter, Row row)
{
    size_t i = 0;
    for (; i < row.size && i < row.step; i++)
        row.out[i] = (byte)(row.in[i] + predict(filter, 0, row.above[i], 0));
    if (row.step <= 8 && row.size >= row.step + 8)
        i = filter == SUB ? undo_sub(row, i)
            : filter == PAETH ? undo_paeth(row, i) : undo_pixels(AVERAGE, row, i);
    for (; i < row.size; i++) {
        int left = row.out[i - row.step], corner = row.above[i - row.step];
        row.out[i] = (byte)(row.in[i] + predict(filter, left, row.above[i], corner));
    }
}

/* `row` is the first one; returns the index of the first of a filter type above 4, or -1. */
INLINE Py_ssize_t undo_rows(Row row, Py_ssize_t num, size_t step)
{
    row.step = step;
    for (Py_ssize_t y = 0; y < num; y++) {
        switch (row.in[-1]) {
        case NONE: memcpy(row.out, row.in, row.size); break;
        case SUB: undo_row(SUB, row); break;
        case UP: undo_up(row); break;
        case AVERAGE: undo_row(AVERAGE, row); break;
        case PAETH: undo_row(PAETH, row); break;
        default: return y;
        }
        row.in += row.size + 1;
        row.above = row.out;
        row.out += row.size;
    }
    return -1;
}

static Py_ssize_t undo_rows_of_step(Row row, Py_ssize_t num)
{
    switch (row.step) {
    case 1: return undo_rows(row, num, 1);
    case 2: return undo_rows(row, num, 2);
    case 3: return undo_rows(row, num, 3);
    case 4: return undo_rows(row, num, 4);
    case 6: return undo_rows(row, num, 6);
    case 8: return undo_rows(row, num, 8);
    default: return undo_rows(row, num, row.step);
    }
}

/* Counting: a table for widths 1 and 2, a hash table for the others. */
enum { MOST_BLOCKS = 128, MOST_NEW = 4 * MOST_BLOCKS + 4 }; /* blocks and values in one go */

typedef struct {
    uint64_t pattern;
    int64_t number; /* 0: free */
} Entry;

typedef struct {
    int64_t *counts;
    Entry *entries; /* 2**bits of them, at most half of them used; NULL if there is no memory */
    size_t used;
    int bits;
} Sums;

static Entry *find(const Sums *sums, uint64_t pattern)
{
    size_t k = (size_t)(pattern * 0x9E3779B97F4A7C15u >> (64 - sums->bits));
    while (sums->entries[k].number && sums->entries[k].pattern != pattern)
        k = (k + 1) & (((size_t)1 << sums->bits) - 1);
    return &sums->entries[k];
}

static Entry *enlarge(Sums *sums)
{
    Sums larger = {.used = sums->used, .bits = sums->bits + 2};
    larger.entries = calloc((size_t)1 << larger.bits, sizeof(Entry));
    for (size_t k = 0; sums->entries && larger.entries && k < (size_t)1 << sums->bits; k++)
        if (sums->entries[k].number)
            *find(&larger, sums->entries[k].pattern) = sums->entries[k];
    free(sums->entries);
    *sums = larger;
    return sums->entries;
}

INLINE void add(Sums *sums, const byte *p, size_t width, size_t table, size_t number)
{
    uint64_t pattern = load(p, width);
    if (width <= 2) {
        sums->counts[(table << 8 * width) + pattern] += (int64_t)number;
        return;
    }
    Entry *entry = find(sums, pattern);
    sums->used += entry->number == 0;
    entry->pattern = pattern;
    entry->number += (int64_t)number;
}

/* In turn to 8 tables: neighbours are often equal, and in one table would wait for each other. */
INLINE void add_values(Sums *sums, const byte *p, size_t width, size_t num)
{
    for (size_t k = 0; k < num; k++)
        add(sums, p + k * width, width, width == 1 ? k % 8 : 0, 1);
}

/* The blocks in which a value differs from the one before it. Without a branch: where runs end
 * cannot be foreseen, and a wrong guess costs more than to look. */
INLINE size_t list_mixed(const byte *p, size_t num, size_t block, size_t width, uint16_t *mixed)
{
    size_t found = 0;
#pragma GCC unroll 4
    for (size_t b = 0; b < num; b++, p += block) {
        const byte *tail = p + block - 8;
        uint64_t news = (load(p, 8) ^ load(p - width, 8)) | (load(tail, 8) ^ load(tail - width, 8));
        mixed[found] = (uint16_t)b;
        found += news != 0;
    }
    return found;
}

INLINE void add_all(Sums *sums, const byte *p, const byte *end, size_t width)
{
    const size_t block = width % 3 ? 8 : 12; /* whole values */
    uint16_t mixed[MOST_BLOCKS];
    add_values(sums, p, width, 1);
    p += width;
    while ((size_t)(end - p) >= block) {
        size_t num = (size_t)(end - p) / block;
        num = num < MOST_BLOCKS ? num : MOST_BLOCKS;
        size_t num_mixed = list_mixed(p, num, block, width, mixed);
        const byte *run = p;
        for (size_t k = 0; k < num_mixed; k++) {
            const byte *at = p + mixed[k] * block;
            add(sums, run - width, width, 0, (size_t)(at - run) / width);
            add_values(sums, at, width, block / width);
            run = at + block;
        }
        p += num * block;
        add(sums, run - width, width, 0, (size_t)(p - run) / width);
        if (width > 2 && sums->used + MOST_NEW > (size_t)1 << (sums->bits - 1) && !enlarge(sums))
            return;
    }
    add_values(sums, p, width, (size_t)(end - p) / width);
}

static void add_buffer(Sums *sums, const Py_buffer *values, Py_ssize_t width)
{
    const byte *p = values->buf, *end = p + values->len;
    switch (values->len ? width : 0) {
    case 1: add_all(sums, p, end, 1); break;
    case 2: add_all(sums, p, end, 2); break;
    case 3: add_all(sums, p, end, 3); break;
    case 4: add_all(sums, p, end, 4); break;
    case 6: add_all(sums, p, end, 6); break;
    case 8: add_all(sums, p, end, 8); break;
    }
}

static PyObject *count_small(PyObject *Py_UNUSED(module), PyObject *args)
{
    int64_t tables[8][256] = {{0}};
    Py_buffer values, counts;
    Py_ssize_t width;
    if (!PyArg_ParseTuple(args, "y*nw*", &values, &width, &counts))
        return NULL;
    int fits = (width == 1 || width == 2) && values.len % width == 0 &&
               counts.len == (Py_ssize_t)8 << 8 * width && (uintptr_t)counts.buf % 8 == 0;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        int64_t *sums = counts.buf;
        add_buffer(&(Sums){.counts = width == 1 ? tables[0] : sums}, &values, width);
        for (int v = 0; v < 256; v++)
            for (int table = 0; table < 8; table++)
                sums[v] += tables[table][v];
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&counts);
    return fits ? Py_NewRef(Py_None) : PyErr_Format(PyExc_ValueError, "sizes do not fit");
}

/* counts[pattern] += number */
static int add_item(PyObject *counts, const Entry *entry)
{
    PyObject *key = PyLong_FromUnsignedLongLong(entry->pattern);
    PyObject *number = PyLong_FromLongLong(entry->number);
    PyObject *old = key && number ? PyDict_GetItemWithError(counts, key) : NULL;
    PyObject *sum = old ? PyNumber_Add(old, number) : Py_XNewRef(number);
    int failed = key && sum ? PyDict_SetItem(counts, key, sum) : -1;
    Py_XDECREF(key);
    Py_XDECREF(number);
    Py_XDECREF(sum);
    return failed;
}

static PyObject *count_large(PyObject *Py_UNUSED(module), PyObject *args)
{
    Sums sums = {.bits = 9};
    PyObject *counts;
    Py_buffer values;
    Py_ssize_t width;
    if (!PyArg_ParseTuple(args, "y*nO!", &values, &width, &PyDict_Type, &counts))
        return NULL;
    int fits = (width == 3 || width == 4 || width == 6 || width == 8) && values.len % width == 0;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        if (enlarge(&sums))
            add_buffer(&sums, &values, width);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&values);
    if (!fits || !sums.entries)
        return fits ? PyErr_NoMemory() : PyErr_Format(PyExc_ValueError, "sizes do not fit");
    int failed = 0;
    for (size_t k = 0; !failed && k < (size_t)1 << sums.bits; k++)
        failed = sums.entries[k].number && add_item(counts, &sums.entries[k]);
    free(sums.entries);
    return failed ? NULL : Py_NewRef(Py_None);
}

static PyObject *undo_filters(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer rows, above, out;
    Py_ssize_t size, step, bad = -1;
    if (!PyArg_ParseTuple(args, "y*nnw*w*", &rows, &size, &step, &above, &out))
        return NULL;
    Py_ssize_t num = size > 0 && size == above.len ? rows.len / (size + 1) : -1;
    int fits = step > 0 && num >= 0 && rows.len == num * (size + 1) && out.len == num * size;
    if (fits && num) {
        Py_BEGIN_ALLOW_THREADS
        Row row = {(byte *)rows.buf + 1, above.buf, out.buf, (size_t)size, (size_t)step};
        bad = undo_rows_of_step(row, num);
        memcpy(above.buf, (byte *)out.buf + out.len - size, (size_t)size);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&rows);
    PyBuffer_Release(&above);
    PyBuffer_Release(&out);
    return fits ? PyLong_FromSsize_t(bad) : PyErr_Format(PyExc_ValueError, "sizes do not fit");
}

static PyMethodDef methods[] = {
    {"count_small", count_small, METH_VARARGS, "Add up values of 1 or 2 bytes."},
    {"count_large", count_large, METH_VARARGS, "Add up values of 3, 4, 6 or 8 bytes."},
    {"undo_filters", undo_filters, METH_VARARGS, "Undo the filters of PNG rows."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_kernels", NULL, 0, methods, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernels(void)
{
    return PyModuleDef_Init(&module);
}
