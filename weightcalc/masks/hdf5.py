"""
Counts an array of an HDF5 file, or of a MATLAB 7.3 file, which is one, in its chunks.

No other file is opened for it: links to other files are not followed, and arrays whose pixels
are in other files, or compressed by a plug-in, are refused before h5py reads any of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np

from ..errors import (
    DamagedError,
    LimitError,
    MissingExtraError,
    ShapeError,
    UnsupportedError,
)
from ..files.limits import MOST_ARRAYS
from ..sources.guard import Foreign, third_party
from ..sources.opening import is_quick_to_seek, spooled
from ..text.escape import printable
from .arrays import Header, boxes
from .chunked import Box, Chunked, count_chunked
from .containers import Entry, chosen, parts_of
from .inflation import is_larger
from .options import ReadOptions
from .value_counts import ValueCounts

_DEFLATE, _LZF = 1, 32000
_FILTERS = {_DEFLATE, 2, 3, 5, _LZF}  # shuffle, Fletcher32 and N-bit too: h5py has them built in
_NAMES = {4: "SZIP", 6: "scale-offset, which may be lossy", 32001: "Blosc", 32015: "Zstandard"}
_RATIOS = {_DEFLATE: 1032, _LZF: 88}  # of decoded to stored bytes, at most
_LARGE = 1 << 28  # bytes that a chunk may decode to unasked
_PIECE = 1 << 20


def read_hdf5(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count one array, the only one or that of ``options.array``, as `read_npy` counts those of .npy.

    Raises
    ------
    MissingExtraError
        If h5py is not installed.
    DecodeError
        If it is damaged, leads to other files, or its array is no mask.
    """
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError("reading HDF5 and MATLAB 7.3 masks", "hdf5") from error
    with ExitStack() as stack:
        if not is_quick_to_seek(file):
            file = stack.enter_context(spooled(file, options.max_bytes))
        with third_party("h5py"):
            root = stack.enter_context(h5py.File(file, "r"))
        node, path = _find(h5py, root, options.array)
        if not isinstance(node, h5py.Dataset):
            path = chosen(_entries(h5py, node, path), None)
            node, path = _find(h5py, root, path)
        yield from count_chunked(_opened(h5py, node, path), options)


def _find(h5py: Foreign, root: Foreign, path: str | None) -> tuple[Foreign, str]:
    """The group or array of a path, and the path; each part of it is looked at before it is opened."""
    node, done = root, ""
    for part in parts_of(path or ""):
        link = None
        if isinstance(node, h5py.Group):
            with third_party("h5py"):
                link = node.get(part, getlink=True)
        if link is None:
            chosen(_entries(h5py, root, ""), path)  # which says what there is
            raise UnsupportedError(f"it holds no array called {printable(path or '')}")
        done = f"{done}/{part}".lstrip("/")
        _check_link(h5py, link, done)
        with third_party("h5py"):
            node = node[part]
    return node, done


def _check_link(h5py: Foreign, link: Foreign, path: str) -> None:
    if isinstance(link, h5py.ExternalLink):
        raise UnsupportedError(
            f"its {printable(path)} is a link to another file, {printable(str(link.filename))}, "
            "which is not followed"
        ).with_hint("name that file as a source")
    if isinstance(link, h5py.SoftLink):
        target = printable(str(link.path).strip("/"))
        raise UnsupportedError(f"its {printable(path)} is a link to {target}").with_hint(
            f"--array {target}"
        )


def _entries(h5py: Foreign, group: Foreign, path: str) -> list[Entry]:
    """The arrays below a group, each once, and the links to other files."""
    found: list[Entry] = []
    waiting, seen, num_objects = [(path, group)], set(), 0
    while waiting:
        path, node = waiting.pop()
        with third_party("h5py"):
            info = h5py.h5o.get_info(node.id)
            names = list(node) if isinstance(node, h5py.Group) else []
        if (info.fileno, info.addr) in seen:
            continue
        seen.add((info.fileno, info.addr))
        if isinstance(node, h5py.Dataset):
            found += _described(node, path)
        below = []
        for name in names:
            num_objects += 1
            if num_objects > MOST_ARRAYS:
                raise LimitError(f"it holds more than {MOST_ARRAYS} arrays and groups").with_hint(
                    "--array NAME says which of them is the mask"
                )
            inner = f"{path}/{name}".lstrip("/")
            with third_party("h5py"):
                link = node.get(name, getlink=True)
                if isinstance(link, h5py.HardLink) and not name.startswith("#"):  # of MATLAB
                    below.append((inner, node[name]))
            if isinstance(link, h5py.ExternalLink):
                found.append(Entry(inner, "(a link to another file)"))
        waiting += reversed(below)
    return found


def _described(dataset: Foreign, path: str) -> list[Entry]:
    """An array in words; no entry for what MATLAB keeps beside arrays, such as text."""
    with third_party("h5py"):
        kind = dataset.attrs.get("MATLAB_class", b"")
        problem = _elsewhere(dataset)
        what = f"({problem})" if problem else f"{dataset.shape} {dataset.dtype}"
    return [] if kind in (b"char", b"cell") else [Entry(path, what)]


def _elsewhere(dataset: Foreign) -> str:
    """What keeps the pixels of an array in other files; "" if they are in this one."""
    from h5py import h5d

    created = dataset.id.get_create_plist()
    if created.get_layout() == h5d.VIRTUAL:
        return "a virtual data set, whose pixels are in other files"
    if created.get_external_count():
        return "in external storage, which is another file"
    return ""


def _opened(h5py: Foreign, dataset: Foreign, path: str) -> Chunked:
    name = printable(path)
    with third_party("h5py"):
        problem = _elsewhere(dataset)
    if problem:
        raise UnsupportedError(f"its array {name} is {problem}").with_hint(
            "copy it into one file: h5repack, or h5py: new['mask'] = old['mask'][:]"
        )
    with third_party("h5py"):
        filters = _filters(dataset)
        shape, dtype, chunks = dataset.shape, dataset.dtype, dataset.chunks
        empty = shape is None or "MATLAB_empty" in dataset.attrs
    for code, said in filters:
        if code not in _FILTERS:
            raise UnsupportedError(
                f"its array {name} is compressed by {_NAMES.get(code, said)} (filter {code}), "
                "a plug-in that is not loaded"
            ).with_hint("h5repack -f GZIP=4 IN OUT turns it into what every program reads")
    codes = [code for code, _ in filters]
    if codes.count(_DEFLATE) + codes.count(_LZF) > 1:
        raise DamagedError(f"its array {name} is compressed twice")
    if empty:
        raise ShapeError(f"its array {name} has no pixels")
    header = Header(np.dtype(dtype), tuple(map(int, shape)), False)
    reader = _Reader(dataset, header, chunks, codes)
    return Chunked(header, chunks or (1,) * len(shape), reader.read, is_whole=chunks is None)


def _filters(dataset: Foreign) -> list[tuple[int, str]]:
    """Number and name of each filter of an array, in the order of writing."""
    created = dataset.id.get_create_plist()
    found = []
    for number in range(created.get_nfilters()):
        code, _, _, name = created.get_filter(number)
        found.append((int(code), printable(name.decode(errors="replace"))))
    return found


class _Reader:
    """Reads boxes of an array, each chunk of which must not decode to more than its pixels."""

    def __init__(
        self, dataset: Foreign, header: Header, chunks: tuple[int, ...] | None, filters: list[int]
    ) -> None:
        self._dataset = dataset
        self._header = header
        self._chunks = chunks
        self._filter = next((code for code in filters if code in _RATIOS), None)

    def read(self, box: Box) -> np.ndarray:
        """The values of a box."""
        if self._filter is not None:
            self._check_chunks(box)
        with third_party("h5py"):
            return np.asarray(self._dataset[box])

    def _check_chunks(self, box: Box) -> None:
        assert self._chunks is not None  # only chunks have filters
        size = math.prod(self._chunks) * self._header.dtype.itemsize
        begin = [s.start // length * length for s, length in zip(box, self._chunks, strict=True)]
        reach = [s.stop - start for s, start in zip(box, begin, strict=True)]
        for chunk in boxes(reach, self._chunks):
            first = tuple(start + s.start for start, s in zip(begin, chunk, strict=True))
            with third_party("h5py"):
                stored = self._dataset.id.get_chunk_info_by_coord(first).size or 0
            self._check_chunk(first, stored, size)

    def _check_chunk(self, first: tuple[int, ...], stored: int, size: int) -> None:
        assert self._filter is not None
        if stored > size + size // 100 + _PIECE:
            raise DamagedError(f"its chunk at {first} has {stored} bytes for {size} of pixels")
        if stored * _RATIOS[self._filter] <= _LARGE + size:
            return
        if self._filter == _LZF:
            raise LimitError(
                f"its chunk at {first} of {stored} bytes of LZF may decode to too many"
            ).with_hint("h5repack -f GZIP=4 IN OUT, whose chunks say how large they become")
        with third_party("h5py"):
            _, data = self._dataset.id.read_direct_chunk(first)
        if is_larger(data, size + 4):  # and a checksum
            raise DamagedError(f"its chunk at {first} inflates to more than {size} bytes")
