"""
Options of `weightcalc check` alone.
"""

from __future__ import annotations

import math

import click

from .gathering import all_of, gathered, made_by
from .options import (
    formula_options,
    formula_words,
    label_options,
    method_option,
    reading_options,
    run_options,
    source_options,
    voice_options,
)
from .parsing import Choice
from .sections import COMMON, OUTPUT, RULES, WEIGHTS, option


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
    option(
        COMMON,
        "--rule",
        "rules",
        multiple=True,
        callback=parse_rules,
        metavar="ID=LEVEL",
        help="Level of a rule: error, warning or off.",
    ),
    option(
        RULES,
        "--min-masks",
        type=click.IntRange(min=0),
        metavar="N",
        help="Smallest number of masks that must hold a class.",
    ),
    option(
        RULES,
        "--min-pixels",
        type=click.IntRange(min=0),
        metavar="N",
        help="Smallest number of pixels that a class must have.",
    ),
    option(
        RULES,
        "--max-imbalance",
        type=click.FloatRange(min=0, min_open=True),
        callback=parse_ratio,
        metavar="RATIO",
        help="Largest allowed ratio of the most frequent class to the least frequent one.",
    ),
    option(
        RULES,
        "--max-ignored",
        callback=parse_fraction,
        metavar="SHARE",
        help="Largest allowed share of ignored pixels.",
    ),
    option(
        RULES,
        "--images",
        metavar="DIR",
        help="Folder of the images, found by the names of the masks; sizes must agree.",
    ),
    option(
        RULES,
        "--mask-name",
        callback=parse_pattern,
        metavar="PATTERN",
        help="Names of masks without their endings, such as 'segmentation-{}' or '{}_labelIds'. "
        "{} stands for what a mask and its image share.  [default: {}]",
    ),
    option(
        RULES,
        "--image-name",
        callback=parse_pattern,
        metavar="PATTERN",
        help="Names of images without their endings, such as 'volume-{}'.  [default: {}]",
    ),
    option(
        RULES,
        "--against",
        multiple=True,
        metavar="DIR",
        help="Another split, which must share no mask.",
    ),
    option(
        RULES,
        "--baseline",
        metavar="FILE",
        help="Counts file whose class shares the masks are compared with.",
    ),
    option(
        RULES,
        "--max-drift",
        callback=parse_fraction,
        metavar="SHARE",
        help="Largest allowed total variation distance from the shares of --baseline.  [default: 0.05]",
    ),
    option(
        RULES,
        "--max-class-drift",
        type=click.FloatRange(min=1),
        callback=parse_ratio,
        metavar="FACTOR",
        help="Largest allowed factor between the share of a class and that in --baseline.",
    ),
    option(RULES, "--weights", metavar="FILE", help="Weights file that must be up to date."),
    option(
        RULES,
        "--digits",
        type=click.IntRange(1, 17),
        metavar="N",
        help="Significant digits of that file.  [default: as it shows, at least 3]",
    ),
    option(RULES, "--strict", is_flag=True, help="Warnings fail too."),
)

finding_options = gathered(
    "findings",
    made_by("check.options", "FindingOptions"),
    option(
        OUTPUT,
        "-f",
        "--format",
        "format_",
        type=Choice(["text", "json", "github", "junit", "markdown"]),
        help="Format.  [default: by the ending of -o, or text]",
    ),
    option(OUTPUT, "--summary", metavar="FILE", help="Append the findings to FILE as Markdown."),
    option(OUTPUT, "--exit-zero", is_flag=True, help="Exit with 0, whatever is found."),
)

check_options = all_of(
    source_options,
    rule_options,
    finding_options,
    label_options,
    reading_options,
    run_options,
    voice_options,
    gathered("asked", formula_words, method_option(WEIGHTS), *formula_options),
)
