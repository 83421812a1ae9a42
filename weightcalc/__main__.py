"""
The program, and ``python -m weightcalc``: from here on, Ctrl-C ends it without a traceback.
"""

import gc
from typing import NoReturn

from .cli.interrupts import end_silently

_STARTED = 20_000  # objects, which are more than a short run makes


def run() -> NoReturn:
    """Run the command line and exit."""
    end_silently()
    gc.set_threshold(_STARTED)  # else garbage is looked for 30 times in what was just imported
    from .cli import app

    app.run()


if __name__ == "__main__":
    run()
