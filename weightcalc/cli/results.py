"""Results of commands, to a file or to standard output."""

from __future__ import annotations

import sys

from ..errors import OutputError
from ..text.escape import printable
from ..text.voice import Voice


def say_written(output: str | None, what: str, voice: Voice) -> None:
    """Say which file was written, and what it holds."""
    if output:
        voice.aside(f"wrote {printable(output)} ({what})")


def write_result(output: str | None, data: bytes) -> None:
    """
    Write a result to a file, or to standard output where that is None.

    Raises
    ------
    OutputError
    """
    from ..files.atomic import write_file

    if output:
        write_file(output, data)
        return
    try:
        stream = sys.stdout.buffer
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        raise
    except (OSError, AttributeError) as error:
        reason = getattr(error, "strerror", None) or "it is closed"
        raise OutputError(f"standard output: {reason}") from error
