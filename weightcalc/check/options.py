"""What a user asks of a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RuleOptions:
    """
    Rules and limits that the command line names; what is None or empty was not given.

    Attributes
    ----------
    rules : mapping of str to str
        Rule to level.
    min_masks, min_pixels, max_imbalance, max_ignored, max_drift, max_class_drift
        Limits, as in `Settings`.
    images, mask_name, image_name, against, baseline, weights, digits
        What masks are compared with, as in `Settings`.
    strict : bool
        Whether warnings fail too.
    """

    rules: Mapping[str, str] = field(default_factory=dict)
    min_masks: int | None = None
    min_pixels: int | None = None
    max_imbalance: float | None = None
    max_ignored: float | None = None
    images: str | None = None
    mask_name: str | None = None
    image_name: str | None = None
    against: Sequence[str] = ()
    baseline: str | None = None
    max_drift: float | None = None
    max_class_drift: float | None = None
    weights: str | None = None
    digits: int | None = None
    strict: bool = False


@dataclass(frozen=True)
class FindingOptions:
    """
    How findings are written.

    Attributes
    ----------
    format_ : str, optional
        Default is what the ending of the output says.
    summary : str, optional
        File that gets the findings as Markdown, at its end.
    exit_zero : bool
        Whether the exit code is 0 whatever is found.
    """

    format_: str | None = None
    summary: str | None = None
    exit_zero: bool = False
