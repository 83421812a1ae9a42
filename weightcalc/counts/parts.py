"""
What two parts of a data set have together: the names of classes without an order, and options.
"""

from __future__ import annotations

import json
from collections.abc import Sequence


def names_together(
    names: Sequence[str | None], others: Sequence[str | None]
) -> Sequence[str | None]:
    """The names of classes without an order of two parts of a data set, each once."""
    return names if [*names] == [*others] else sorted({*names, *others}, key=str)


def joined_options(a: dict[str, object], b: dict[str, object]) -> dict[str, object]:
    """The options of both parts of a sum: as they are, or as a list of those that differ."""
    if a == b:
        return a
    parts = [part for one in (a, b) for part in _parts_of(one)]
    unique = {json.dumps(part, sort_keys=True): part for part in parts}
    return {"parts": [unique[text] for text in sorted(unique)]}


def _parts_of(options: dict[str, object]) -> list[object]:
    parts = options.get("parts")
    return parts if isinstance(parts, list) else [options]
