"""
Options of `weightcalc check` alone.
"""

from __future__ import annotations

import math

import click

from .options import (
    all_of,
    gathered,
    label_options,
    made_by,
    reading_options,
    run_options,
    source_options,
    voice_options,
    weight_options,
)


def parse_rules(
    ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]
) -> dict[str, str]:
    """Turn ("odd-file=off", "rare-class=warning") into a dict."""
    from ..check.config import rule_level  # here, so that --help need not load the rules

    try:
        return dict(map(rule_level, texts))
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def parse_pattern(ctx: click.Context, param: click.Parameter, text: str | None) -> str | None:
    """Refuse a pattern of names that does not hold {} exactly once."""
    from ..check.config import name_pattern

    try:
        return None if text is None else name_pattern(text)
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


rule_options = gathered(
    "rules",
    made_by("check.options", "RuleOptions"),
    click.option(
        "--rule",
        "rules",
        multiple=True,
        callback=parse_rules,
        metavar="ID=LEVEL",
        help="Level of a rule: error, warning or off.",
    ),
    click.option(
        "--min-masks",
        type=click.IntRange(min=0),
        metavar="N",
        help="Smallest number of masks that must hold a class.",
    ),
    click.option(
        "--min-pixels",
        type=click.IntRange(min=0),
        metavar="N",
        help="Smallest number of pixels that a class must have.",
    ),
    click.option(
        "--max-imbalance",
        type=click.FloatRange(min=0, min_open=True),
        callback=parse_ratio,
        metavar="RATIO",
        help="Largest allowed ratio of the most frequent class to the least frequent one.",
    ),
    click.option(
        "--max-ignored",
        callback=parse_fraction,
        metavar="SHARE",
        help="Largest allowed share of ignored pixels.",
    ),
    click.option(
        "--images",
        metavar="DIR",
        help="Folder of the images, found by the names of the masks; sizes must agree.",
    ),
    click.option(
        "--mask-name",
        callback=parse_pattern,
        metavar="PATTERN",
        help="Names of masks without their endings, such as 'segmentation-{}' or '{}_labelIds'. "
        "{} stands for what a mask and its image share.  [default: {}]",
    ),
    click.option(
        "--image-name",
        callback=parse_pattern,
        metavar="PATTERN",
        help="Names of images without their endings, such as 'volume-{}'.  [default: {}]",
    ),
    click.option(
        "--against", multiple=True, metavar="DIR", help="Another split, which must share no mask."
    ),
    click.option(
        "--baseline",
        metavar="FILE",
        help="Counts file whose class shares the masks are compared with.",
    ),
    click.option(
        "--max-drift",
        callback=parse_fraction,
        metavar="SHARE",
        help="Largest allowed total variation distance from the shares of --baseline.  [default: 0.05]",
    ),
    click.option(
        "--max-class-drift",
        type=click.FloatRange(min=1),
        callback=parse_ratio,
        metavar="FACTOR",
        help="Largest allowed factor between the share of a class and that in --baseline.",
    ),
    click.option("--weights", metavar="FILE", help="Weights file (JSON) that must be up to date."),
    click.option(
        "--digits",
        type=click.IntRange(1, 17),
        metavar="N",
        help="Significant digits of that file.  [default: as it shows, at least 3]",
    ),
    click.option("--strict", is_flag=True, help="Warnings fail too."),
)

finding_options = gathered(
    "findings",
    made_by("check.options", "FindingOptions"),
    click.option(
        "-f",
        "--format",
        "format_",
        type=click.Choice(["text", "json", "github", "junit", "markdown"]),
        help="Format.  [default: by the ending of -o, or text]",
    ),
    click.option("--summary", metavar="FILE", help="Append the findings to FILE as Markdown."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0, whatever is found."),
)

check_options = all_of(
    source_options,
    rule_options,
    finding_options,
    label_options,
    reading_options,
    run_options,
    voice_options,
    weight_options,
)
