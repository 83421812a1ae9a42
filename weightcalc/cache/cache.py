"""
Value counts of files that were counted before, kept in a file that runs may share.

A row is used only if its file has the size, the times of modification and of change, and
the inode that it had when it was counted, and if it was counted by this version, with the
options that decide what is counted and with limits no wider than those of this run. Rows
are written every second or so: that much a killed run loses.

The cache is not trusted. What is no cache is refused and left as it is, and so is one that
is damaged. But whoever may write it can change results, as whoever may write the masks can.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any
from zlib import crc32

from .._version import __version__
from ..counts.tally import Counted
from ..errors import CountsError
from ..masks.options import ReadOptions
from ..sources.names import is_url
from ..sources.scenes import Item, files_of, name_of
from ..text.escape import printable
from .database import HINT, connect, transaction
from .identity import Identity, identify, is_same_state, name_ranges
from .rows import LARGEST_ROW, pack, unpack
from .scenes import by_classes, by_places

if TYPE_CHECKING:
    import sqlite3

READERS_VERSION = 4  # raised whenever a reader counts some file in another way

_WINDOW = 1 << 14  # names that are looked up before those without a row are counted
_LARGEST_WINDOW = 32 << 20  # bytes of rows
_STRETCH = 1 << 10  # neighbours that are looked up by passing by, if their rows are small
_SMALL = 1 << 12  # bytes
_BATCH = 128  # names that are looked up at a time
_SECONDS_UNWRITTEN = 1
_ROWS_UNWRITTEN = 1 << 12
_BYTES_UNWRITTEN = 4 << 20
_COARSEST_CLOCK = 2_000_000_000  # nanoseconds within which a change may not show in mtime
_PAGE = 1 << 10  # rows that are checked at a time for files that are gone
_SAME_FILE = "name = ? AND reading = ? AND size = ? AND mtime_ns = ? AND ctime_ns = ? AND inode = ?"

_NO_TAG = "behind URLs whose listing gives no ETag or version, so that they are read again"

_Row = tuple[Any, Any]  # reading and counts, as they stand in the file: both may be anything


@contextmanager
def open_cache(path: str, options: ReadOptions) -> Iterator[Cache]:
    """
    Open a cache for a run that reads with some options, or make it; written until the end.

    Raises
    ------
    CountsError
        If the file is no cache, or damaged, or cannot be written.
    """
    try:
        import sqlite3
    except ImportError as error:
        raise CountsError("a cache needs the module sqlite3, which this Python lacks") from error
    name = printable(path)
    try:
        with closing(connect(path)) as db:
            cache = Cache(path, db, options)
            try:
                yield cache
            except sqlite3.Error:
                raise
            except BaseException:
                cache.write()
                raise
            cache.write()
    except sqlite3.Error as error:
        if not isinstance(error, sqlite3.OperationalError) or _is_of_contents(error):
            raise _damaged(path, str(error)) from error
        hint = "--cache with the name of a file that can be written, in a folder that can be"
        if "locked" in str(error):
            hint = "another program holds it: try again when that has ended"
        raise CountsError(f"{name}: the cache cannot be used: {error}").with_hint(hint) from error


def _is_of_contents(error: sqlite3.OperationalError) -> bool:
    """Whether an error speaks of what the file holds: text that is none, or a name unknown."""
    return getattr(error, "sqlite_errorcode", 1) == 1  # SQLITE_ERROR; of text there is no code


def _damaged(path: str, why: str) -> CountsError:
    reason = printable(why)  # of SQLite, which quotes what it finds
    return CountsError(f"{printable(path)}: the cache is damaged: {reason}").with_hint(HINT)


class Cache:
    """
    An open cache; `open_cache` makes it.

    Attributes
    ----------
    hits : int
        Files whose counts came from the cache.
    not_kept : Counter of str
        How many files were counted, but not stored, by the reason.
    problem : str
        Why rows could not be written, or "". Counts are right all the same.
    """

    def __init__(self, path: str, db: sqlite3.Connection, options: ReadOptions) -> None:
        self.path = path
        self.hits = 0
        self.not_kept: Counter[str] = Counter()
        self.problem = ""
        self._db = db
        self._readings = _Readings(path, db, options)
        self._rows: list[tuple[object, ...]] = []
        self._num_bytes = 0
        self._num_stored = 0
        self._written_at = time.monotonic()
        self._named, self._between = _queries(_numbers(self._readings.seeds))

    def count_each(
        self, items: Sequence[Item], count_rest: Callable[[Sequence[Item]], Iterable[Counted]]
    ) -> Iterator[Counted]:
        """
        Give the counts of files or scenes in their order, counting only those without a row.

        Parameters
        ----------
        items : sequence of str or Scene
        count_rest : callable
            Counts files and gives them in their order, such as `counting.count_each`.

        Raises
        ------
        CountsError
            If the cache is damaged.
        """
        start = 0
        while start < len(items):
            now = time.time_ns()
            identities = identify(items[start : start + _WINDOW])
            rows = self._look_up(identities)
            window = items[start : start + len(rows)]
            rest = [item for item, row in zip(window, rows, strict=True) if row is None]
            counted = iter(count_rest(rest) if rest else ())
            for item, identity, row in zip(window, identities, rows, strict=False):
                if row is not None and identity is not None:
                    yield self._read(item, identity, row)
                else:
                    one = next(counted)
                    self._store(item, one, identity, now)
                    yield one
            next(counted, None)  # lets it end
            start += len(rows)

    def _look_up(self, identities: Sequence[Identity | None]) -> list[_Row | None]:
        """
        Rows, or None where there is none; fewer than asked for where they are large.

        Raises
        ------
        sqlite3.Error
        """
        rows: list[_Row | None] = []
        num_bytes = 0
        for start in range(0, len(identities), _STRETCH):
            stretch = identities[start : start + _STRETCH]
            found = self._pass_by(stretch)
            got = [one and found.get(one) for one in stretch]
            if None in got:
                found |= self._ask_for([o for o, row in zip(stretch, got, strict=True) if not row])
                got = [one and found.get(one) for one in stretch]
            rows += got
            num_bytes += sum(len(row[1]) for row in found.values() if isinstance(row[1], bytes))
            if num_bytes >= _LARGEST_WINDOW:
                break
        return rows

    def _pass_by(self, identities: Sequence[Identity | None]) -> dict[Any, _Row]:
        """Small rows between the first and the last name: mostly those of these names."""
        names = [one.name for one in identities if one is not None]
        if not names:
            return {}
        rows = self._db.execute(self._between, (min(names), max(names)))
        return {row[:5]: row[5:] for row in rows}

    def _ask_for(self, identities: Sequence[Identity | None]) -> dict[Any, _Row]:
        found = {}
        names = [one.name for one in identities if one is not None]
        for start in range(0, len(names), _BATCH):
            batch = names[start : start + _BATCH]
            for row in self._db.execute(self._named, batch + [b""] * (_BATCH - len(batch))):
                found[row[:5]] = row[5:]
        return found

    def _read(self, item: Item, identity: Identity, row: _Row) -> Counted:
        """
        The counts that a row holds.

        Raises
        ------
        CountsError
            If they are damaged.
        """
        reading, counts = row
        try:
            kept = unpack(counts, crc32(identity.name, self._readings.seeds[reading]))
            masks = by_classes(item, kept)
        except (ValueError, TypeError) as error:
            self._rows.clear()  # no more is written to a damaged file
            raise _damaged(self.path, f"the row of {printable(name_of(item))}: {error}") from error
        self.hits += 1
        return Counted(name_of(item), masks)

    def _store(self, item: Item, counted: Counted, before: Identity | None, now: int) -> None:
        """
        Keep what was counted, if the file is at rest, and write it sooner or later.

        Parameters
        ----------
        item : str or Scene
        counted : Counted
            What became of it.
        before : Identity or None
            Of the file before it was counted.
        now : int
            Nanoseconds since the epoch when that was found.
        """
        if counted.error is not None or self.problem:
            return
        reason, row = self._row(item, counted, before, now)
        if reason or before is None:
            self.not_kept[reason] += 1
            return
        self._rows.append((*before[:1], self._readings.own, *before[1:], row))
        self._num_bytes += len(row)
        self._num_stored += 1
        if (
            len(self._rows) >= _ROWS_UNWRITTEN
            or self._num_bytes >= _BYTES_UNWRITTEN
            or time.monotonic() - self._written_at >= _SECONDS_UNWRITTEN
        ):
            self.write()

    def _row(
        self, item: Item, counted: Counted, before: Identity | None, now: int
    ) -> tuple[str, bytes]:
        """Why there is no row, or the row."""
        if before is None:
            remote = any(map(is_url, files_of(item)))
            return _NO_TAG if remote else "without a state", b""
        if before.mtime_ns > now - _COARSEST_CLOCK:
            return "modified less than 2 s before they were read", b""
        if identify([item]) != [before]:
            return "changed while they were counted", b""
        seed = crc32(before.name, self._readings.seeds[self._readings.own])
        row = pack(by_places(item, counted.masks), seed)
        return "" if row else "of too many values", row

    def write(self) -> None:
        """Write what waits to be written; where that is impossible, `problem` says why."""
        import sqlite3

        rows, self._rows, self._num_bytes = self._rows, [], 0
        try:
            if rows:
                with transaction(self._db):
                    self._db.executemany(
                        "INSERT OR REPLACE INTO masks VALUES (?, ?, ?, ?, ?, ?, ?)", rows
                    )
        except sqlite3.OperationalError as error:  # a full disk, for example: the counts are right
            self.problem = str(error)
        self._written_at = time.monotonic()

    def drop_gone(self, places: Iterable[str]) -> None:
        """
        Drop the rows of files that are gone, below folders and in archives that were counted.

        The rows of other places stay, and are not even looked at: another run may need them.

        Raises
        ------
        sqlite3.Error
        """
        import sqlite3

        self.write()
        ranges = list(name_ranges(places))
        try:
            if not self.problem and self._holds_more(ranges):
                for low, high in ranges:
                    self._drop_between(low, high)
        except sqlite3.OperationalError as error:
            self.problem = str(error)

    def _holds_more(self, ranges: Iterable[tuple[bytes, bytes]]) -> bool:
        """Whether there are rows that this run does not need, and not too many to look at."""
        names = old = 0
        for low, high in ranges:
            found = self._db.execute(
                f"SELECT count(*), total(old) FROM (SELECT max(reading IN ({self._readings.stale}))"
                " AS old FROM masks WHERE name >= ? AND name < ? GROUP BY name)",
                (low, high),
            ).fetchone()
            names, old = names + found[0], old + found[1]
        used = self.hits + self._num_stored
        return old > 0 or used < names <= 2 * used + _ROWS_UNWRITTEN

    def _drop_between(self, low: bytes, high: bytes) -> None:
        last: tuple[Any, ...] = (low, -1)
        while page := self._db.execute(
            "SELECT name, reading, size, mtime_ns, ctime_ns, inode FROM masks WHERE "
            f"(name, reading) > (?, ?) AND name < ? ORDER BY name, reading LIMIT {_PAGE}",
            (*last, high),
        ).fetchall():
            last = page[-1][:2]
            useless = [row for row in page if self._is_useless(row)]
            if useless:
                with transaction(self._db):
                    self._db.executemany(f"DELETE FROM masks WHERE {_SAME_FILE}", useless)

    def _is_useless(self, row: tuple[Any, ...]) -> bool:
        name, reading, *state = row
        if reading in self._readings.old:
            return True
        return not is_same_state(Identity(name, *state))


def _queries(readings: str) -> tuple[str, str]:
    """SQL for the rows of a batch of names, and for small rows between two names."""
    start = (
        "SELECT name, size, mtime_ns, ctime_ns, inode, reading, counts FROM masks "
        f"WHERE reading IN ({readings}) AND "
    )
    names = ", ".join("?" * _BATCH)
    return (
        f"{start} name IN ({names}) AND length(counts) <= {LARGEST_ROW}",
        f"{start} name BETWEEN ? AND ? AND length(counts) <= {_SMALL} LIMIT {2 * _STRETCH}",
    )


class _Readings:
    """
    The ways of reading whose rows a cache holds: a version, options and limits.

    Attributes
    ----------
    own : int
        The way of this run.
    seeds : dict of int to int
        CRC-32 of each way whose rows this run may use.
    old : set of int
        The ways of other versions.
    """

    def __init__(self, path: str, db: sqlite3.Connection, options: ReadOptions) -> None:
        self.seeds: dict[int, int] = {}
        self.old: set[int] = set()
        own = {"version": __version__, "readers": READERS_VERSION} | options._asdict()
        text = json.dumps(own, sort_keys=True)
        mine = json.loads(text)  # as those in the file: without tuples
        with transaction(db):
            db.execute("INSERT OR IGNORE INTO readings (options) VALUES (?)", (text,))
        for number, found in db.execute("SELECT reading, options FROM readings"):
            try:
                self._sort_in(number, found, json.loads(found), mine)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise _damaged(path, f"its list of options: {error!r}") from error
            if found == text:
                self.own = number
        if not hasattr(self, "own"):
            raise _damaged(path, "its index names options that its list of options lacks")

    def _sort_in(self, number: int, text: str, found: dict[str, Any], mine: dict[str, Any]) -> None:
        limits = ("max_pixels", "max_bytes")
        if any(found[name] != mine[name] for name in ("version", "readers")):
            self.old.add(number)
        elif found.keys() == mine.keys() and all(
            found[name] <= mine[name] if name in limits else found[name] == mine[name]
            for name in mine
        ):
            self.seeds[number] = crc32(text.encode())

    @property
    def stale(self) -> str:
        """The ways of other versions, as a list of SQL."""
        return _numbers(self.old)


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
