"""How masks may hold classes."""

from __future__ import annotations

ENCODINGS = ("auto", "index", "color", "one-hot", "multilabel")
