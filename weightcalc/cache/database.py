"""
The SQLite file of a cache: made, opened, and refused if it is anything else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import CountsError
from ..text.escape import printable

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x57434C43  # "WCLC", at byte 68 of the file
LAYOUT = 1  # of the tables; SQLite's user_version, at byte 60
HINT = "--cache with another name; this file is left as it is"

SIDE_FILES = ("-wal", "-shm", "-journal")  # endings of what SQLite keeps beside a file

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_SECONDS_TO_WAIT = 10  # for another run that writes
_TABLES = {
    "masks": (
        "CREATE TABLE masks (name BLOB NOT NULL, reading INTEGER NOT NULL, "
        "size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL, "
        "inode INTEGER NOT NULL, counts BLOB NOT NULL, "
        "PRIMARY KEY (name, reading)) WITHOUT ROWID"
    ),
    "readings": (
        "CREATE TABLE readings (reading INTEGER PRIMARY KEY, options TEXT NOT NULL UNIQUE)"
    ),
    "sqlite_autoindex_readings_1": None,
}
_SETTINGS = (
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA synchronous = NORMAL",  # in WAL mode a power cut loses rows, never the file
)


def connect(path: str) -> sqlite3.Connection:
    """
    Open a cache file, or make it where there is none or an empty one.

    Raises
    ------
    CountsError
        If there is another file of that name.
    sqlite3.Error
        If SQLite finds that it is damaged, or cannot write it.
    """
    import sqlite3

    check_file(path)
    # An absolute path, as ":memory:" and "" are not files to SQLite.
    db = sqlite3.connect(os.path.abspath(path), timeout=_SECONDS_TO_WAIT, isolation_level=None)
    try:
        for setting in _SETTINGS:
            db.execute(setting)
        with transaction(db):  # which fails at once where nothing can be written
            _check_tables(db, path)
        with suppress(sqlite3.OperationalError):  # another run is about to do the same
            db.execute("PRAGMA journal_mode = WAL")
    except BaseException as error:
        db.close()
        if isinstance(error, UnicodeDecodeError):  # SQLite quotes the bytes of a broken table
            raise sqlite3.DatabaseError("the text of its tables is not UTF-8") from error
        raise
    return db


def check_file(path: str) -> None:
    """
    Refuse what is no cache before SQLite sees it, which may write to what it opens.

    Raises
    ------
    CountsError
    """
    name = printable(path)
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise CountsError(f"{name}: not a regular file, so no cache").with_hint(HINT)
        with open(path, "rb") as file:
            head = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
            raise CountsError(f"{name}: there is no such folder") from None
        return
    except (OSError, ValueError) as error:
        if isinstance(error, CountsError):
            raise
        raise CountsError(f"{name}: {getattr(error, 'strerror', None) or error}") from error
    if not head:
        return
    if len(head) < _HEADER_BYTES or not head.startswith(_MAGIC):
        raise CountsError(f"{name}: not a cache of weightcalc").with_hint(HINT)
    _check_numbers(name, int.from_bytes(head[68:72], "big"), int.from_bytes(head[60:64], "big"))


def _check_numbers(name: str, application: int, layout: int) -> None:
    if application != APPLICATION_ID:
        raise CountsError(f"{name}: an SQLite file of another program").with_hint(HINT)
    if layout != LAYOUT:
        raise CountsError(
            f"{name}: a cache of layout {layout}, where this weightcalc has layout {LAYOUT}"
        ).with_hint(HINT)


def _check_tables(db: sqlite3.Connection, path: str) -> None:
    found = dict(db.execute("SELECT name, sql FROM sqlite_master LIMIT 10").fetchall())
    application, layout = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if not found and not application and not layout:
        for statement in filter(None, _TABLES.values()):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {LAYOUT}")
        return
    _check_numbers(printable(path), application, layout)
    if found != _TABLES:
        raise CountsError(f"{printable(path)}: its tables are not those of a cache").with_hint(HINT)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write all of it or nothing, waiting for others that write."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
