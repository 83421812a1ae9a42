"""
Names that come from outside, escaped so that they can be printed anywhere.
"""

from __future__ import annotations


def printable(name: str) -> str:
    """
    Escape all in a name that could control a terminal or a log.

    Control characters, newlines, bidirectional and zero-width characters and
    bytes that are not UTF-8 become backslash escapes, as does what would open a
    workflow command in a CI log: "::" at the beginning, "##[" anywhere.
    """
    if name.isascii() and name.isprintable():
        text = name
    else:
        text = "".join(c if c.isprintable() else _escape(c) for c in name)
    if text.lstrip().startswith("::"):
        text = text.replace("::", ":\\x3a", 1)
    return text.replace("##[", "#\\x23[")


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def quoted(text: str) -> str:
    """A word as a shell takes it, for hints that are pasted: # would begin a comment."""
    import shlex  # here: only messages need it

    return shlex.quote(printable(text))
