/* What Python calls: counters.py, fast_png.py and segments.py check and interpret what goes in and
 * out; here sizes alone are checked. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "_differences.h"
#include "_lzw.h"
#include "_png.h"
#include "_together.h"
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

/* Memory of calls that are over: what a call works with is large, and to be used again. */
enum { MOST_IDLE = 8 };
static _Atomic(Png *) idle[MOST_IDLE];

static Png *take_png(void)
{
    for (int k = 0; k < MOST_IDLE; k++) {
        Png *png = atomic_exchange(&idle[k], NULL);
        if (png)
            return png;
    }
    return calloc(1, sizeof(Png));
}

static void give_back(Png *png)
{
    for (int k = 0; png && k < MOST_IDLE; k++)
        png = atomic_exchange(&idle[k], png);
    free_png(png);
}

/* counts[value] = number */
static int set_count(PyObject *counts, uint64_t value, int64_t number)
{
    PyObject *key = PyLong_FromUnsignedLongLong(value), *count = PyLong_FromLongLong(number);
    const int failed = key && count ? PyDict_SetItem(counts, key, count) : -1;
    Py_XDECREF(key);
    Py_XDECREF(count);
    return failed;
}

/* Value to pixels; NULL and an exception if there is no memory. */
static PyObject *counts_of(Png *png)
{
    Sums *sums = &png->rows.sums;
    const size_t used = sums->entries ? sort_entries(sums) : 0;
    PyObject *counts = PyDict_New();
    int failed = counts == NULL;
    for (unsigned k = 0; !failed && !sums->entries && k < png->num_values; k++)
        failed = set_count(counts, png->values[k], png->counts[png->values[k]]);
    for (size_t k = 0; !failed && k < used; k++)
        if (sums->entries[k].number > BIAS)
            failed = set_count(counts, value_of(png, sums->entries[k].pattern),
                               sums->entries[k].number - BIAS);
    if (failed)
        Py_CLEAR(counts);
    return counts;
}

/* What was counted as a tuple; None if nothing was. */
static PyObject *result_of(Png *png, int is_counted)
{
    if (!is_counted)
        return Py_NewRef(Py_None);
    PyObject *counts = counts_of(png);
    if (!counts)
        return NULL;
    return Py_BuildValue("IIIIy#N", png->width, png->height, png->depth, png->color,
                         png->palette ? (const char *)png->palette : "",
                         (Py_ssize_t)png->palette_size, counts);
}

static PyObject *count_plain(const char *path, const Py_buffer *data, Limits limits)
{
    Png *png = take_png();
    int is_counted = 0;
    if (!png)
        return Py_NewRef(Py_None);
    Py_BEGIN_ALLOW_THREADS
    is_counted = path ? count_png_file(png, path, limits)
                      : count_png(png, data->buf, (size_t)data->len, limits);
    Py_END_ALLOW_THREADS
    PyObject *result = result_of(png, is_counted);
    close_png(png);
    give_back(png);
    return result;
}

/* A limit; none is above what fits. */
static int to_limit(PyObject *number, void *limit)
{
    int overflow;
    const long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    *(uint64_t *)limit = overflow > 0 ? INT64_MAX : value < 0 ? 0 : (uint64_t)value;
    return !PyErr_Occurred();
}

static PyObject *count_png_bytes(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer data;
    Limits limits;
    if (!PyArg_ParseTuple(args, "y*O&O&", &data, to_limit, &limits.pixels, to_limit, &limits.bytes))
        return NULL;
    PyObject *result = count_plain(NULL, &data, limits);
    PyBuffer_Release(&data);
    return result;
}

static PyObject *count_png_at(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *name, *path;
    Limits limits;
    if (!PyArg_ParseTuple(args, "UO&O&", &name, to_limit, &limits.pixels, to_limit, &limits.bytes))
        return NULL;
    if (!PyUnicode_FSConverter(name, &path)) {
        PyErr_Clear(); /* no file can have such a name, which the careful path says */
        return Py_NewRef(Py_None);
    }
    PyObject *result = count_plain(PyBytes_AsString(path), NULL, limits);
    Py_DECREF(path);
    return result;
}

/* Bounds of what is done in one call, before somebody sees how far it has come, or ends it. */
enum { MOST_TOGETHER = 256, MOST_PIXELS_TOGETHER = 1 << 28 };

/* Whether a path is that of a local PNG file in a folder, which ends in a slash or is empty. */
static int is_png_in(const char *path, const char *folder, size_t folder_size)
{
    const size_t size = strlen(path);
    return size > folder_size + 4 && !strncmp(path, folder, folder_size) &&
           !strchr(path + folder_size, '/') && !strcmp(path + size - 4, ".png") &&
           !strstr(path, "://");
}

/* Whether the mask of a path was counted, and added. */
static int add_png_at(Together *together, Png *png, const char *path, const byte *roles,
                      Limits limits)
{
    int is_counted;
    Py_BEGIN_ALLOW_THREADS
    is_counted = count_png_file(png, path, limits);
    Py_END_ALLOW_THREADS
    const int is_added = is_counted && add_mask(together, png, roles);
    close_png(png);
    return is_added;
}

/* The path at a place of a sequence, as bytes; NULL if there is none. */
static PyObject *path_at(PyObject *paths, Py_ssize_t place)
{
    PyObject *path = NULL, *name = PySequence_GetItem(paths, place);
    if (!name || !PyUnicode_Check(name) || !PyUnicode_FSConverter(name, &path))
        PyErr_Clear();
    Py_XDECREF(name);
    return path;
}

/* Adds the masks that follow one in its folder, until one cannot be added. */
static void add_following(Together *together, PyObject *paths, Py_ssize_t place, const byte *roles,
                          Limits limits)
{
    PyObject *first = path_at(paths, place);
    Png *png = first ? take_png() : NULL;
    const char *folder = first ? PyBytes_AsString(first) : "";
    const char *slash = strrchr(folder, '/');
    const size_t folder_size = slash ? (size_t)(slash + 1 - folder) : 0;
    int is_added = png != NULL;
    while (is_added && together->masks < MOST_TOGETHER && together->pixels < MOST_PIXELS_TOGETHER) {
        PyObject *next = path_at(paths, ++place);
        const char *path = next ? PyBytes_AsString(next) : "";
        is_added = is_png_in(path, folder, folder_size) &&
                   add_png_at(together, png, path, roles, limits);
        Py_XDECREF(next);
    }
    give_back(png);
    Py_XDECREF(first);
}

/* Value to pixels, masks, their pixels, and those of them that are not ignored. */
static PyObject *sums_of(const Together *together)
{
    PyObject *values = PyDict_New();
    int failed = values == NULL;
    for (unsigned v = 0; !failed && v < 256; v++) {
        const ValueSums *s = &together->values[v];
        if (!s->masks)
            continue;
        PyObject *key = PyLong_FromUnsignedLong(v);
        PyObject *sums = Py_BuildValue("LLLL", s->pixels, s->masks, s->mask_pixels,
                                       s->labelled_mask_pixels);
        failed = key && sums ? PyDict_SetItem(values, key, sums) : -1;
        Py_XDECREF(key);
        Py_XDECREF(sums);
    }
    if (failed)
        Py_CLEAR(values);
    return values;
}

static PyObject *count_png_files_after(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *paths;
    Py_ssize_t place;
    Py_buffer roles;
    Limits limits;
    Together together;
    if (!PyArg_ParseTuple(args, "Ony*O&O&", &paths, &place, &roles, to_limit,
                          &limits.pixels, to_limit, &limits.bytes))
        return NULL;
    memset(&together, 0, sizeof together);
    PyObject *values = NULL;
    if (roles.len == 256) {
        add_following(&together, paths, place, roles.buf, limits);
        values = sums_of(&together);
    } else
        refuse();
    PyBuffer_Release(&roles);
    if (!values)
        return NULL;
    return Py_BuildValue("LLLN", together.masks, together.pixels, together.ignored, values);
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
    {"count_png_file", count_png_at, METH_VARARGS, "Read and count a plain PNG file, or None."},
    {"count_png_files_after", count_png_files_after, METH_VARARGS, "Add up what follows a mask."},
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
