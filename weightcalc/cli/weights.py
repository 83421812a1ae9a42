"""`weightcalc weights`: class weights from masks or counts files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ..text.numbers import number_of
from .options import counting_options, format_options, output_option, weight_options
from .results import say_written, write_result
from .sections import MASKS, Command, option

if TYPE_CHECKING:
    from ..counting.options import RunOptions
    from ..labels.options import LabelOptions
    from ..masks.options import ReadOptions
    from ..sources.options import SourceOptions
    from ..text.voice import Voice
    from ..weights.options import FormulaOptions


@click.command(
    "weights", cls=Command, short_help="Compute class weights from masks or counts files."
)
@counting_options
@option(
    MASKS, "--pixels", metavar="NUMBERS",
    help='Weigh these pixels of each class instead of masks: "3370714, 2856755", or - for standard input.',
)  # fmt: skip
@weight_options
@format_options
@output_option
def command(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    run: RunOptions,
    voice: Voice,
    pixels: str | None,
    asked: FormulaOptions,
    format_: str | None,
    layout: str,
    key: str | None,
    digits: int | None,
    output: str | None,
) -> None:
    """
    Compute class weights from SOURCES: masks, folders, globs, or counts files.

    \b
        weightcalc weights masks/ -m balanced > weights.json
        weightcalc weights --pixels "3370714, 2856755" -m balanced
    """
    from ..counting.data_set import find_data
    from ..counting.run import count_data, say_idle_options
    from ..counting.weighing import check_names
    from ..weights.class_weights import absent_classes, on_spread
    from ..weights.options import plan_weights
    from .usage import check_binary, check_layers, check_pasted
    from .weighing import choose_format, encode, weigh

    if pixels is not None:
        check_pasted(layout)
    check_layers(sources, labels, reading)
    format_ = choose_format(output, format_, layout, key)
    check_binary(output, format_)
    outputs = {"-o": output}
    if pixels is None:
        data = find_data(sources, labels, reading, voice, outputs=outputs, cache=run.cache)
    else:
        from ..counting.pasted import pasted_data

        data = pasted_data(pixels, labels, outputs)
    formula = plan_weights(asked, data.class_names, data.ignored_classes)
    check_names(data, layout)
    with voice.warnings_last():
        counts = count_data(data, run, voice)
        say_idle_options(data, voice)
        values = weigh(counts, formula, voice, data.remedy_for(absent_classes(counts)))
    if apart := on_spread(counts, values, formula):
        voice.note(apart)
    write_result(output, encode(counts, values, formula, format_, layout, key, digits))
    say_written(output, f"{number_of(len(values), 'weight')}, {formula.method}", voice)
