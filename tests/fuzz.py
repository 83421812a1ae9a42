"""
Looks for wrong counts and wrong classes: ``python tests/fuzz.py SECONDS``.

Damages PNG files and class lists, and compares what is read with what a plain slow reader
finds. An error of the package is a right answer; another exception, and any other result,
is a bug: its input is written to the folder that is named, and the exit code is 1. With
atheris installed, coverage guides the damage; without, it is blind.

    python tests/fuzz.py 60               both targets, half of the time each
    python tests/fuzz.py 60 png           one of them
    python tests/fuzz.py 0 png FILE ...   inputs that failed before
"""

from __future__ import annotations

import io
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

from support import png_writer
from support.deflate_writer import with_checksum, write_stream

try:
    import atheris
except ImportError:
    atheris = None

with atheris.instrument_imports(include=["weightcalc"]) if atheris else nullcontext():
    from weightcalc import ReadOptions
    from weightcalc.errors import DecodeError, LabelError, MissingExtraError
    from weightcalc.kernels import counters as kernels
    from weightcalc.kernels import fast_png
    from weightcalc.kernels import numpy_twin as numpy_kernels
    from weightcalc.labels import class_list as classlists
    from weightcalc.labels.class_list_formats import parse
    from weightcalc.masks import png, png_values

COMPILED = kernels.count_values, kernels.count_rows
NUMPY = numpy_kernels.count_values, numpy_kernels.count_rows
MOST_PIXELS = 20_000
# Pixels as they are, before colours, alphas and photographs are refused.
png_values.values_of_pixels = lambda pixels, *_: dict(pixels)
png.pixel_counter = lambda samples, bits, _: kernels.ValueCounter(samples * bits // 8, "big")


# PNG: the chunks are damaged one by one, and get right CRCs more often than not.


def check_png(data: bytes) -> None:
    """Compare what all paths find with what a plain decoder finds."""
    found = [count(data, kernel) for kernel in (COMPILED, NUMPY)]
    assert found[0] == found[1], ("the kernels differ", found)
    fast = fast_png.count_plain_png(data, MOST_PIXELS, 1 << 40)
    assert fast is None or fast[5] == found[0], ("the paths differ", fast, found[0])
    if found[0] is not None:
        right = plain_pixels(data)
        assert found[0] == right, ("wrong count", found[0], right)


def count(data: bytes, kernel: tuple[Callable, Callable]) -> dict[int, int] | None:
    """Packed pixels by one of the kernels; None if the file is refused."""
    kernels.count_values, kernels.count_rows = kernel
    try:
        mask = png.count_png(io.BytesIO(data), ReadOptions(max_pixels=MOST_PIXELS))
    except DecodeError:
        return None
    assert sum(mask.values.values()) == mask.pixels
    return mask.values


def plain_pixels(data: bytes) -> dict[int, int]:
    """What a mask holds that is right up to its last row, whatever follows."""
    chunks = list(plain_chunks(data))
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    body = b"".join(body for kind, body in chunks if kind == b"IDAT")
    inflater = zlib.decompressobj()
    stream = inflater.decompress(body, 1 << 22)
    samples = png_writer.SAMPLES[color]
    bits, at = samples * depth, 0
    found: Counter[int] = Counter()
    for positions in png_writer.passes(width, height, bool(interlaced)):
        above = b""
        for _, columns in positions:
            size = (len(columns) * bits + 7) // 8
            kind, line = stream[at], stream[at + 1 : at + 1 + size]
            assert kind <= 4, "there is no such filter"
            assert len(line) == size, "a row is missing"
            above = png_writer._unfiltered(kind, line, above or bytes(size), max(1, bits // 8))
            for pixel in png_writer._unpack(above, len(columns), samples, depth):
                found[sum(s << depth * n for n, s in enumerate(reversed(pixel)))] += 1
            at += 1 + size
    assert inflater.eof, "the stream has no end, and so no checksum that was looked at"
    return dict(found)


def plain_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks up to the last one of pixels; those that count must be right."""
    assert data.startswith(png_writer.SIGNATURE)
    at, before = len(png_writer.SIGNATURE), b""
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        crc = int.from_bytes(data[at + 8 + size : at + 12 + size], "big")
        if before == b"IDAT" != kind:
            return
        if kind in (b"IHDR", b"PLTE", b"IDAT"):
            assert crc == zlib.crc32(kind + body), "a CRC is wrong"
        yield kind, body
        at, before = at + 12 + size, kind


def damage_png(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """A damaged copy, most often one whose CRCs are right again."""
    if dice.random() < 0.1:
        return raw(data)
    chunks = list(split(data)) or png_writer.chunks_of([[0, 1, 2]] * 3)
    number = dice.randrange(len(chunks))
    kind, body = chunks[number]
    match dice.randrange(8):
        case 0:
            chunks[number] = (kind, raw(body))
        case 1:
            chunks.insert(dice.randrange(len(chunks) + 1), (kind, body))
        case 2:
            del chunks[number]
        case 3:
            at = dice.randint(0, len(body))
            chunks[number : number + 1] = [(kind, body[:at]), (kind, body[at:])]
        case 4:
            chunks[0] = (b"IHDR", damage_header(chunks[0][1], dice))
        case 5:
            dice.shuffle(chunks)
        case _:
            chunks = damage_rows(chunks, dice, raw)
    return png_writer.join(chunks)


def split(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a file as far as there are any."""
    with suppress(AssertionError):
        for kind, body in png_writer._split(data):
            yield kind.ljust(4, b"x"), body


def damage_header(body: bytes, dice: random.Random) -> bytes:
    """Another size, depth, colour type or interlacing."""
    fields = list(struct.unpack(">IIBBBBB", body[:13].ljust(13, b"\1")))
    number = dice.choice([0, 0, 1, 1, 2, 3, 6])
    fields[number] = dice.choice([[1, 2, 3, 7, 8, 9, 33, 64], [1, 2, 3, 5, 8, 9, 17, 40],
                                  [1, 2, 4, 8, 16], [0, 2, 3, 4, 6], [], [], [0, 1]][number])  # fmt: skip
    return struct.pack(">IIBBBBB", *fields)


def damage_rows(
    chunks: list[tuple[bytes, bytes]], dice: random.Random, raw: Callable[[bytes], bytes]
) -> list[tuple[bytes, bytes]]:
    """Other rows, or another stream of the same ones, in IDATs of any size."""
    stream = b"".join(body for kind, body in chunks if kind == b"IDAT")
    with suppress(zlib.error):
        rows = zlib.decompressobj().decompress(stream, 1 << 20)
        rows = raw(rows) if dice.random() < 0.7 else rows
        deflate = zlib.compressobj(dice.choice([0, 1, 6, 9]), strategy=dice.randrange(5))
        stream = deflate.compress(rows) + deflate.flush()
        if dice.random() < 0.3:
            stream = write_stream(rows, dice)
        if dice.random() < 0.3:
            stream = with_checksum(raw(stream))
    size = dice.choice([1, 2, 3, 7, 31, 1000, 1 << 20])
    pixels = [(b"IDAT", stream[at : at + size]) for at in range(0, len(stream), size)]
    first = next((n for n, (kind, _) in enumerate(chunks) if kind == b"IDAT"), len(chunks))
    others = [chunk for chunk in chunks if chunk[0] != b"IDAT"]
    return [*others[:first], *pixels, *others[first:]]


def masks() -> Iterator[bytes]:
    """Right files of all kinds, to begin with."""
    dice = random.Random(1)
    for color, depth in png_writer.KINDS:
        for interlaced in (False, True):
            few = [
                tuple(dice.randrange(1 << depth) for _ in range(png_writer.SAMPLES[color]))
                for _ in range(4)
            ]
            rows = [[dice.choice(few) for _ in range(11)] for _ in range(9)]
            yield png_writer.write_png(
                rows, color, depth, filters=(0, 1, 2, 3, 4), interlaced=interlaced
            )


# Class lists: the first byte chooses the ending of the name, the others are the text.

ENDINGS = ["", ".txt", ".json", ".yaml", ".csv", ".tsv"]
WORD = re.compile(r"[A-Za-z]+")  # "__ignore__" is no class
# A name, alone or after "3: ", "3 " or "64 0 128 ".
PLAIN = re.compile(
    r"(?:(?P<colon>[0-9]{1,3}): |(?P<blank>[0-9]{1,3}) |(?P<color>(?:[0-9]{1,3} ){3}))?"
    rf"(?P<name>{WORD.pattern})"
)
TABLE = re.compile(r"(?i)(name|class|label|idx|id|[rgb]|names|labels)")
LISTS = [
    "road\nsky\ncar\n", "0: road\n1: sky\n", "0 road\n2 sky\n", "64 128 64 Animal\n0 0 192 Arch\n",
    "# label:color_rgb:parts:actions\nroad:128,64,128::\nsky:0,0,0::\n", "sky - 1 2 3 // x\nroad -\n",
    "name,r,g,b\nroad,128,64,128\nsky,0,0,0\n", "Idx\tName\n1\troad\n2\tsky;blue\n",
    '["road", "sky"]', '{"0": "road", "3": "sky"}', '{"road": 0, "sky": 3}',
    '[{"id": 7, "name": "road", "color": [1, 2, 3]}]', '{"id2label": {"0": "a"}}',
    '{"labels": [{"name": "a", "color": "#010203", "evaluate": true}]}', "names:\n  0: road\n  1: sky\n",
    "labels: {0: a, 10: b}\nlearning_map: {0: 0, 10: 1}\nlearning_map_inv: {0: 0, 1: 10}\n",
]  # fmt: skip


def check_list(data: bytes) -> None:
    """Compare what a class list states with what a plain reader of the simplest forms reads."""
    text = data[1:].decode("utf-8", "replace")
    suffix = ENDINGS[data[0] % len(ENDINGS)] if data else ""
    right = plain_names(text, suffix)
    try:
        found = classlists._checked(parse(text, suffix))
    except (LabelError, MissingExtraError, ValueError, RecursionError):
        if right is not None:
            raise
        return
    known = [name for name in found.names if name is not None]
    assert found.names[-1] is not None, found
    assert len(set(known)) == len(known), found
    ids = range(len(found.names))
    for index in [*(found.colors or {}).values(), *found.mapping.values()]:
        assert index in ids or index in found.ignore, found
    assert all(0 <= color < 1 << 24 for color in found.colors or {}), found
    named = {index: name for index, name in enumerate(found.names) if name is not None}
    assert right is None or named == right, (text, found, right)


def plain_names(text: str, suffix: str) -> dict[int, str] | None:
    """Class id to name where a list is of one of the simplest forms; None for any other."""
    if suffix == ".json":
        with suppress(ValueError, RecursionError):
            document = json.loads(text)
            if isinstance(document, list) and all(
                isinstance(name, str) and WORD.fullmatch(name) for name in document
            ):
                return distinct(enumerate(document))
        return None
    lines = re.findall(r"[^\n]+", text)
    if suffix not in ("", ".txt") or not lines or not all(map(PLAIN.fullmatch, lines)):
        return None
    found = [PLAIN.fullmatch(line) for line in lines]
    kinds = {(bool(match["colon"]), bool(match["blank"]), bool(match["color"])) for match in found}
    if len(kinds) > 1 or TABLE.fullmatch(lines[0]) or max(map(len, lines)) > 1000:
        return None
    if found[0]["color"]:
        colors = {tuple(map(int, match["color"].split())) for match in found}
        if len(colors) < len(lines) or max(map(max, colors)) > 255:
            return None
    ids = [match["colon"] or match["blank"] for match in found]
    numbers = [place if index is None else int(index) for place, index in enumerate(ids)]
    return distinct(zip(numbers, (match["name"] for match in found), strict=True))


def distinct(pairs: Iterable[tuple[int, str]]) -> dict[int, str] | None:
    """Id to name; None where two of either are the same, or there are none."""
    pairs = list(pairs)
    found = dict(pairs)
    return found if found and len(found) == len(set(found.values())) == len(pairs) else None


def damage_list(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """Another ending, other lines, or a piece of another list."""
    match dice.randrange(6):
        case 0:
            return bytes([dice.randrange(len(ENDINGS))]) + data[1:]
        case 1:
            other = dice.choice(LISTS).encode()
            at, start = dice.randint(1, max(1, len(data))), dice.randrange(len(other))
            return data[:at] + other[start : start + dice.randint(1, 20)] + data[at:]
        case 2:
            lines = data.split(b"\n")
            dice.shuffle(lines)
            return b"\n".join(lines)
        case 3:
            words = list(re.finditer(rb"[A-Za-z]+|[0-9]+", data[1:]))
            if words:
                start, end = dice.choice(words).span()
                new = dice.choice([str(dice.randrange(300)), *map(chr, range(97, 123)), "sea"])
                return data[: start + 1] + new.encode() + data[end + 1 :]
    return raw(data)


def lists() -> Iterator[bytes]:
    """Lists of all forms, under all endings."""
    return (bytes([ending]) + text.encode() for text in LISTS for ending in range(len(ENDINGS)))


# Running.

TARGETS = {"png": (check_png, damage_png, masks), "lists": (check_list, damage_list, lists)}


def blind(name: str, seconds: float) -> int:
    """Damage without guidance, one to five times in a row, until the time is over."""
    check, damage, seeds = TARGETS[name]
    dice, inputs, tried = random.Random(time.time_ns()), list(seeds()), 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = dice.choice(inputs)
        for _ in range(dice.randint(1, 5)):
            data = damage(data, dice, lambda data: damage_bytes(data, dice))
        tried += 1
        try:
            check(data)
        except Exception:
            failed = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-")) / "input"
            failed.write_bytes(data)
            print(f"{name}: failed on {failed}", flush=True)
            raise
    print(f"{name}: {tried} inputs, nothing found")
    return 0


def damage_bytes(data: bytes, dice: random.Random) -> bytes:
    """Change, cut out or put in a few bytes."""
    changed, at = bytearray(data), dice.randint(0, len(data))
    match dice.randrange(4):
        case 0 if at < len(data):
            changed[at] ^= 1 << dice.randrange(8)
        case 1:
            changed[at : at + dice.randint(1, 8)] = b""
        case 2:
            changed[at:at] = dice.randbytes(dice.randint(1, 8))
        case _:
            changed[at : at + 1] = bytes([dice.choice([0, 1, 4, 5, 127, 128, 255])])
    return bytes(changed)


def guided(name: str, seconds: int) -> int:
    """Damage that coverage guides; libFuzzer ends the process."""
    check, damage, seeds = TARGETS[name]

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        return damage(data, random.Random(seed), lambda part: atheris.Mutate(part, 4096))[:limit]

    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    (corpus / "seeds").mkdir()
    for number, data in enumerate(seeds()):
        (corpus / "seeds" / str(number)).write_bytes(data)
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={corpus}/", "-max_len=20000"]
    options += ["-timeout=10", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options, str(corpus / "seeds")], check, custom_mutator=mutate)
    atheris.Fuzz()
    return 0


def main() -> int:
    """Run the targets for the seconds of the command line, each in a process of its own."""
    seconds, *rest = [*sys.argv[1:], "60"][: max(1, len(sys.argv) - 1)]
    if len(rest) > 1:
        for path in rest[1:]:
            TARGETS[rest[0]][0](Path(path).read_bytes())
        return 0
    if rest:
        return (guided if atheris else blind)(rest[0], int(seconds))
    each = max(1, int(seconds) // len(TARGETS))
    return max(
        int(
            subprocess.run([sys.executable, __file__, str(each), name], check=False).returncode != 0
        )
        for name in TARGETS
    )


if __name__ == "__main__":
    sys.exit(main())
