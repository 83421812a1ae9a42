"""What takes its time: run by ``pytest -m long``."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib

import pytest

pytestmark = pytest.mark.long

SIDE = 100_000
ONES = 70_000  # pixels of value 1 in each row; the others are 0


def chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk of a PNG file."""
    crc = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + crc


@pytest.fixture
def ten_gigapixels(tmp_path):
    """A grey PNG of 10 Gpx, whose rows are one deflated block repeated."""
    row = b"\0" + b"\1" * ONES + b"\0" * (SIDE - ONES)
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(row) + deflate.flush(zlib.Z_FULL_FLUSH)
    # Adler-32 of the repeated row: a is the sum of bytes, b the sum of all a on the way.
    a, b = 1, 0
    along = sum(len(row) - i for i in range(1, ONES + 1))
    for _ in range(SIDE):
        b = (b + len(row) * a + along) % 65521
        a = (a + ONES) % 65521
    stream = b"\x78\xda" + block * SIDE + b"\3\0" + (b << 16 | a).to_bytes(4, "big")
    header = SIDE.to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    path = tmp_path / "large.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")
    )
    return path


# ru_maxrss would begin with the peak of the process that forked.
COUNT = """
import json, re, sys
from weightcalc import count_file
(mask,) = count_file(sys.argv[1])
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
print(json.dumps([sorted(mask.values.items()), int(peak[1]) * 1024]))
"""


def test_ten_gigapixels_in_little_memory(ten_gigapixels):
    """A PNG of 100000 x 100000 pixels is counted exactly, with a peak under 100 MB."""
    done = subprocess.run(
        [sys.executable, "-c", COUNT, ten_gigapixels], check=True, stdout=subprocess.PIPE
    )
    values, peak = json.loads(done.stdout)
    assert values == [[0, (SIDE - ONES) * SIDE], [1, ONES * SIDE]]
    assert peak < 100e6
