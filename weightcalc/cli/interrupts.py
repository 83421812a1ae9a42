"""
Ctrl-C before and after a run, when an exception would show the traceback of an import.

It imports nothing else of the package, and so comes before what takes its time.
"""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130


def end_silently() -> None:
    """Let SIGINT end this process at once; where it is ignored, as in background jobs, it stays so."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def raise_again() -> None:
    """Let SIGINT raise KeyboardInterrupt, as it does in Python."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(_: int, __: FrameType | None) -> NoReturn:
    os._exit(INTERRUPTED)
