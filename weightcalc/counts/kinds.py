"""
Whether the masks of a set are of one kind, by what was counted in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import combinations

from ..errors import SourceError
from ..masks.value_counts import ValueCounts
from ..sources.kinds import ending_of, two_kinds
from ..sources.looks import Looks
from ..text.escape import printable
from .unknown_values import Seen

_UNREADABLE = "unreadable"
_MOST_VALUES = 1000  # of the masks of one ending, which are enough to compare
_MOST_DIFFERENT = 1000  # words of names that may be classes
_HELP = "`weightcalc help layers` has how to count each scene once"
_MOST_WORDS = 5  # names of classes in a message
_FEW_SCENES = 3  # fewer masks have no value in common by chance


class _Group:
    """The masks of one ending: their modes, their values, and how many they are."""

    def __init__(self) -> None:
        self.modes: set[str] = set()
        self.values: set[int] = set()
        self.masks = 0

    def add(self, mask: ValueCounts) -> None:
        """Take note of a mask."""
        self.modes.add(mask.kind)
        self.masks += 1
        if len(self.values) < _MOST_VALUES:
            self.values.update(mask.values)

    @property
    def is_binary(self) -> bool:
        """Whether no other value than 0 and 255 occurs."""
        return 255 in self.values and self.values <= {0, 255}

    @property
    def is_unread(self) -> bool:
        """Whether none of the files is a mask."""
        return self.modes == {_UNREADABLE}

    @property
    def only_value(self) -> int:
        """The only value besides 0; 0 if there is none, or several."""
        others = self.values - {0}
        return others.pop() if len(others) == 1 else 0

    def cannot_be_of(self, other: _Group) -> bool:
        """Whether two endings are of two kinds by their modes, or as one has 0 and 255 alone."""
        return self.modes.isdisjoint(other.modes) or self.is_binary != other.is_binary

    def shares_no_value_with(self, other: _Group) -> bool:
        """Whether two endings are of two kinds as there is no class in both of them."""
        mine, yours = self.values - {0}, other.values - {0}
        enough = min(self.masks, other.masks) >= _FEW_SCENES
        return enough and bool(mine) and bool(yours) and mine.isdisjoint(yours)


class Kinds:
    """
    The kinds of the masks of a set.

    Parameters
    ----------
    endings : mapping of str to str
        Endings with which scenes recur, as `repeated_endings` gives them.
    looks : Looks
        What the names have in common with those of layers.
    """

    def __init__(self, endings: Mapping[str, str], looks: Looks) -> None:
        self._modes: dict[str, Seen] = {}
        self._endings = dict(endings)
        self._groups = {ending: _Group() for ending in endings}
        self._looks = looks
        self._words: dict[str, _Group] = {}

    def add(self, file: str, mask: ValueCounts) -> None:
        """Take note of a mask and of the file that holds it."""
        seen = self._modes.get(mask.kind)
        if seen is None:
            seen = self._modes[mask.kind] = Seen(file)
        seen.masks += 1
        if self._groups and (group := self._groups.get(ending_of(file))) is not None:
            group.add(mask)
        if self._looks.first and (group := self._of_word(file)) is not None:
            group.add(mask)

    @property
    def goes_by_modes(self) -> bool:
        """Whether only the modes of masks are compared, as the names tell of nothing else."""
        return not (self._groups or self._looks.first)

    def add_several(self, kind: str, first: str, number: int) -> None:
        """Take note of several masks of a mode, of which the first one's file is named."""
        self._modes.setdefault(kind, Seen(first)).masks += number

    def _of_word(self, file: str) -> _Group | None:
        """The masks of a word that may be a class; None where there is none, or too many are."""
        word = self._looks.word_of(file)
        if word and len(self._words) < _MOST_DIFFERENT:
            self._words.setdefault(word, _Group())
        return self._words.get(word)

    def add_unreadable(self, file: str) -> None:
        """Take note of a file that holds no mask."""
        if (group := self._groups.get(ending_of(file)) if self._groups else None) is not None:
            group.modes.add(_UNREADABLE)
            group.masks += 1

    def error_by_endings(self) -> SourceError | None:
        """What to raise where masks of two endings differ in kind; None if they do not."""
        seen = [(end, group) for end, group in self._groups.items() if group.masks]
        for (one, of_one), (other, of_other) in combinations(seen, 2):
            differ = of_one.cannot_be_of(of_other)
            if differ or of_one.shares_no_value_with(of_other):
                unread = one if of_one.is_unread else other if of_other.is_unread else ""
                endings = {end: self._endings[end] for end in (one, other)}
                return two_kinds(endings, unread, may_be_parts=not differ)
        return None

    def error_by_layers(self) -> SourceError | None:
        """What to raise where masks are layers, a file for each class; None if they are not."""
        recurring = {w: group for w, group in self._words.items() if w in self._looks.first}
        values = Counter(group.only_value for group in recurring.values())
        del values[0]
        value, number = max(values.items(), key=lambda item: item[1], default=(0, 0))
        if number < 2:
            return None
        from ..sources.layer_options import options_of_classes  # here: few runs come to this

        words = [word for word, group in recurring.items() if group.only_value == value]
        layers = [word for word, group in self._words.items() if group.values <= {0, value}]
        options = options_of_classes(self._looks, layers)
        some = ", ".join(printable(self._looks.first[word]) for word in words[:2])
        more = ", ..." if len(words) > _MOST_WORDS else ""
        shown = ", ".join(map(printable, words[:_MOST_WORDS])) + more
        return SourceError(
            f"{some}: binary masks of the same scenes, whose names differ in {shown}: they look "
            "like a file for each class, so that each scene would count several times"
        ).with_hint(
            (f"{options} counts each scene once" if options else _HELP)
            + "; --include '*' if each file is a mask of its own, such as a tile"
        )

    def error_by_modes(self) -> SourceError | None:
        """What to raise where the masks are of several modes; None if they are of one."""
        if len(self._modes) < 2:
            return None
        some = ", ".join(
            f"{kind} ({seen.masks}, one is {printable(seen.first)})"
            for kind, seen in sorted(self._modes.items(), key=lambda item: -item[1].masks)
        )
        return SourceError(f"masks of {len(self._modes)} kinds: {some}").with_hint(
            "--include GLOB to choose one kind, or --encoding index to count all by index"
        )
