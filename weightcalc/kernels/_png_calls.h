/* The functions of `_kernels` that count PNG files; see `fast_png.py`. */

#ifndef WEIGHTCALC_PNG_CALLS_H
#define WEIGHTCALC_PNG_CALLS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *count_png_bytes(PyObject *module, PyObject *args);
PyObject *count_png_file_at(PyObject *module, PyObject *args);
PyObject *count_png_files(PyObject *module, PyObject *args);

#endif
