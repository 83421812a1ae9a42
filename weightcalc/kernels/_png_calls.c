/* The fast path for PNG as Python calls it: a file in memory, a file by its path, or several. */

#define _POSIX_C_SOURCE 200809L
#include "_png_calls.h"

#include <stdatomic.h>
#include <time.h>

#include "_mask_sums.h"

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

PyObject *count_png_bytes(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_buffer data;
    Limits limits;
    if (!PyArg_ParseTuple(args, "y*O&O&", &data, to_limit, &limits.pixels, to_limit, &limits.bytes))
        return NULL;
    PyObject *result = count_plain(NULL, &data, limits);
    PyBuffer_Release(&data);
    return result;
}

PyObject *count_png_file_at(PyObject *Py_UNUSED(module), PyObject *args)
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

/* Bounds of one call, after which the caller can show how far it has come, or be ended. */
enum { MOST_FILES = 256, MOST_MILLISECONDS = 50 };

static int64_t milliseconds(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) ? 0 : now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The path at a place of a sequence, as bytes; NULL if there is none, or no file can have it. */
static PyObject *path_at(PyObject *paths, Py_ssize_t place)
{
    PyObject *path = NULL, *name = PySequence_GetItem(paths, place);
    const int is_there = name ? !PyUnicode_Check(name) || PyUnicode_FSConverter(name, &path) : 0;
    if (!is_there &&
        (PyErr_ExceptionMatches(PyExc_IndexError) || PyErr_ExceptionMatches(PyExc_ValueError)))
        PyErr_Clear();
    Py_XDECREF(name);
    return path;
}

/* Bytes of the folder in a path, with the slash that ends it. */
static size_t folder_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

/* Whether a path is that of a local PNG file, in the same folder as another one. */
static int is_png_beside(const char *path, const char *other)
{
    const size_t size = strlen(path), folder = folder_size(path);
    return size >= 4 && !strcmp(path + size - 4, ".png") && !strstr(path, "://") &&
           folder == folder_size(other) && !memcmp(path, other, folder);
}

/* Adds up files from a place on, until one is left to the others. If that one was counted, and
 * cannot be added, `*last` becomes what it was counted as. An exception is left for the caller. */
static void add_files(MaskSums *sums, Png *png, PyObject *paths, Py_ssize_t place,
                      const byte *roles, Limits limits, PyObject **last)
{
    const int64_t end = milliseconds() + MOST_MILLISECONDS;
    PyObject *first = path_at(paths, place), *path = Py_XNewRef(first);
    while (path && is_png_beside(PyBytes_AsString(path), PyBytes_AsString(first))) {
        const char *name = PyBytes_AsString(path);
        int is_counted;
        Py_BEGIN_ALLOW_THREADS
        is_counted = count_png_file(png, name, limits);
        Py_END_ALLOW_THREADS
        const int is_added = is_counted && add_mask(sums, png, roles);
        if (!is_added)
            *last = result_of(png, is_counted);
        close_png(png);
        Py_CLEAR(path);
        if (is_added && sums->masks < MOST_FILES && milliseconds() < end)
            path = path_at(paths, ++place);
    }
    Py_XDECREF(path);
    Py_XDECREF(first);
}

/* Value to pixels, masks, their pixels, and those of them that are not ignored. */
static PyObject *values_of(const MaskSums *sums)
{
    PyObject *values = PyDict_New();
    int failed = values == NULL;
    for (unsigned v = 0; !failed && v < 256; v++) {
        const ValueSums *s = &sums->values[v];
        if (!s->masks)
            continue;
        PyObject *key = PyLong_FromUnsignedLong(v);
        PyObject *numbers = Py_BuildValue("LLLL", s->pixels, s->masks, s->mask_pixels,
                                          s->labelled_mask_pixels);
        failed = key && numbers ? PyDict_SetItem(values, key, numbers) : -1;
        Py_XDECREF(key);
        Py_XDECREF(numbers);
    }
    if (failed)
        Py_CLEAR(values);
    return values;
}

static PyObject *count_several(PyObject *paths, Py_ssize_t place, const byte *roles, Limits limits)
{
    MaskSums sums;
    Png *png = take_png();
    PyObject *last = NULL;
    if (!png)
        return PyErr_NoMemory();
    memset(&sums, 0, sizeof sums);
    add_files(&sums, png, paths, place, roles, limits, &last);
    give_back(png);
    PyObject *values = PyErr_Occurred() ? NULL : values_of(&sums);
    if (values)
        return Py_BuildValue("LLLNN", sums.masks, sums.pixels, sums.ignored, values,
                             last ? last : Py_NewRef(Py_None));
    Py_XDECREF(last);
    return NULL;
}

PyObject *count_png_files(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *paths, *result = NULL;
    Py_ssize_t place;
    Py_buffer roles;
    Limits limits;
    if (!PyArg_ParseTuple(args, "Ony*O&O&", &paths, &place, &roles, to_limit, &limits.pixels,
                          to_limit, &limits.bytes))
        return NULL;
    if (place >= 0 && roles.len == 256)
        result = count_several(paths, place, roles.buf, limits);
    else
        PyErr_SetString(PyExc_ValueError, "sizes do not fit");
    PyBuffer_Release(&roles);
    return result;
}
