"""
Options of `weightcalc check` alone.
"""

from __future__ import annotations

import math

import click

from .options import (
    all_of,
    label_options,
    reading_options,
    running_options,
    source_options,
    weight_options,
)

FORMATS = ("text", "json", "github", "junit", "markdown")


def parse_rules(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> dict[str, str]:
    """Turn ("odd-file=off", "rare-class=warning") into a dict."""
    from ..check.config import rule_level  # here, so that --help need not load the rules

    try:
        return dict(map(rule_level, texts))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def parse_fraction(ctx: click.Context, param: click.Parameter, text: str | None) -> float | None:
    """Turn "0.3" or "30%" into 0.3."""
    from ..check.config import fraction

    try:
        return None if text is None else fraction(text)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def parse_ratio(ctx: click.Context, param: click.Parameter, ratio: float | None) -> float | None:
    """Refuse what is no limit: nan, which nothing is above, and inf."""
    if ratio is not None and not math.isfinite(ratio):
        raise click.BadParameter(f"expected a finite number above 0, got {ratio}", ctx, param)
    return ratio


rule_options = all_of(
    click.option(
        "--rule",
        "rules",
        multiple=True,
        callback=parse_rules,
        metavar="ID=LEVEL",
        help="Level of a rule: error, warning or off.",
    ),
    click.option(
        "--min-masks", type=click.IntRange(min=0), metavar="N", help="Least masks of a class."
    ),
    click.option(
        "--min-pixels", type=click.IntRange(min=0), metavar="N", help="Least pixels of a class."
    ),
    click.option(
        "--max-imbalance",
        type=click.FloatRange(min=0, min_open=True),
        callback=parse_ratio,
        metavar="RATIO",
        help="Most pixels of a class for one of another.",
    ),
    click.option(
        "--max-ignored", callback=parse_fraction, metavar="SHARE", help="Most ignored pixels."
    ),
    click.option(
        "--images", metavar="DIR", help="Images of the masks, found by stem; sizes must agree."
    ),
    click.option("--mask-ending", default="", metavar="END", help="What ends stems of masks only."),
    click.option("--image-ending", default="", metavar="END", help="The same of images."),
    click.option(
        "--against", multiple=True, metavar="DIR", help="Another split, which must share no mask."
    ),
    click.option("--baseline", metavar="FILE", help="Counts file to compare shares with."),
    click.option(
        "--max-drift",
        callback=parse_fraction,
        metavar="SHARE",
        help="Most total variation distance from it.  [default: 0.05]",
    ),
    click.option("--weights", metavar="FILE", help="Weights (JSON) that must be up to date."),
    click.option(
        "--digits",
        type=click.IntRange(1, 17),
        metavar="N",
        help="Significant digits of that file.  [default: as it shows, at least 3]",
    ),
)

finding_options = all_of(
    click.option(
        "-f",
        "--format",
        "format_",
        type=click.Choice(FORMATS),
        help="Format.  [default: by the ending of -o, or text]",
    ),
    click.option("--summary", metavar="FILE", help="Append the findings there, as Markdown."),
    click.option("--strict", is_flag=True, help="Warnings fail too."),
    click.option("--exit-zero", is_flag=True, help="Exit 0 whatever is found."),
)

check_options = all_of(
    source_options,
    rule_options,
    finding_options,
    label_options,
    reading_options,
    running_options,
    weight_options,
)
