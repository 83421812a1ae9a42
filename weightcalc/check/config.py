"""
From the options of `weightcalc check` and ``[tool.weightcalc.check]`` to its settings.
"""

from __future__ import annotations

import os
import re
import reprlib
import sys
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from ..errors import WeightcalcError
from ..files.bounded import Json, SmallFile
from ..sources.listing import missing_source
from ..text.escape import printable
from ..text.suggest import folded, nearest
from .findings import LEVELS, OFF, STEM, Settings
from .options import RuleOptions
from .rules import RULES

T = TypeVar("T")
_Read: TypeAlias = tuple[dict[str, str], dict[str, Json]]  # levels of rules, and settings
CONFIG = "pyproject.toml"
_TABLE = "tool.weightcalc.check"
MAX_DRIFT = 0.05


class ConfigError(WeightcalcError, ValueError):
    """The table of pyproject.toml, or an option, asks for what there is not."""


_FILE = SmallFile("settings", 4 << 20, ConfigError, "not TOML")


def fraction(value: object) -> float:
    """
    A share: 0.3, or "30%".

    Raises
    ------
    ValueError
        If it is none from 0 to 1.
    """
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[0-9.eE+-]+%?", text):
        raise ValueError("expected a share such as 0.3 or 30%")
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise ValueError("expected a share such as 0.3 or 30%") from None
    if not 0 <= share <= 1:
        raise ValueError("expected a share from 0 to 1, such as 0.3 or 30%")
    return share


def name_pattern(value: object) -> str:
    """
    A pattern of names, such as "segmentation-{}", as it is.

    Raises
    ------
    ValueError
        If it does not hold {} exactly once.
    """
    if not isinstance(value, str) or value.count(STEM) != 1:
        raise ValueError("expected a pattern that holds {} once, such as segmentation-{}")
    return value


def rule_level(text: str) -> tuple[str, str]:
    """
    Turn "rare-class=error" into its two words.

    Raises
    ------
    ValueError
        If there is no such rule, or no such level.
    """
    rule, level = map(folded, text.partition("=")[::2])
    if rule not in RULES:
        raise ValueError(f"there is no rule {printable(rule)!r}{nearest(rule, RULES)}")
    if level not in LEVELS:
        raise ValueError(f"{rule} can be {', '.join(LEVELS)}, not {printable(level)!r}")
    return rule, level


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("expected a whole number")


_EXPECTED_NUMBER = "expected a number above 0, of at most 308 digits"


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(_EXPECTED_NUMBER)
    if not 0 < value <= sys.float_info.max:
        raise ValueError(_EXPECTED_NUMBER)
    return float(value)


def _factor(value: object) -> float:
    number = _number(value)
    if number < 1:
        raise ValueError("expected a factor of 1 or more, such as 2")
    return number


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    return value


def _texts(value: object) -> list[str]:
    return [_text(item) for item in (value if isinstance(value, list) else [value])]


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError("expected true or false")
    return value


_KEYS: dict[str, Callable[[object], object]] = {
    "min-masks": _whole,
    "min-pixels": _whole,
    "max-imbalance": _number,
    "max-ignored": fraction,
    "max-drift": fraction,
    "max-class-drift": _factor,
    "images": _text,
    "mask-name": name_pattern,
    "image-name": name_pattern,
    "against": _texts,
    "baseline": _text,
    "weights": _text,
    "strict": _flag,
}


def read_config(path: str = CONFIG) -> _Read:
    """
    Levels of rules and settings of a pyproject.toml; none if there is no such file.

    Raises
    ------
    ConfigError
        If it cannot be read, or has a key or a value that is not known.
    """
    return _FILE.read(path, _parse) if os.path.lexists(path) else ({}, {})


def _parse(data: bytes) -> _Read:
    if b"weightcalc" not in data:
        return {}, {}
    import tomllib  # here: most working directories have no such table

    return _settings_in(tomllib.loads(data.decode()))


def _settings_in(document: Mapping[str, Json]) -> _Read:
    ours = _table(_table(document, "tool"), "weightcalc")
    for key in ours:
        if key != "check":
            raise ConfigError(f"[tool.weightcalc] has no key {key!r}{nearest(key, ['check'])}")
    levels: dict[str, str] = {}
    values: dict[str, Json] = {}
    for key, value in _table(ours, "check").items():
        if key == "rules":
            pairs = _table({"rules": value}, "rules").items()
            levels = dict(_blamed(f"rules.{k}", rule_level, f"{k}={v}") for k, v in pairs)
        elif key in _KEYS:
            values[key.replace("-", "_")] = _blamed(key, _KEYS[key], value)
        else:
            raise ConfigError(f"[{_TABLE}] has no key {key!r}{nearest(key, ['rules', *_KEYS])}")
    return levels, values


def _blamed(key: str, read: Callable[[Json], T], value: Json) -> T:
    try:
        return read(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"[{_TABLE}] {key} = {reprlib.repr(value)}: {error}") from error


def _table(document: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{key} is no table")
    return table


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value not in ("", ())


def settings_of(options: RuleOptions, config: str = CONFIG) -> Settings:
    """
    Settings of the configuration file, over which options of the command line win.

    Raises
    ------
    ConfigError
    """
    levels, values = read_config(config)
    given = {key.replace("-", "_"): getattr(options, key.replace("-", "_")) for key in _KEYS}
    values |= {name: value for name, value in given.items() if _is_given(value)}
    settings = Settings(
        {rule: row.level for rule, row in RULES.items()} | levels | dict(options.rules), **values
    )
    settings.asked = {rule for rule, level in options.rules.items() if level != OFF}
    settings.digits = options.digits
    for option in ("--max-drift", "--max-class-drift"):
        given = getattr(options, option[2:].replace("-", "_"))
        if settings.baseline is None and given is not None:
            raise ConfigError(f"{option} needs a baseline to measure from").with_hint(
                "--baseline FILE, a counts file"
            )
    if settings.baseline is None:
        settings.max_class_drift = None  # of the file: the baseline may be named another time
    if settings.images is None and (options.mask_name or options.image_name):
        raise ConfigError("--mask-name and --image-name need images to compare with").with_hint(
            "--images DIR, the folder of the images"
        )
    if settings.max_drift is None:
        settings.max_drift = MAX_DRIFT
    for path in filter(None, (settings.images, *settings.against)):
        if not os.path.exists(path) and "://" not in path and not set("*?[") & set(path):
            raise missing_source(path)
    return settings
