"""
Masks behind URLs, from a server of this machine that answers after a delay.

    python tests/benchmarks/bench_remote.py [--masks 4000] [--delay 0.03] [--requests 64]

Serves masks of 64 x 64, and prints for http, for s3 (where s3fs is installed) and for a plain
client of threads: masks a second, and milliseconds of CPU a mask, of a process of its own less
those of a run of one mask; and the requests that the server has counted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from http.client import HTTPConnection
from importlib.util import find_spec
from pathlib import Path

from bench_png import blobs
from PIL import Image

SUPPORT = Path(__file__).parents[1] / "support"
PLAIN_CLIENT = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from io import BytesIO
import numpy as np
from PIL import Image
host, number, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
local = threading.local()
def count(index):
    if not hasattr(local, "connection"):
        local.connection = HTTPConnection(host)
    local.connection.request("GET", f"/masks/{index:06}.png")
    data = local.connection.getresponse().read()
    return np.bincount(np.asarray(Image.open(BytesIO(data))).reshape(-1), minlength=256)
with ThreadPoolExecutor(threads) as pool:
    print(sum(pool.map(count, range(number))).tolist())
"""


def used(words: Sequence[str], env: dict[str, str]) -> tuple[float, float]:
    """Seconds of time and of CPU of a process."""
    before = os.times()
    start = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=os.environ | env)
    took = time.perf_counter() - start
    after = os.times()
    cpu = after.children_user + after.children_system
    return took, cpu - before.children_user - before.children_system


def ask(port: int, what: str) -> str:
    """An answer of the server."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", what)
    return connection.getresponse().read().decode()


def main() -> None:
    """Print a line for each client."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--masks", type=int, default=4000)
    parser.add_argument("--delay", type=float, default=0.03)
    parser.add_argument("--requests", type=int, default=64)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        mask = Path(folder) / "mask.png"
        Image.fromarray(blobs(64, 64, 1) % 10).save(mask)
        for name in ("http", "s3", "plain"):
            if name != "s3" or find_spec("s3fs"):
                print(name, report(name, mask, asked))


def report(name: str, mask: Path, asked: argparse.Namespace) -> str:
    """What a client needs, on servers of its own."""
    few, many = (one_run(name, mask, number, asked) for number in (1, asked.masks))
    masks = asked.masks - 1
    return (
        f"{asked.masks / many[0]:.0f} masks/s with start, {masks / (many[0] - few[0]):.0f} without; "
        f"{1000 * (many[1] - few[1]) / masks:.2f} ms of CPU a mask; the server counted {many[2]}"
    )


def one_run(
    name: str, mask: Path, number: int, asked: argparse.Namespace
) -> tuple[float, float, str]:
    """Seconds, seconds of CPU, and requests."""
    words = [sys.executable, str(SUPPORT / "delayed_server.py"), str(mask), str(number)]
    with subprocess.Popen([*words, str(asked.delay)], stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            took = used(*client(name, port, number, asked))
            return *took, ask(port, "/asked")
        finally:
            server.kill()


def client(
    name: str, port: int, number: int, asked: argparse.Namespace
) -> tuple[list[str], dict[str, str]]:
    """The command of a client, and its environment."""
    if name == "plain":
        host = f"127.0.0.1:{port}"
        words = [sys.executable, "-c", PLAIN_CLIENT, host, str(number), str(asked.requests)]
        return words, {}
    url = f"http://127.0.0.1:{port}/masks/" if name == "http" else "s3://bucket/masks"
    words = [sys.executable, "-m", "weightcalc", "count", url, "-j", "1", "-q"]
    keys = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    return [*words, "--requests", str(asked.requests)], keys


if __name__ == "__main__":
    main()
