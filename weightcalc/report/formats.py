"""
The formats of a report, and the endings that choose them.
"""

from __future__ import annotations

ENDINGS = {
    "text": (".txt",),
    "markdown": (".md", ".markdown"),
    "html": (".html", ".htm"),
    "csv": (".csv",),
    "json": (".json",),
    "png": (".png",),
    "svg": (".svg",),
    "pdf": (".pdf",),
}
DATA = ("csv", "json")  # for programs: whatever people see, they hold what `weights` writes
BY_MATPLOTLIB = ("png", "pdf")
