"""The format of a result, by the ending of the file that it goes to."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ..errors import OutputError
from ..text.escape import printable
from ..text.suggest import nearest


def format_by_ending(
    path: str | None,
    given: str | None,
    endings: Mapping[str, Sequence[str]],
    refused: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """
    The format that a result is written in.

    Parameters
    ----------
    path : str, optional
        Where it goes; None is standard output.
    given : str, optional
        The format that the user asks for.
    endings : mapping of str to sequence of str
        Format to its endings, such as ``{"json": [".json"]}``. The first one is the
        default, which names without an ending, devices and pipes take.
    refused : mapping of str to str
        Formats that people look for, by their endings without a dot, and what to do instead.

    Raises
    ------
    OutputError
        If no format has the ending, or if the one that has it is not the one asked for.
    """
    ending = _ending_of(path)
    if (instead := refused.get(ending[1:])) is not None:
        raise OutputError(f"{printable(path or '')}: {ending} is not written").with_hint(instead)
    by_ending = {end: name for name, ends in endings.items() for end in ends}
    found = by_ending.get(ending)
    if given is not None:
        if found is not None and given != found:
            raise OutputError(
                f"{printable(path or '')}: -f asks for {given}, but the ending {ending} is that "
                f"of {found}"
            ).with_hint(f"-f {found}, or another ending")
        return given
    if ending and found is None:
        raise OutputError(
            f"{printable(path or '')}: no format has the ending {printable(ending)}"
            f"{nearest(ending, by_ending)}"
        ).with_hint(", ".join(by_ending) + f", or -f {'|'.join(endings)}" * (len(endings) > 1))
    return found or next(iter(endings))


def _ending_of(path: str | None) -> str:
    """The ending in lower case; "" for standard output and for what is no regular file."""
    if path is None:
        return ""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return ""
    except (OSError, ValueError):
        pass  # it is not there yet
    return os.path.splitext(path)[1].lower()
