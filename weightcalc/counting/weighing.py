"""
Class weights of masks in one call, as the command line makes them.
"""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import OutputError, SourceError, WeightError
from ..labels.options import LabelOptions
from ..labels.values import parse_values
from ..masks.encodings import ENCODINGS
from ..masks.options import ReadOptions
from ..sources.options import SourceOptions
from ..text.suggest import nearest
from ..text.voice import Voice
from ..weights.class_weights import list_class_weights, remarks
from ..weights.options import FormulaOptions, plan_weights
from ..weights.weights_file import lay_out
from .data_set import DataSet, find_data
from .layers import contradiction
from .options import ON_ERROR, RunOptions
from .run import count_data, say_idle_options

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import DTypeLike

    from ..sources.layers import Pattern


# Options of `weightcalc count` that say what is counted, and are no parameters of `class_weights`.
_ONLY_OF_COMMANDS = {
    "channel_axis", "array", "reduce_zero_label", "files_from",
    "root", "suffix", "follow", "allow_lossy", "max_pixels", "max_bytes", "cache",
}  # fmt: skip


def class_weights(
    sources: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    method: str = "median-frequency",
    *,
    num_classes: int | None = None,
    classes: str | os.PathLike[str] | None = None,
    ignore: int | str | Iterable[int | str] = (),
    mapping: Mapping[int | str, int | str] | None = None,
    include: str | Iterable[str] = (),
    exclude: str | Iterable[str] = (),
    encoding: str = "auto",
    layers: str | None = None,
    rest: int | str | None = None,
    foreground: int | str | None = None,
    zero: int | str | Iterable[int | str] = (),
    absent: str = "zero",
    normalize: str = "none",
    clip: tuple[float, float] | None = None,
    denominator: str = "published",
    on_error: str = "fail",
    num_workers: int = 1,
    dtype: DTypeLike = float,
    **params: float | str,
) -> np.ndarray:
    """
    Count masks and weigh their classes: ``weightcalc weights`` in one call.

    What the command refuses is refused here, and what it warns of is a UserWarning.

    Parameters
    ----------
    sources : str or os.PathLike, or iterable of them
        Mask files, folders, globs, archives or counts files.
    method : str
        One of `METHODS`.
    num_classes : int, optional
        Classes are 0 to ``num_classes - 1``.
    classes : str or os.PathLike, optional
        Class list: a file, or the name of a preset.
    ignore : int or str, or iterable of them
        Values that are no class: 255, "#000000", "100-255", a name of the class list.
    mapping : mapping of int or str to int or str, optional
        Value to class, such as ``{255: 1}``.
    include, exclude : str, or iterable of str
        Globs of file names, or of paths where they hold a slash.
    encoding : str
        How masks hold classes: "auto", "index", "color", "one-hot" or "multilabel".
    layers : str, optional
        How the path of a file, below its source, names its scene and its class, where each class
        or instance has a file of its own: ``"{scene}/{class}.png"``.
    rest : int or str, optional
        With `layers`, the class of the pixels that no file covers.
    foreground : int or str, optional
        With `layers` or channels, the values that are in the class: 255, "128-255".
    zero : int or str, or iterable of them
        Classes that are counted as others are and get weight 0.
    absent, normalize, clip, denominator
        As of `compute_class_weights`.
    on_error : str
        "fail", or "skip" to leave out masks that cannot be read.
    num_workers : int
        Processes that count.
    dtype : dtype
        Floating-point type of the result.
    **params : float or str
        Parameters of the method.

    Returns
    -------
    ndarray of `dtype`, shape (num_classes,)
        In order of class ids.

    Raises
    ------
    WeightcalcError
        As the command refuses masks, options or counts.
    ValueError
        If `encoding`, `on_error` or `num_workers` is none.
    TypeError
        If sources or `classes` are no paths, or `dtype` is no floating-point type.
    """
    import numpy as np

    if not np.issubdtype(np.dtype(dtype), np.floating):
        raise TypeError(f"dtype must be a floating-point type, got {np.dtype(dtype)}")
    _check_params(params)
    _check_word("encoding", encoding, ENCODINGS)
    _check_word("on_error", on_error, ON_ERROR)
    if num_workers < 1:
        raise ValueError(f"num_workers must be at least 1, got {num_workers}")
    asked = FormulaOptions(method, params, _words(zero), absent, normalize, clip, denominator)
    labels = LabelOptions(
        None if num_classes is None else operator.index(num_classes),
        _class_list(classes),
        _words(ignore),
        tuple(f"{value}:{index}" for value, index in (mapping or {}).items()),
        rest=None if rest is None else str(rest),
    )
    chosen = SourceOptions(
        _paths(sources), _words(include), _words(exclude), layers=_pattern(layers)
    )
    reading = ReadOptions(encoding=encoding, foreground=_foreground(foreground))
    if text := contradiction(chosen, labels, reading):
        raise SourceError(text)
    voice = Voice(quiet=True)
    try:
        weights = _weigh(
            chosen, labels, reading, asked, RunOptions(num_workers, on_error=on_error), voice,
        )  # fmt: skip
    finally:
        for text in voice.warnings:
            warnings.warn(text, stacklevel=2)
    return np.array(weights, dtype)


def check_names(data: DataSet, layout: str) -> None:
    """
    Refuse a layout that the classes of a data set do not allow, before a mask is read.

    Raises
    ------
    OutputError
        If the classes are only found, and have no order, or if weights
        are to go by names that classes do not have.
    """
    if layout in ("list", "dict") and data.unordered:
        of_masks = f"-c/--classes with a list of the {data.unordered}"
        of_counts = "-c/--classes where the masks are counted"
        raise OutputError(
            f"without a class list the {data.unordered} have no order, which --layout {layout} needs"
        ).with_hint(f"{of_masks if data.labels.unordered else of_counts}, or --layout named")
    if layout == "named" and not data.labels.learn_colors:
        lay_out([0.0] * len(data.class_names) or [0.0], data.class_names, layout)


def _check_params(params: Mapping[str, object]) -> None:
    """
    Refuse options of ``weightcalc count`` that are no parameters here.

    Raises
    ------
    WeightError
    """
    if (name := next(filter(_ONLY_OF_COMMANDS.__contains__, params), None)) is not None:
        option = f"--{name.replace('_', '-')}"
        raise WeightError(
            f"class_weights has no parameter {name!r}: `weightcalc count ... {option} ... -o "
            'counts.json` counts with it, and class_weights("counts.json") weighs these counts'
        )


def _class_list(classes: Any) -> str | None:
    if classes is None or isinstance(classes, str | os.PathLike):
        return None if classes is None else os.fspath(classes)
    raise TypeError(
        "classes is the name of a file or a preset: write the names into a text file, one a line, "
        'as classes="names.txt"'
    )


def _check_word(name: str, word: str, choices: Sequence[str]) -> None:
    if word not in choices:
        raise ValueError(f"{name} cannot be {word!r}{nearest(word, choices)}")


def _foreground(values: int | str | None) -> tuple[int, int] | None:
    """The least and the largest value that is in a class."""
    if values is None:
        return None
    low, high = parse_values(str(values))
    return low, high


def _words(values: int | str | Iterable[int | str]) -> tuple[str, ...]:
    """A value, or several, in the words of the command line."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        return (str(values),)
    return tuple(map(str, values))


def _pattern(layers: str | None) -> Pattern | None:
    if layers is None:
        return None
    from ..sources.layers import Pattern  # here: few runs have them

    return Pattern(layers)


def _paths(sources: Any) -> tuple[str, ...]:
    """The paths of sources: one, or several."""
    several = [sources] if isinstance(sources, str | os.PathLike) else list(sources)
    paths = [path for path in several if isinstance(path, str | os.PathLike)]
    if len(paths) < len(several):
        raise TypeError(
            "masks are named by paths; arrays are counted by ClassCounts.add_mask and weighed by "
            "compute_class_weights"
        )
    if not paths:
        raise SourceError("there is nothing to count: name a folder or masks")
    return tuple(os.fspath(path) for path in paths)


def _weigh(
    sources: SourceOptions,
    labels: LabelOptions,
    reading: ReadOptions,
    asked: FormulaOptions,
    run: RunOptions,
    voice: Voice,
) -> list[float]:
    data = find_data(sources, labels, reading, voice, outputs={})
    formula = plan_weights(asked, data.class_names, data.ignored_classes)
    check_names(data, "list")
    counts = count_data(data, run, voice)
    say_idle_options(data, voice)
    weights = list_class_weights(counts, formula)
    voice.warn_each(remarks(counts, weights, formula))
    return weights
