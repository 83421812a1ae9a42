"""
The formats of a report, and the endings that choose them.
"""

from __future__ import annotations

ENDINGS = {
    "text": (".txt",),
    "markdown": (".md", ".markdown"),
    "csv": (".csv",),
    "json": (".json",),
    "png": (".png",),
    "svg": (".svg",),
    "pdf": (".pdf",),
}


PICTURES = ("png", "svg", "pdf")
