/* What Python calls: counters.py, fast_png.py and segments.py check and interpret what goes in and
 * out; here sizes alone are checked. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>

#include "_checksums.h"
#include "_codes.h"
#include "_differences.h"
#include "_lzw.h"
#include "_png_calls.h"
#include "_values.h"

uint64_t hash_multiplier;

/* 0, or -1 and an exception. */
static int draw_multiplier(void)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *drawn = os ? PyObject_CallMethod(os, "urandom", "i", 8) : NULL;
    const char *bytes = drawn ? PyBytes_AsString(drawn) : NULL;
    if (bytes)
        memcpy(&hash_multiplier, bytes, 8);
    hash_multiplier |= 1;
    Py_XDECREF(drawn);
    Py_XDECREF(os);
    return bytes ? 0 : -1;
}

/* counts[pattern] += number */
static int add_item(PyObject *counts, const Entry *entry)
{
    PyObject *key = PyLong_FromUnsignedLongLong(entry->pattern);
    PyObject *number = PyLong_FromLongLong(entry->number - BIAS);
    PyObject *old = key && number ? PyDict_GetItemWithError(counts, key) : NULL;
    PyObject *sum = old ? PyNumber_Add(old, number) : Py_XNewRef(number);
    int failed = key && sum ? PyDict_SetItem(counts, key, sum) : -1;
    Py_XDECREF(key);
    Py_XDECREF(number);
    Py_XDECREF(sum);
    return failed;
}

/* Where numbers go: a table of int64 for widths 1 and 2, a dict for the others. */
typedef struct {
    Sums sums;
    PyObject *dict;
    Py_buffer table;
    int64_t tables[8][256];
} Target;

/* Whether it fits the width; if so, it must be closed. */
static int open_target(Target *target, PyObject *numbers, Py_ssize_t width)
{
    memset(target, 0, sizeof *target);
    if (PyDict_Check(numbers)) {
        target->dict = numbers;
        target->sums.bits = 4;
        if (width != 3 && width != 4 && width != 6 && width != 8)
            return 0;
        return enlarge(&target->sums) || (PyErr_NoMemory(), 0);
    }
    if ((width != 1 && width != 2) || PyObject_GetBuffer(numbers, &target->table, PyBUF_WRITABLE))
        return 0;
    if (target->table.len == (Py_ssize_t)8 << 8 * width && (uintptr_t)target->table.buf % 8 == 0) {
        target->sums.counts = width == 1 ? target->tables[0] : target->table.buf;
        return 1;
    }
    PyBuffer_Release(&target->table);
    return 0;
}

/* 0, or -1 and an exception. */
static int close_target(Target *target)
{
    Sums *sums = &target->sums;
    int failed = 0;
    if (target->dict) {
        if (!sums->entries) {
            PyErr_NoMemory();
            return -1;
        }
        const size_t used = sort_entries(sums);
        for (size_t k = 0; !failed && k < used; k++)
            failed = sums->entries[k].number > BIAS && add_item(target->dict, &sums->entries[k]);
        free(sums->entries);
    } else {
        int64_t *counts = target->table.buf;
        for (int v = 0; v < 256; v++)
            for (int table = 0; table < 8; table++)
                counts[v] += target->tables[table][v];
        PyBuffer_Release(&target->table);
    }
    return failed ? -1 : 0;
}

static PyObject *refuse(void)
{
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "sizes do not fit");
    return NULL;
}

static PyObject *count_values(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer values;
    Py_ssize_t width;
    PyObject *numbers, *result = NULL;
    Target target;
    if (!PyArg_ParseTuple(args, "y*nO", &values, &width, &numbers))
        return NULL;
    if (width > 0 && values.len % width == 0 && open_target(&target, numbers, width)) {
        Py_BEGIN_ALLOW_THREADS
        add_values_of_width(&target.sums, values.buf, (const byte *)values.buf + values.len, width);
        Py_END_ALLOW_THREADS
        result = close_target(&target) ? NULL : Py_NewRef(Py_None);
    } else
        refuse();
    PyBuffer_Release(&values);
    return result;
}

static PyObject *count_rows(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer rows, above, last;
    Py_ssize_t width, bad = -1;
    PyObject *numbers, *found = NULL;
    Target target;
    if (!PyArg_ParseTuple(args, "y*nw*Oy*", &rows, &width, &above, &numbers, &last))
        return NULL;
    Py_ssize_t size = above.len, num = rows.len / (size + 1);
    int fits = size > 0 && width > 0 && size % width == 0 && rows.len == num * (size + 1);
    if (last.len)
        fits = fits && width == 1 && last.len == 2048 && !last.readonly &&
               (uintptr_t)last.buf % 8 == 0;
    if (fits && open_target(&target, numbers, width)) {
        Py_BEGIN_ALLOW_THREADS
        target.sums.last = last.len ? last.buf : NULL;
        Row row = {(byte *)rows.buf + 1, above.buf, (size_t)size};
        bad = add_rows_of_width(&target.sums, row, num, width);
        Py_END_ALLOW_THREADS
        found = close_target(&target) ? NULL : PyLong_FromSsize_t(bad);
    } else
        refuse();
    PyBuffer_Release(&rows);
    PyBuffer_Release(&above);
    PyBuffer_Release(&last);
    return found;
}

/* The bytes, and the code without meaning that ended them, or -1. */
static PyObject *unpack_lzw(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer data;
    Py_ssize_t size;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*n", &data, &size))
        return NULL;
    PyObject *whole = size < 0 ? refuse() : PyBytes_FromStringAndSize(NULL, size);
    if (whole) {
        char *bytes = PyBytes_AsString(whole);
        size_t done;
        int wrong;
        Py_BEGIN_ALLOW_THREADS
        done = decode_lzw(data.buf, (size_t)data.len, (byte *)bytes, (size_t)size, &wrong);
        Py_END_ALLOW_THREADS
        result = done == (size_t)size ? Py_BuildValue("Oi", whole, wrong)
                                      : Py_BuildValue("y#i", bytes, (Py_ssize_t)done, wrong);
        Py_DECREF(whole);
    }
    PyBuffer_Release(&data);
    return result;
}

/* Whether rows of `size` bytes are whole numbers of pixels. */
static int are_rows(const Py_buffer *rows, Py_ssize_t size, Py_ssize_t width, Py_ssize_t samples)
{
    return (width == 1 || width == 2 || width == 4 || width == 8) && samples > 0 && size > 0 &&
           samples <= size / width && size % (samples * width) == 0 && rows->len % size == 0;
}

static PyObject *add_up_pixels(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer rows;
    Py_ssize_t size, width, samples;
    int is_big;
    if (!PyArg_ParseTuple(args, "y*nnnp", &rows, &size, &width, &samples, &is_big))
        return NULL;
    PyObject *sums = are_rows(&rows, size, width, samples)
                         ? PyBytes_FromStringAndSize(NULL, rows.len)
                         : refuse();
    if (sums) {
        const Differences differences = {rows.buf, (byte *)PyBytes_AsString(sums),
                                         (size_t)(rows.len / size), (size_t)size,
                                         (size_t)(samples * width)};
        Py_BEGIN_ALLOW_THREADS
        add_up_rows_of_width(differences, width, is_big);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&rows);
    return sums;
}

static PyMethodDef methods[] = {
    {"count_values", count_values, METH_VARARGS, "Add up values of 1, 2, 3, 4, 6 or 8 bytes."},
    {"count_rows", count_rows, METH_VARARGS, "Undo the filters of PNG rows, and add up pixels."},
    {"count_png", count_png_bytes, METH_VARARGS, "Count a plain PNG file in memory, or None."},
    {"count_png_file", count_png_file_at, METH_VARARGS, "Read and count a plain PNG file, or None."},
    {"count_png_files", count_png_files, METH_VARARGS, "Read and add up plain grey PNG files."},
    {"unpack_lzw", unpack_lzw, METH_VARARGS, "The bytes of LZW, and a code without meaning or -1."},
    {"add_up_pixels", add_up_pixels, METH_VARARGS, "Add to each pixel of rows the one before it."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_kernels", NULL, 0, methods, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernels(void)
{
    prepare_crc32();
    prepare_codes();
    if (draw_multiplier())
        return NULL;
    return PyModuleDef_Init(&module);
}
