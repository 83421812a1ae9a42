"""A server of a process of its own that answers after a delay, with many requests at a time."""

from __future__ import annotations

import asyncio
import re
import sys
from collections import Counter
from hashlib import md5
from pathlib import Path

HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n%s\r\n"


class DelayedServer:
    """
    Serves one mask under many names, as a folder of links and as a bucket of S3.

    Parameters
    ----------
    mask : bytes
    num_masks : int
    delay : float
        Seconds before each answer.
    """

    def __init__(self, mask: bytes, num_masks: int, delay: float) -> None:
        self.mask = mask
        self.names = [f"masks/{number:06}.png" for number in range(num_masks)]
        self.delay = delay
        self.asked: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        self.asked["connections"] += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(self.delay)
                writer.write(self.answer(head.decode("latin-1")))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, head: str) -> bytes:
        """The whole answer to a request."""
        method, target, _ = head.partition("\r\n")[0].split(" ")
        if target == "/asked":
            return _made("200 OK", repr(dict(self.asked)).encode())
        if "list-type=2" in target:
            self.asked["LIST"] += 1
            return _made("200 OK", self.listing(target))
        if target.endswith("/masks/"):
            self.asked["LIST"] += 1
            links = "".join(f'<a href="{name[6:]}">x</a>\n' for name in self.names)
            return _made("200 OK", links.encode())
        self.asked[method] += 1
        size = len(self.mask)
        tag = md5(self.mask).hexdigest()
        more = f'Content-Range: bytes 0-{size - 1}/{size}\r\nETag: "{tag}"\r\n'
        ranged = re.search(r"(?i)\r\nrange: bytes=0-", head)
        return _made("206 Partial Content" if ranged else "200 OK", self.mask, more.encode())

    def listing(self, target: str) -> bytes:
        """A page of 1,000 keys."""
        found = re.search(r"continuation-token=(\d+)", target)
        start = int(found[1]) if found else 0
        tag = md5(self.mask).hexdigest()
        contents = "".join(
            f"<Contents><Key>{name}</Key><Size>{len(self.mask)}</Size><ETag>&quot;{tag}&quot;</ETag>"
            "<LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents>"
            for name in self.names[start : start + 1000]
        )
        end = start + 1000
        more = end < len(self.names)
        after = f"<NextContinuationToken>{end}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0"?><ListBucketResult><Name>b</Name>'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{after}{contents}</ListBucketResult>"
        ).encode()


def _made(status: str, body: bytes, more: bytes = b"") -> bytes:
    return HEAD % (status.encode(), len(body), more) + body


async def _main(mask: bytes, num_masks: str, delay: str) -> None:
    server = DelayedServer(mask, int(num_masks), float(delay))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=1000)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await listening.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]).read_bytes(), *sys.argv[2:]))
