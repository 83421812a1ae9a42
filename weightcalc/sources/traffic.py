"""
How many bytes servers send to this process, so that one that never ends is an error.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import SourceError
from ..files import limits


class Traffic:
    """
    The bytes that servers have sent for one purpose: a listing, or the masks of a run.

    There is one for a process. Runs that take turns in it are not told apart, and have no limit.
    """

    def __init__(self) -> None:
        self._purpose = ""
        self._limit = 0
        self._bytes = 0

    def begin(self, purpose: str, limit: int) -> None:
        """Count anew up to a limit, if it is for another purpose than before."""
        if purpose != self._purpose:
            self._purpose, self._limit, self._bytes = purpose, limit, 0

    @contextmanager
    def of_listing(self) -> Iterator[None]:
        """Count what servers send for a listing, and nothing of it for what went on before."""
        before = self._purpose, self._limit, self._bytes
        self.begin(new_purpose(), limits.LARGEST_LISTING)
        try:
            yield
        finally:
            self._purpose, self._limit, self._bytes = before

    def add(self, number: int) -> None:
        """
        Take note of some bytes; without a purpose there is no limit.

        Raises
        ------
        SourceError
            If they are too many for this purpose.
        """
        self._bytes += number
        if self._purpose and self._bytes > self._limit:
            raise SourceError(
                f"servers go on after {self._limit} bytes: more than they may send for a listing, "
                "or to one process for the masks of a run"
            ).with_hint("several runs of fewer masks, whose counts files add up")


TRAFFIC = Traffic()


def new_purpose() -> str:
    """A name for a purpose, which no other has, in this process or any."""
    return os.urandom(8).hex()
