"""
Counts an array of a Zarr, version 2 or 3, in its chunks: of a folder, or of a ZIP archive.

Its JSON documents are read here, so that what it holds is known before zarr, which decodes the
chunks, is imported. Of the resolutions of OME-Zarr only the first, level 0, is an array.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import numpy as np

from ..errors import DamagedError, LimitError, MissingExtraError, UnsupportedError
from ..files.bounded import Json
from ..files.limits import MOST_ARRAYS
from ..sources.guard import third_party
from ..sources.opening import is_quick_to_seek, spooled
from ..text.escape import printable
from .arrays import Header
from .chunked import Chunked, count_chunked
from .containers import Entry, chosen, parts_of
from .options import ReadOptions
from .value_counts import ValueCounts
from .zarr_files import Archive, Coding, Files, Folder, Values, metadata

_COMPRESSORS = {"blosc", "zstd", "gzip", "zlib", "lz4"}
_SHARDS = "sharding_indexed"
_CODECS = {*_COMPRESSORS, _SHARDS, "bytes", "transpose", "crc32c", "delta", "shuffle"}
_MOST_NESTED = 8


class _Node(NamedTuple):
    """A group or an array: its document, its attributes, and the version of the format."""

    meta: dict[str, Json]
    attributes: dict[str, Json]
    version: int
    is_array: bool


_NOTHING = _Node({}, {}, 0, False)  # a folder without a document


def read_zarr(file: BinaryIO, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count an array of a Zarr in a ZIP archive: the only one, or that of ``options.array``.

    Raises
    ------
    MissingExtraError
        If zarr is not installed.
    DecodeError
        If it is damaged, or its array is no mask.
    """
    if is_quick_to_seek(file):
        yield from _count(Archive(file), options)
        return
    with spooled(file, options.max_bytes) as copy:
        yield from _count(Archive(copy), options)


def read_zarr_folder(path: str, options: ReadOptions) -> Iterator[ValueCounts]:
    """
    Count an array of a Zarr in a folder, as `read_zarr`.

    Raises
    ------
    MissingExtraError
        If zarr is not installed.
    DecodeError
        If it is damaged, or its array is no mask.
    """
    return _count(Folder(path), options)


def _count(files: Files, options: ReadOptions) -> Iterator[ValueCounts]:
    try:
        import zarr  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("reading Zarr masks", "zarr") from error
    start = "/".join(parts_of(options.array or ""))
    node = _node(files, start)
    if not node.is_array:
        entries = _entries(files, start)
        if start and not entries:
            chosen(_entries(files, ""), options.array)  # which says what there is
        start = chosen(entries, None)
        node = _node(files, start)
    yield from count_chunked(_opened(files, start, node), options)


def _node(files: Files, path: str) -> _Node:
    prefix = f"{path}/" if path else ""
    if document := _json(files, f"{prefix}zarr.json"):
        kind = document.get("node_type")
        return _Node(document, _mapping(document.get("attributes")), 3, kind == "array")
    attributes = _json(files, f"{prefix}.zattrs")
    if document := _json(files, f"{prefix}.zarray"):
        return _Node(document, attributes, 2, True)
    return _NOTHING._replace(attributes=attributes)


def _json(files: Files, path: str) -> dict[str, Json]:
    """A JSON document; an empty one where there is none."""
    data = metadata(files, path)
    try:
        return {} if data is None else _mapping(json.loads(data))
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"its {printable(path)} is no JSON document") from error


def _mapping(value: object) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _entries(files: Files, start: str) -> list[Entry]:
    """The arrays below a group, but of OME-Zarr images only those of level 0."""
    found: list[Entry] = []
    waiting, lower, num_nodes = [start], set(), 0
    while waiting:
        path = waiting.pop()
        if path in lower:
            continue
        num_nodes += 1
        if num_nodes > MOST_ARRAYS:
            raise LimitError(f"it holds more than {MOST_ARRAYS} arrays and groups").with_hint(
                "--array NAME says which of them is the mask"
            )
        node = _node(files, path)
        if node.is_array:
            kind = node.meta.get("data_type", node.meta.get("dtype"))
            found.append(Entry(path, f"{_shape(node.meta)} {str(kind)[:40]}"))
            continue
        lower |= {f"{path}/{level}".strip("/") for level in _lower_levels(node.attributes)}
        below = [name for name in files.names(path) if not name.startswith(".")]
        waiting += [f"{path}/{name}".strip("/") for name in reversed(below) if name != "zarr.json"]
    return found


def _lower_levels(attributes: dict[str, Json]) -> list[str]:
    """Paths of the resolutions of an OME-Zarr image that are not its first."""
    images = _mapping(attributes.get("ome")).get("multiscales", attributes.get("multiscales"))
    found = []
    for image in images if isinstance(images, list) else []:
        levels = _mapping(image).get("datasets")
        for level in levels[1:] if isinstance(levels, list) else []:
            found.append(str(_mapping(level).get("path")).strip("/"))
    return found


def _shape(meta: dict[str, Json]) -> tuple[int, ...]:
    shape = meta.get("shape")
    if not isinstance(shape, list) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise DamagedError(f"its shape {printable(str(shape)[:40])} is no list of lengths")
    return tuple(shape)


def _opened(files: Files, path: str, node: _Node) -> Chunked:
    import zarr
    from zarr.storage import MemoryStore

    version: Json = node.version  # 2 or 3, which is all that zarr's types allow
    codecs = _codecs(node)
    _check_codecs(codecs, path)
    values = Values(files)
    with third_party("zarr"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what is not yet in the standard
        array = zarr.open_array(
            store=MemoryStore(values, read_only=True), path=path, mode="r", zarr_format=version
        )
        shard, chunk = array.shards, tuple(array.chunks)
        header = Header(np.dtype(array.dtype), tuple(array.shape), False)
    chunks = tuple(shard or chunk)
    coding = _coding(codecs)
    if coding.within is not None:
        coding = coding._replace(
            num_within=math.prod(chunks) // max(1, math.prod(chunk)),
            size_within=math.prod(chunk) * header.dtype.itemsize,
        )
    values.expect(math.prod(chunks) * header.dtype.itemsize, coding)

    def read(box: tuple[slice, ...]) -> np.ndarray:
        with third_party("zarr"):
            return np.asarray(array[box])

    return Chunked(header, chunks, read)


class _Codec(NamedTuple):
    """A step of writing a chunk; of shards, the steps of the chunks in them and of their index."""

    name: str
    within: list[_Codec]
    of_index: list[_Codec]
    at_end: bool


def _codecs(node: _Node) -> list[_Codec]:
    """The codecs of an array, in the order of writing."""
    if node.version == 2:
        filters = node.meta.get("filters") or []
        steps = [*(filters if isinstance(filters, list) else []), node.meta.get("compressor")]
        names = [str(_mapping(step).get("id")) for step in steps if step is not None]
        return [_Codec(name, [], [], True) for name in names]
    return _codecs_of(node.meta.get("codecs"))


def _codecs_of(listed: object, depth: int = 0) -> list[_Codec]:
    found = []
    for codec in listed if isinstance(listed, list) and depth < _MOST_NESTED else []:
        name = str(_mapping(codec).get("name", codec)).removeprefix("numcodecs.")
        options = _mapping(_mapping(codec).get("configuration"))
        within = _codecs_of(options.get("codecs"), depth + 1)
        index = _codecs_of(options.get("index_codecs"), depth + 1)
        at_end = options.get("index_location", "end") == "end"
        found.append(_Codec(name, within, index, at_end))
    return found


def _check_codecs(codecs: list[_Codec], path: str) -> None:
    """Refuse codecs that are not loaded, and those that do not say how large a chunk becomes."""
    names = [codec.name for codec in codecs]
    strange = next((name for name in names if name not in _CODECS), None)
    if strange is not None:
        raise UnsupportedError(
            f"its array {printable(path)} is stored by the codec {printable(strange)}, which is "
            "not loaded"
        ).with_hint("save it with blosc, zstd or gzip")
    if sum(name in _COMPRESSORS for name in names) > 1:
        raise DamagedError(f"its array {printable(path)} is compressed twice")
    for codec in codecs:
        if codec.name == _SHARDS:
            _check_shards(codec, codecs, path)


def _check_shards(shards: _Codec, codecs: list[_Codec], path: str) -> None:
    plain = [codec.name for codec in shards.of_index] == ["bytes", "crc32c"] and shards.at_end
    nested = any(codec.name == _SHARDS for codec in shards.within)
    if not plain or nested or codecs[-1] is not shards:
        raise UnsupportedError(
            f"its array {printable(path)} has shards within shards, or shards that are compressed "
            "whole, or an index that does not stand at their end"
        ).with_hint("save it without shards, or with those that zarr makes unasked")
    _check_codecs(shards.within, path)


def _coding(codecs: list[_Codec]) -> Coding:
    if codecs and codecs[-1].name == _SHARDS:
        return Coding(within=_coding(codecs[-1].within))
    names = [codec.name for codec in codecs]
    compressor = next((name for name in names if name in _COMPRESSORS), "")
    checksum = 4 if names[-1:] == ["crc32c"] else 0
    return Coding(compressor, checksum)
