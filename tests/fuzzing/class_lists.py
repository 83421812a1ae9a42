"""
Class lists: the first byte chooses the ending of the name, the others are the text.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from weightcalc.errors import LabelError, MissingExtraError
from weightcalc.labels import class_list as classlists
from weightcalc.labels.class_list_formats import parse

ENDINGS = ["", ".txt", ".json", ".yaml", ".csv", ".tsv"]
WORD = re.compile(r"[A-Za-z]+")  # "__ignore__" is no class
# A name, alone or after "3: ", "3 " or "64 0 128 ".
PLAIN = re.compile(
    r"(?:(?P<colon>[0-9]{1,3}): |(?P<blank>[0-9]{1,3}) |(?P<color>(?:[0-9]{1,3} ){3}))?"
    rf"(?P<name>{WORD.pattern})"
)
TABLE = re.compile(r"(?i)(name|class|label|idx|id|[rgb]|names|labels)")
LISTS = [
    "road\nsky\ncar\n", "0: road\n1: sky\n", "0 road\n2 sky\n", "64 128 64 Animal\n0 0 192 Arch\n",
    "# label:color_rgb:parts:actions\nroad:128,64,128::\nsky:0,0,0::\n", "sky - 1 2 3 // x\nroad -\n",
    "name,r,g,b\nroad,128,64,128\nsky,0,0,0\n", "Idx\tName\n1\troad\n2\tsky;blue\n",
    '["road", "sky"]', '{"0": "road", "3": "sky"}', '{"road": 0, "sky": 3}',
    '[{"id": 7, "name": "road", "color": [1, 2, 3]}]', '{"id2label": {"0": "a"}}',
    '{"labels": [{"name": "a", "color": "#010203", "evaluate": true}]}', "names:\n  0: road\n  1: sky\n",
    "labels: {0: a, 10: b}\nlearning_map: {0: 0, 10: 1}\nlearning_map_inv: {0: 0, 1: 10}\n",
]  # fmt: skip


def check(data: bytes) -> bool:
    """Compare a class list with what a plain reader reads in simple ones; False if refused."""
    text = data[1:].decode("utf-8", "replace")
    suffix = ENDINGS[data[0] % len(ENDINGS)] if data else ""
    right = plain_names(text, suffix)
    try:
        found = classlists._checked(parse(text, suffix))
    except (LabelError, MissingExtraError, ValueError, RecursionError):
        if right is not None:
            raise
        return False
    known = [name for name in found.names if name is not None]
    assert found.names[-1] is not None, found
    assert len(set(known)) == len(known), found
    ids = range(len(found.names))
    for index in [*(found.colors or {}).values(), *found.mapping.values()]:
        assert index in ids or index in found.ignore, found
    assert all(0 <= color < 1 << 24 for color in found.colors or {}), found
    named = {index: name for index, name in enumerate(found.names) if name is not None}
    assert right is None or named == right, (text, found, right)
    return True


def plain_names(text: str, suffix: str) -> dict[int, str] | None:
    """Class id to name where a list is of one of the simplest forms; None for any other."""
    if suffix == ".json":
        with suppress(ValueError, RecursionError):
            document = json.loads(text)
            if isinstance(document, list) and all(
                isinstance(name, str) and WORD.fullmatch(name) for name in document
            ):
                return distinct(enumerate(document))
        return None
    lines = re.findall(r"[^\n]+", text)
    if suffix not in ("", ".txt") or not lines or not all(map(PLAIN.fullmatch, lines)):
        return None
    found = [PLAIN.fullmatch(line) for line in lines]
    kinds = {(bool(match["colon"]), bool(match["blank"]), bool(match["color"])) for match in found}
    if len(kinds) > 1 or TABLE.fullmatch(lines[0]) or max(map(len, lines)) > 1000:
        return None
    if found[0]["color"]:
        colors = {tuple(map(int, match["color"].split())) for match in found}
        if len(colors) < len(lines) or max(map(max, colors)) > 255:
            return None
    ids = [match["colon"] or match["blank"] for match in found]
    numbers = [place if index is None else int(index) for place, index in enumerate(ids)]
    return distinct(zip(numbers, (match["name"] for match in found), strict=True))


def distinct(pairs: Iterable[tuple[int, str]]) -> dict[int, str] | None:
    """Id to name; None where two of either are the same, or there are none."""
    pairs = list(pairs)
    found = dict(pairs)
    return found if found and len(found) == len(set(found.values())) == len(pairs) else None


def damage(data: bytes, dice: random.Random, raw: Callable[[bytes], bytes]) -> bytes:
    """Another ending, other lines, or a piece of another list."""
    match dice.randrange(6):
        case 0:
            return bytes([dice.randrange(len(ENDINGS))]) + data[1:]
        case 1:
            other = dice.choice(LISTS).encode()
            at, start = dice.randint(1, max(1, len(data))), dice.randrange(len(other))
            return data[:at] + other[start : start + dice.randint(1, 20)] + data[at:]
        case 2:
            lines = data.split(b"\n")
            dice.shuffle(lines)
            return b"\n".join(lines)
        case 3:
            words = list(re.finditer(rb"[A-Za-z]+|[0-9]+", data[1:]))
            if words:
                start, end = dice.choice(words).span()
                new = dice.choice([str(dice.randrange(300)), *map(chr, range(97, 123)), "sea"])
                return data[: start + 1] + new.encode() + data[end + 1 :]
    return raw(data)


def seeds() -> Iterator[bytes]:
    """Lists of all forms, under all endings."""
    return (bytes([ending]) + text.encode() for text in LISTS for ending in range(len(ENDINGS)))
