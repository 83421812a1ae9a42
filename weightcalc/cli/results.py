"""Results of commands, to a file or to standard output."""

from __future__ import annotations

import sys

from ..errors import OutputError


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
