"""
Looks for wrong counts and wrong classes: ``python tests/fuzz.py SECONDS``.

Damages masks, archives and class lists, and compares what is read with what a plain slow
reader finds. An error of the package is a right answer; another exception, any other result,
and memory that a small file should not need are bugs: the input is written to the folder that
is named, and the exit code is 1. With atheris installed, coverage guides the damage; without,
it is blind.

    python tests/fuzz.py 60               all targets, for an equal share of the time
    python tests/fuzz.py 60 png           one of them
    python tests/fuzz.py 0 png            whether the right files that it begins with are read
    python tests/fuzz.py 0 png FILE ...   inputs that failed before
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fuzzing.running import TARGETS, check, run, target


def main() -> int:
    """Run the targets for the seconds of the command line, each in a process of its own."""
    seconds, *rest = [*sys.argv[1:], "60"][: max(1, len(sys.argv) - 1)]
    if len(rest) > 1:
        for path in rest[1:]:
            check(target(rest[0]), Path(path).read_bytes())
        return 0
    if rest:
        return run(rest[0], int(seconds))
    each = max(1, int(seconds) // len(TARGETS))
    commands = [[sys.executable, __file__, str(each), name] for name in TARGETS]
    return max(int(subprocess.run(command, check=False).returncode != 0) for command in commands)


if __name__ == "__main__":
    sys.exit(main())
