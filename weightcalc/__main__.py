"""
The program, and ``python -m weightcalc``: from here on, Ctrl-C ends it without a traceback.
"""

from typing import NoReturn

from .cli.interrupts import end_silently


def run() -> NoReturn:
    """Run the command line and exit."""
    end_silently()
    from .cli import app

    app.run()


if __name__ == "__main__":
    run()
