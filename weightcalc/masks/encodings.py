"""How masks may hold classes, and the default limits of a mask."""

from __future__ import annotations

ENCODINGS = ("auto", "index", "color", "one-hot", "multilabel")
MAX_PIXELS = 1 << 34
MAX_BYTES = 1 << 36
