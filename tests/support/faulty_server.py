"""A server of this process whose answers a test writes byte by byte."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from contextlib import contextmanager

from support.png_writer import write_png

from weightcalc import count_file
from weightcalc.sources import fetching

A = write_png([[0, 0, 1], [1, 1, 2]])  # 2, 3 and 1 pixels


class Faulty:
    """
    A server whose answers the tests write, byte by byte.

    Attributes
    ----------
    asked : Counter of str
        How often each path was asked for.
    heads : list of str
        What was asked, each request whole.
    most_open : int
        Most requests that were under way at a time.
    """

    def __init__(self, answer) -> None:
        self.asked: Counter[str] = Counter()
        self.heads: list[str] = []
        self.open = self.most_open = 0
        self._answer = answer

    async def serve(self, reader, writer) -> None:
        """Give the pieces that the test's function makes of a path and the number of the try."""
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1"):
                path = head.split(" ")[1]
                self.asked[path] += 1
                self.heads.append(head)
                self.open += 1
                self.most_open = max(self.most_open, self.open)
                last = await self._send(writer, self._answer(path, self.asked[path]))
                self.open -= 1
                if last:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _send(self, writer, pieces) -> bool:
        for piece in pieces:
            if piece is None:
                return True  # hangs up
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                writer.write(piece if isinstance(piece, bytes) else piece.encode())
                await writer.drain()
        return False


@contextmanager
def faulty(answer):
    """A server on the loopback, and its URL."""
    server = Faulty(answer)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(10)

    listening = run(asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=500))
    try:
        yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        fetching.close_stores()

        async def stop():
            listening.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        run(stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def made(body=A, status="200 OK", more=""):
    """A whole answer."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body


def counts_of(url: str) -> dict[int, int]:
    """The values of the only mask at a URL."""
    return count_file(url)[0].values
