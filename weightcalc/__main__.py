"""``python -m weightcalc``, and the script ``weightcalc``."""

from __future__ import annotations

import gc
from typing import NoReturn

_STARTED = 20_000  # objects, which are more than a short run makes


def start() -> NoReturn:
    """Run the command line and exit."""
    gc.set_threshold(_STARTED)  # else garbage is looked for 30 times in what was just imported
    from .cli.app import run

    run()


if __name__ == "__main__":
    start()
