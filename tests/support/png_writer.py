"""
Writes PNG files of any kind, right or wrong, and decodes right ones: plain loops, no package.

A row is a list of pixels, a pixel an int or a tuple of samples. A file is a list of
chunks, which a test may drop, change or repeat before `join` makes bytes of them.
Specification: https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
KINDS = [
    *((GREY, depth) for depth in (1, 2, 4, 8, 16)),
    *((PALETTE, depth) for depth in (1, 2, 4, 8)),
    *((color, depth) for color in (RGB, GREY_ALPHA, RGBA) for depth in (8, 16)),
]
# In which pass of Adam7 a pixel comes, by its row and column within a square of 8 x 8.
ADAM7 = [
    "16462646",
    "77777777",
    "56565656",
    "77777777",
    "36463646",
    "77777777",
    "56565656",
    "77777777",
]
Pixel = int | tuple[int, ...]
Rows = Sequence[Sequence[Pixel]]
Chunk = tuple[bytes, bytes] | bytes


def write_png(rows: Rows, color: int = GREY, depth: int = 8, **options: object) -> bytes:
    """A right file; the options are those of `chunks_of`."""
    return join(chunks_of(rows, color, depth, **options))  # type: ignore[arg-type]


def chunks_of(
    rows: Rows,
    color: int = GREY,
    depth: int = 8,
    *,
    filters: Sequence[int] = (0,),
    interlaced: bool = False,
    split: int | None = None,
    level: int = 6,
    palette: int | None = None,
    padding: str = "0",
) -> list[Chunk]:
    """
    The chunks of an image: IHDR, PLTE for a palette image, IDATs, IEND.

    The rows take the filters in turn, IDATs have `split` bytes, PLTE has `palette`
    colours (default: all that the depth can name), unused bits are `padding`.
    """
    chunks: list[Chunk] = [(b"IHDR", header(len(rows[0]), len(rows), color, depth, interlaced))]
    if color == PALETTE:
        chunks.append((b"PLTE", colors(1 << depth if palette is None else palette)))
    stream = zlib.compress(scanlines(rows, color, depth, filters, interlaced, padding), level)
    size = split or len(stream)
    chunks += [(b"IDAT", stream[at : at + size]) for at in range(0, len(stream), size)]
    return [*chunks, (b"IEND", b"")]


def header(
    width: int, height: int, color: int = GREY, depth: int = 8, interlaced: bool = False
) -> bytes:
    """The body of IHDR."""
    return struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlaced)


def colors(number: int) -> bytes:
    """The body of PLTE, all colours different."""
    return bytes(byte for n in range(number) for byte in (n, 255 - n, n * 7 % 256))


def join(chunks: Sequence[Chunk]) -> bytes:
    """A file of chunks; those that are bytes already are taken as they are."""
    return SIGNATURE + b"".join(c if isinstance(c, bytes) else chunk(*c) for c in chunks)


def chunk(kind: bytes, body: bytes, *, crc: int | None = None, length: int | None = None) -> bytes:
    """A chunk, with a wrong CRC or length where one is given."""
    right = zlib.crc32(kind + body)
    size = len(body) if length is None else length
    return struct.pack(">I", size) + kind + body + struct.pack(">I", right if crc is None else crc)


def scanlines(
    rows: Rows,
    color: int,
    depth: int,
    filters: Sequence[int] = (0,),
    interlaced: bool = False,
    padding: str = "0",
) -> bytes:
    """What is compressed: the rows of all passes, each filtered and after its filter type."""
    step = max(1, SAMPLES[color] * depth // 8)
    lines = []
    for positions in passes(len(rows[0]), len(rows), interlaced):
        above = b""
        for y, columns in positions:
            row = pack([rows[y][x] for x in columns], depth, padding)
            kind = filters[len(lines) % len(filters)]
            lines.append(bytes([kind]) + _filtered(kind, row, above or bytes(len(row)), step))
            above = row
    return b"".join(lines)


def passes(
    width: int, height: int, interlaced: bool
) -> Iterator[Iterator[tuple[int, Sequence[int]]]]:
    """For each pass its rows: the row of the image, and the columns of the pixels in it."""
    if not interlaced:
        yield ((y, range(width)) for y in range(height))
        return
    for number in "1234567":
        found = (
            (y, [x for x in range(width) if ADAM7[y % 8][x % 8] == number]) for y in range(height)
        )
        yield ((y, columns) for y, columns in found if columns)


def pack(pixels: Sequence[Pixel], depth: int, padding: str = "0") -> bytes:
    """The bytes of a row, each pixel's samples from the highest bit on."""
    samples = [s for pixel in pixels for s in (pixel if isinstance(pixel, tuple) else (pixel,))]
    if depth == 8:
        return bytes(samples)
    bits = "".join(f"{sample:0{depth}b}" for sample in samples)
    bits += padding * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def _predicted(kind: int, left: int, above: int, corner: int) -> int:
    if kind == 4:
        guess = left + above - corner
        return min((left, above, corner), key=lambda near: abs(guess - near))
    return (0, left, above, (left + above) // 2)[kind] if kind < 4 else 0


def _filtered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    left, corner = bytes(step) + row, bytes(step) + above
    return bytes(
        byte - _predicted(kind, left[i], above[i], corner[i]) & 255 for i, byte in enumerate(row)
    )


def read_plainly(data: bytes) -> Counter[tuple[int, ...]]:
    """How often each pixel, a tuple of its samples, occurs in a right file."""
    chunks = list(_split(data))
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    stream = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    bits = SAMPLES[color] * depth
    found: Counter[tuple[int, ...]] = Counter()
    at = 0
    for positions in passes(width, height, interlaced):
        above = b""
        for _, columns in positions:
            size = (len(columns) * bits + 7) // 8
            line = stream[at + 1 : at + 1 + size]
            above = _unfiltered(stream[at], line, above or bytes(size), max(1, bits // 8))
            found.update(_unpack(above, len(columns), SAMPLES[color], depth))
            at += 1 + size
    assert at == len(stream)
    return found


def _split(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert data.startswith(SIGNATURE)
    at = len(SIGNATURE)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        at += 12 + size


def _unfiltered(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    row, corner = bytearray(step), bytes(step) + above
    for i, byte in enumerate(line):
        row.append(byte + _predicted(kind, row[i], above[i], corner[i]) & 255)
    return bytes(row[step:])


def _unpack(row: bytes, width: int, per_pixel: int, depth: int) -> Iterator[tuple[int, ...]]:
    number, end = int.from_bytes(row, "big"), len(row) * 8
    shifts = range(end - depth, end - depth * width * per_pixel - 1, -depth)
    samples = [number >> shift & ((1 << depth) - 1) for shift in shifts]
    return zip(*[iter(samples)] * per_pixel, strict=True)


# A mask and what becomes of it when it is damaged, by the verdicts of libpng: what could
# change a count is refused, what is only odd is noted, what nobody needs is not looked at.

ROWS = [[0] * 6, [1] * 6, [2] * 6, [0, 0, 0, 1, 1, 1], [2, 2, 2, 2, 2, 0]]
VALUES = {0: 10, 1: 9, 2: 11}
RAW = scanlines(ROWS, PALETTE, 8)
STREAM = zlib.compress(
    RAW, 0
)  # 2 bytes of header, 5 of the one stored block, 35 of rows, 4 of Adler-32
HEAD, COLORS, PIXELS, END = chunks_of(ROWS, PALETTE, level=0, palette=5)
TEXT = (b"tEXt", b"Comment\0hello")
WHOLE = join([HEAD, COLORS, PIXELS, END])


def idat(stream: bytes) -> bytes:
    """The mask with another compressed stream."""
    return join([HEAD, COLORS, (b"IDAT", stream), END])


def rows_of(raw: bytes) -> bytes:
    """The mask with other filtered rows, rightly compressed."""
    return idat(zlib.compress(raw))


def head(*values: int, body: bytes | None = None) -> bytes:
    """The mask under another header."""
    return join([(b"IHDR", header(*values) if body is None else body), COLORS, PIXELS, END])


def patched(data: bytes, at: int, *values: int) -> bytes:
    """Bytes of which some from `at` on are replaced."""
    return data[:at] + bytes(values) + data[at + len(values) :]


def extra(*chunks: Chunk) -> bytes:
    """The mask with more chunks between palette and pixels."""
    return join([HEAD, COLORS, *chunks, PIXELS, END])


REFUSED = {
    "signature": (b"\x89PMG" + WHOLE[4:], "signature"),
    "signature of a text mode": (WHOLE.replace(b"\r\n", b"\n"), "signature"),
    "bytes before it": (b"\n" + WHOLE, "signature"),
    "no bytes": (b"", "signature"),
    "signature only": (SIGNATURE, "ends"),
    "no IHDR": (join([COLORS, PIXELS, END]), "IHDR"),
    "IHDR not first": (join([COLORS, HEAD, PIXELS, END]), "IHDR"),
    "IHDR twice": (join([HEAD, HEAD, COLORS, PIXELS, END]), "IHDR"),
    "IHDR short": (head(body=HEAD[1][:12]), "IHDR"),
    "IHDR long": (head(body=HEAD[1] + b"\0"), "IHDR"),
    "IHDR crc": (join([chunk(*HEAD, crc=1), COLORS, PIXELS, END]), "CRC"),
    "width zero": (head(0, 5, PALETTE), "size"),
    "height zero": (head(6, 0, PALETTE), "size"),
    "width beyond PNG": (head(1 << 31, 5, PALETTE), "size"),
    "colour type 1": (head(6, 5, 1), "type"),
    "colour type 7": (head(6, 5, 7), "type"),
    "palette of 16 bits": (head(6, 5, PALETTE, 16), "bits"),
    "grey of 3 bits": (head(6, 5, GREY, 3), "bits"),
    "RGB of 4 bits": (head(6, 5, RGB, 4), "bits"),
    "compression method": (head(body=patched(HEAD[1], 10, 1)), "method"),
    "filter method": (head(body=patched(HEAD[1], 11, 64)), "method"),
    "interlace method": (head(body=patched(HEAD[1], 12, 2)), "method"),
    "taller": (head(6, 6, PALETTE), "5 of 6 rows"),
    "wider": (head(7, 5, PALETTE), "rows"),
    "interlaced after all": (head(6, 5, PALETTE, 8, True), "rows|filter"),
    "no PLTE": (join([HEAD, PIXELS, END]), "PLTE"),
    "PLTE too late": (join([HEAD, PIXELS, COLORS, END]), "PLTE"),
    "PLTE twice": (extra(COLORS), "PLTE"),
    "PLTE empty": (join([HEAD, (b"PLTE", b""), PIXELS, END]), "PLTE"),
    "PLTE of 7 bytes": (join([HEAD, (b"PLTE", bytes(7)), PIXELS, END]), "PLTE"),
    "PLTE of 257 colours": (join([HEAD, (b"PLTE", bytes(771)), PIXELS, END]), "PLTE"),
    "PLTE crc": (join([HEAD, chunk(*COLORS, crc=1), PIXELS, END]), "CRC"),
    "unknown critical chunk": (extra((b"ABCD", b"x")), "critical"),
    "unknown critical chunk at the end": (join([HEAD, COLORS, PIXELS, (b"ABCD", b"x"), END]), "crit"),
    "chunk type of digits": (extra((b"12#4", b"")), "type"),
    "chunk too long": (extra(chunk(*TEXT, length=1 << 31)), "2147483648"),
    "chunk longer than the file": (extra(chunk(*TEXT, length=1000)), "ends"),
    "no IDAT": (join([HEAD, COLORS, END]), "IEND"),
    "IDAT empty": (idat(b""), "0 of 5 rows"),
    "IDAT crc": (join([HEAD, COLORS, chunk(*PIXELS, crc=1), END]), "CRC"),
    "second IDAT crc": (join([HEAD, COLORS, PIXELS, chunk(b"IDAT", b"", crc=1), END]), "CRC"),
    "IDAT one byte short": (join([HEAD, COLORS, chunk(*PIXELS, length=45), END]), "CRC"),
    "IDATs apart": (join([HEAD, COLORS, (b"IDAT", STREAM[:20]), TEXT, (b"IDAT", STREAM[20:]), END]),
                    "IDAT|rows"),
    "IDAT after all": (join([HEAD, COLORS, PIXELS, TEXT, (b"IDAT", b""), END]), "IDAT"),
    "IDATs in a wrong order": (
        join([HEAD, COLORS, (b"IDAT", STREAM[20:]), (b"IDAT", STREAM[:20]), END]), "damaged"),
    "zlib header": (idat(patched(STREAM, 0, 0x79)), "damaged"),
    "zlib window": (idat(b"\x88\x1c" + STREAM[2:]), "damaged"),
    "zlib block type": (idat(patched(STREAM, 2, 7)), "damaged"),
    "zlib block length": (idat(patched(STREAM, 3, STREAM[3] ^ 1)), "damaged"),
    "zlib without its last block": (idat(patched(STREAM, 2, 0)), "damaged|ends"),
    "zlib distance": (idat(b"\x78\x01\x03\x02\0" + bytes(4)), "damaged"),
    "zlib dictionary": (idat(b"\x78\x20" + STREAM[2:]), "damaged"),
    "gzip": (idat(b"\x1f\x8b" + STREAM[2:]), "damaged"),
    "no Adler-32": (idat(STREAM[:-4]), "Adler"),
    "half an Adler-32": (idat(STREAM[:-2]), "Adler"),
    "Adler-32": (idat(patched(STREAM, 45, STREAM[45] ^ 1)), "damaged"),
    "a label under a right CRC": (idat(patched(STREAM, 10, 1)), "damaged"),
    "a row short": (rows_of(RAW[:-7]), "4 of 5 rows"),
    "a byte short": (rows_of(RAW[:-1]), "4 of 5 rows"),
    "no rows": (rows_of(b""), "0 of 5 rows"),
    "interlaced and short": (join([(b"IHDR", header(6, 5, PALETTE, 8, True)), COLORS, (b"IDAT",
                             zlib.compress(scanlines(ROWS, PALETTE, 8, (0,), True)[:-1])), END]), "rows"),
    "filter 5": (rows_of(patched(RAW, 21, 5)), "filter type 5"),
    "filter 255": (rows_of(patched(RAW, 28, 255)), "row 4 .*filter type 255"),
    "64 KiB and more after the rows": (rows_of(RAW + bytes(65537)), "65536"),
    "cut in the pixels": (WHOLE[: WHOLE.index(STREAM) + 30], "ends"),
    "cut before the CRC": (WHOLE[:-16], "ends"),
    "zeros from the middle on": (WHOLE[:80] + bytes(len(WHOLE) - 80), "CRC|damaged"),
}  # fmt: skip
NOTED = {
    "no IEND": (WHOLE[:-12], "IEND"),
    "half an IEND": (WHOLE[:-3], "IEND"),
    "IEND crc": (join([HEAD, COLORS, PIXELS, chunk(*END, crc=1)]), "CRC"),
    "IEND not empty": (join([HEAD, COLORS, PIXELS, (b"IEND", b"x")]), "IEND"),
    "a byte after the end": (WHOLE + b"\0", "after|follow"),
    "a file after the end": (WHOLE + WHOLE, "after|follow"),
    "cut in a text after the pixels": (join([HEAD, COLORS, PIXELS, TEXT])[:-9], "tEXt"),
    "an extra byte": (rows_of(RAW + b"\1"), "1 byte"),
    "an extra row": (rows_of(RAW + RAW[:7]), "7 bytes"),
    "64 KiB of extra rows": (rows_of(RAW + bytes(65536)), "65536 bytes"),
    "bytes after the stream": (idat(STREAM + b"junk"), "4 bytes"),
    "an IDAT after the stream": (join([HEAD, COLORS, PIXELS, (b"IDAT", b"junk"), END]), "4 bytes"),
    "ancillary crc": (extra(chunk(*TEXT, crc=1)), "tEXt .*CRC"),
    "ancillary crc after the pixels": (join([HEAD, COLORS, PIXELS, chunk(*TEXT, crc=1), END]), "CRC"),
    "index past the palette": (join([HEAD, (b"PLTE", colors(2)), PIXELS, END]), "index 2 .* 2 colours"),
    "animation": (join([HEAD, (b"acTL", bytes(8)), COLORS, PIXELS, END]), "animation"),
}  # fmt: skip
SILENT = {
    "untouched": WHOLE,
    "interlaced": write_png(ROWS, PALETTE, interlaced=True),
    "last index of the palette": join([HEAD, (b"PLTE", colors(3)), PIXELS, END]),
    "text after the pixels": join([HEAD, COLORS, PIXELS, TEXT, END]),
    "text that is no zlib": extra((b"zTXt", b"a\0\0junk")),
    "text bomb": extra((b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 24)))),
    "profile that is none": extra((b"iCCP", b"")),
    "gamma of 1 byte": extra((b"gAMA", b"\0")),
    "gamma of zero": extra((b"gAMA", bytes(4))),
    "density of 1 byte": extra((b"pHYs", b"\0")),
    "rotation": extra((b"eXIf", b"\xff" * 40)),
    "private chunk": extra((b"prVt", bytes(300))),
    "reserved bit": extra((b"test", b"")),
    "transparency": extra((b"tRNS", b"\0\xff")),
}
