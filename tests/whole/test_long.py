"""What takes its time: run by ``pytest -m long``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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


@pytest.fixture
def million_masks(tmp_path):
    """A folder of a million masks of 64 x 64: 40 files, each under 25,000 names."""
    (tmp_path / "files").mkdir()
    for k in range(40):
        blocks = np.random.default_rng(k).integers(0, 20, (8, 8), np.uint8)
        Image.fromarray(blocks.repeat(8, 0).repeat(8, 1)).save(tmp_path / f"files/{k}.png")
    for i in range(1_000_000):
        folder = tmp_path / f"masks/{i // 1000:03}"
        if i % 1000 == 0:
            folder.mkdir(parents=True)
        os.link(tmp_path / f"files/{i % 40}.png", folder / f"{i:06}.png")
    return tmp_path / "masks"


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_a_million_masks_in_flat_memory(million_masks, environment, tmp_path):
    """A million masks stay under 300 MB, and after they are listed memory does not grow."""
    command = [sys.executable, "-m", "weightcalc", "count", million_masks, "-n20", "--progress"]
    held = []
    with subprocess.Popen(
        [*command, "-o", tmp_path / "counts.json"], env=environment, stderr=subprocess.PIPE
    ) as running:
        while piece := running.stderr.read1():
            if b"/1000000" in piece and running.poll() is None:
                held.append(resident(running.pid))
            time.sleep(0.2)
    assert running.returncode == 0
    assert len(held) > 10
    assert max(held) < 300e6
    assert max(held) - held[0] < 20e6
    counts = json.loads((tmp_path / "counts.json").read_text())
    assert counts["masks"] == 1_000_000
    assert counts["pixels"] == 64 * 64 * 1_000_000
