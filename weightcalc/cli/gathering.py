"""
Options of a command line gathered into typed values, each of which a command gets as one.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def gathered(
    into: str, build: Callable[..., object], *options: Callable[[F], F]
) -> Callable[[F], F]:
    """
    One decorator that adds these options and hands the command a single value of them.

    Parameters
    ----------
    into : str
        The parameter of the command that gets the value.
    build : callable
        Makes the value of the parameters of the options, by their names.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def command(**given: Any) -> Any:
            value = build(**{name: given.pop(name) for name in names})
            return function(**{into: value}, **given)

        for add in reversed(options):
            command = add(command)
        added: list[click.Parameter] = command.__click_params__[-len(options) :]  # type: ignore[attr-defined]
        names = [str(parameter.name) for parameter in added]
        return command  # type: ignore[return-value]

    return decorate


def all_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    """One decorator that adds all these, in this order."""

    def decorate(function: F) -> F:
        for add in reversed(options):
            function = add(function)
        return function

    return decorate


# Types are imported when options have been parsed: --help need not wait for them.


def made_by(module: str, name: str) -> Callable[..., object]:
    """What makes a value of a type of the package, which is imported when it is first made."""

    def make(**given: object) -> object:
        made: object = getattr(import_module(f"weightcalc.{module}"), name)(**given)
        return made

    return make
