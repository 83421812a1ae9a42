"""
What a check looks for and what it finds: settings, findings, and the bounded list of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..text.escape import printable

ERROR, WARNING, OFF = "error", "warning", "off"
LEVELS = (ERROR, WARNING, OFF)
STEM = "{}"  # in patterns of names
MOST_KEPT = 1000  # findings of a rule that are held; all are counted


@dataclass
class Settings:
    """
    What a check looks for.

    Attributes
    ----------
    levels : dict of str to str
        Rule to one of `LEVELS`, for each rule.
    asked : set of str
        Rules that the command line names: they are tried on single files too.
    min_masks, min_pixels : int, optional
        Least number of masks and of pixels that hold a class.
    max_imbalance : float, optional
        Largest ratio of the pixels of two classes that occur.
    max_ignored, max_drift : float, optional
        Largest share of ignored pixels; largest distance from `baseline`.
    max_class_drift : float, optional
        Largest factor between the shares of a class here and in `baseline`.
    images : str, optional
        Folder of the images.
    mask_name, image_name : str
        Patterns of names without endings; {} is what a mask and its image share.
    against : sequence of str
        Masks of other splits.
    baseline, weights : str, optional
        A counts file, and a weights file of so many significant `digits`.
    strict : bool
        Whether warnings fail too.
    """

    levels: dict[str, str]
    asked: set[str] = field(default_factory=set)
    min_masks: int | None = None
    min_pixels: int | None = None
    max_imbalance: float | None = None
    max_ignored: float | None = None
    max_drift: float | None = None
    max_class_drift: float | None = None
    images: str | None = None
    mask_name: str = STEM
    image_name: str = STEM
    against: Sequence[str] = ()
    baseline: str | None = None
    weights: str | None = None
    digits: int | None = None
    strict: bool = False


class Finding(NamedTuple):
    """
    What one rule says about one mask, one class, or the whole set.

    Attributes
    ----------
    rule : str
    text : str
        What is wrong, with numbers; safe to print.
    mask : str or None
        Name of the mask, as it is.
    class_id, name : int or None, str or None
        The class, and its name, as it is.
    """

    rule: str
    text: str
    mask: str | None = None
    class_id: int | None = None
    name: str | None = None

    @property
    def where(self) -> str:
        """The mask or the class, safe to print; "" for the whole set."""
        if self.mask is not None:
            return printable(self.mask)
        if self.class_id is None:
            return ""
        return f"class {self.class_id}" + (f" ({printable(self.name)})" if self.name else "")

    def line(self) -> str:
        """The finding in one line, safe to print."""
        return f"{self.where}: {self.text}" if self.where else self.text


class Findings:
    """
    All findings of a check, counted; of each rule the first ones are kept.

    Parameters
    ----------
    levels : mapping of str to str
        Rule to level; what a rule that is off finds is dropped.

    Attributes
    ----------
    kept : dict of str to list of Finding
    numbers : dict of str to int
        Rule to how many findings there are.
    hints : dict of str to str
        Rule to what to do about its findings, where these masks show more than the rule itself.
    """

    def __init__(self, levels: Mapping[str, str]) -> None:
        self.levels = levels
        self.kept: dict[str, list[Finding]] = {}
        self.numbers: dict[str, int] = {}
        self.hints: dict[str, str] = {}

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room."""
        rule = finding.rule
        if self.levels[rule] == OFF:
            return
        self.numbers[rule] = self.numbers.get(rule, 0) + 1
        kept = self.kept.setdefault(rule, [])
        if len(kept) < MOST_KEPT:
            kept.append(finding)

    def number(self, level: str) -> int:
        """How many findings of a level there are."""
        return sum(n for rule, n in self.numbers.items() if self.levels[rule] == level)

    def rules(self) -> list[str]:
        """Rules with findings: errors before warnings, and those with most findings first."""
        return sorted(
            self.numbers, key=lambda rule: (LEVELS.index(self.levels[rule]), -self.numbers[rule])
        )

    def exit_code(self, strict: bool) -> int:
        """1 if there are errors, or, where that is strict, warnings; else 0."""
        return int(bool(self.number(ERROR) or (strict and self.number(WARNING))))
