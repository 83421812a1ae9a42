"""
What is remembered of each file of a run until its end: a byte, as names would be far more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence


class FileMarks:
    """Marks of files by their places in the run; 0 for those without one."""

    def __init__(self) -> None:
        self._marks = bytearray()

    def set(self, place: int, mark: int) -> None:
        """Mark the file that comes after `place` others."""
        self._marks += bytes(max(place + 1 - len(self._marks), 0))
        self._marks[place] = mark

    def fit(self, files: Sequence[str]) -> bool:
        """Whether there are names for all places."""
        return len(self._marks) <= len(files)

    def of(self, files: Sequence[str]) -> Iterator[tuple[str, int]]:
        """Each name, and its mark."""
        return zip(files, self._marks.ljust(len(files), b"\0"), strict=True)
