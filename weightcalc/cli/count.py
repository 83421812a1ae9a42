"""`weightcalc count`: masks to a counts file, or counts files added up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..text.numbers import number_of
from .options import counting_options, output_option
from .parsing import parse_local
from .results import say_written, write_result
from .sections import OUTPUT, Command, option

if TYPE_CHECKING:
    from ..counting.options import RunOptions
    from ..labels.options import LabelOptions
    from ..masks.options import ReadOptions
    from ..sources.options import SourceOptions
    from ..text.voice import Voice

_OF_LINES = {"JSON lines": (".jsonl", ".ndjson")}
_NO_LINES = dict.fromkeys(
    ("csv", "tsv", "json"),
    "--per-mask lines.jsonl writes a JSON object a line, which pandas.read_json(..., lines=True) "
    "reads",
)


@click.command("count", cls=Command, short_help="Count masks, or add counts files up.")
@counting_options
@option(
    OUTPUT,
    "--per-mask",
    metavar="FILE",
    callback=parse_local,
    help="Write a JSON line for each mask to FILE, such as lines.jsonl.",
)
@output_option
def command(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    run: RunOptions,
    voice: Voice,
    per_mask: str | None,
    output: str | None,
) -> None:
    """
    Count SOURCES into a counts file, or add counts files up.

    \b
        weightcalc count masks/ -n 12 -o counts.json
        weightcalc count shard-*.json -o all.json
    """
    from ..counting.data_set import find_data
    from ..counting.run import count_data
    from ..counts.counts_file import ENDINGS
    from ..files.endings import format_by_ending
    from ..report.summary import totals_line
    from .usage import check_layers

    check_layers(sources, labels, reading)
    format_by_ending(output, None, ENDINGS)
    outputs = {"-o": output, "--per-mask": per_mask}
    data = find_data(sources, labels, reading, voice, outputs=outputs, cache=run.cache)
    format_by_ending(per_mask, None, _OF_LINES, _NO_LINES)  # after it is known to be no input
    counts = count_data(data, run, voice, per_mask)
    voice.detail(totals_line(counts))
    write_result(output, counts.to_json().encode())
    say_written(output, number_of(counts.num_masks, "mask"), voice)
