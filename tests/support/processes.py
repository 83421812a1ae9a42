"""Processes to test with: what one did besides reading, one that file modes apply to, and bounds."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

RUN = [sys.executable, "-m", "weightcalc"]  # the command line, in a process of its own
_HARM = ("os.", "shutil.", "subprocess.", "socket.", "pickle.", "marshal.", "mmap.", "pty.")
_READING = ("os.listdir", "os.scandir", "os.walk", "os.getxattr", "os.listxattr")
_IMPORTING = (
    "marshal.load",
    "os.putenv",
    "os.unsetenv",
)  # NumPy sets a variable, and takes it back
TEMPORARY = re.compile(r"\.(counts\.json|lines)\.weightcalc-[0-9a-f]{12}")  # beside outputs
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def watch() -> list[str]:
    """
    A list that grows with each write, new name, process, connection, unpickling or memory map.

    Told by Python's audit events. Temporary files that have no name are no harm, nor is
    the import of modules.
    """
    tempfile.gettempdir()  # which writes a file to try the folder
    done: list[str] = []
    sys.addaudithook(lambda event, arguments: done.extend(_harm_in(event, arguments)))
    return done


def obey_modes() -> None:
    """Make this process ask for permission like any other, though it is of root."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP, until it ends


def _harm_in(event: str, arguments: tuple[object, ...]) -> Iterator[str]:
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING and not _is_unnamed(path):
            yield f"open {path!r}"
    elif event.startswith(_HARM) and not event.startswith((*_READING, *_IMPORTING)):
        yield f"{event} {arguments!r}"


def _is_unnamed(path: object) -> bool:
    """Whether a file is open already, or has no name and is opened by that of its folder."""
    return not isinstance(path, str | bytes | os.PathLike) or os.path.isdir(path)


# Not getrusage: its maximum outlives exec, so that a child begins with that of pytest.
PEAK = """
def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
"""
_BOUNDED = f"""
import resource, sys
{PEAK}
seconds = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # before the machine swaps
exec(sys.argv.pop(1))

from weightcalc.cli.app import exit_code_of

code = exit_code_of(sys.argv[1:])
print(peak())
sys.exit(code)
"""
_BUSY = 30  # times the processor time that a run may last where others use the machine too


def run_bounded(
    *words: object,
    environment: dict[str, str],
    cwd: str | os.PathLike[str] | None = None,
    seconds: int = 2,
    megabytes: int = 300,
    planted: str = "",
) -> tuple[int, str]:
    """
    Run a command line that writes nothing to standard output, within bounds.

    Parameters
    ----------
    *words : object
    environment : dict of str to str
    cwd : str or os.PathLike, optional
        Working directory.
    seconds : int
        Of processor time, after which the run is killed.
    megabytes : int
        Of memory, at most, which is asserted.
    planted : str
        Python that is run first, to plant a fault; a traceback may be the answer to it.

    Returns
    -------
    tuple of int and str
        Exit code, and standard error, which holds no traceback of a fault that is not planted.
    """
    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(seconds), planted, *map(str, words)],
        env=environment, cwd=cwd, capture_output=True, text=True, timeout=_BUSY * seconds, check=False,
    )  # fmt: skip
    assert done.returncode >= 0, f"killed by signal {-done.returncode}: {done.stderr}"
    assert planted or "Traceback" not in done.stderr, done.stderr
    assert int(done.stdout) < megabytes * 1_000_000
    return done.returncode, done.stderr


# Smaller than pytest, whose memory would be taken for that of its child, which it starts out as.
_WATCHER = """
import os, resource, sys
note, seconds, *command = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
_, status, used = os.wait4(os.posix_spawn(command[0], command, os.environ), 0)
with open(note, "w") as file:
    file.write(str(used.ru_maxrss * 1024))
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
"""


class Watched:
    """
    A command line whose process says nothing of itself, and is watched by another one.

    Parameters
    ----------
    command : list of str
    folder : Path
        Where the watcher may write.
    seconds : int
        Of processor time, after which the process is killed.

    Attributes
    ----------
    command : list of str
        What to run in its place; the exit code is the same.
    """

    def __init__(self, command: list[str], folder: Path, seconds: int) -> None:
        self._note = folder / "most memory"
        self.command = [sys.executable, "-c", _WATCHER, str(self._note), str(seconds), *command]

    @property
    def most_memory(self) -> int:
        """Bytes that the process took, when it has ended."""
        return int(self._note.read_text())
