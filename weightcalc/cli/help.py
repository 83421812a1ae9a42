"""``weightcalc help``: the manual in the terminal."""

from __future__ import annotations

import sys

import click

from ..text.suggest import nearest
from ..text.voice import is_terminal


@click.command("help", short_help="Show the manual: all topics, or the page of one.")
@click.argument("topic", required=False)
def command(topic: str | None) -> None:
    """
    Show the manual: the list of its topics, or the page of TOPIC.

    \b
        weightcalc help
        weightcalc help methods
    """
    from ..manual import page, topics  # here: other commands need none of it

    if topic is None:
        click.echo("\n".join(_contents(topics())))
        return
    name = topic.lower().removesuffix(".md")
    try:
        text = page(name)
    except KeyError:
        raise click.UsageError(
            f"the manual has no page {topic!r}{nearest(name, topics().keys())}"
        ) from None
    if is_terminal(sys.stdout):
        click.echo_via_pager(text)
    else:
        click.echo(text, nl=False)


def _contents(topics: dict[str, str]) -> list[str]:
    """A line for each topic."""
    width = max(map(len, topics)) + 2
    lines = ["Pages of the manual; `weightcalc help TOPIC` shows one:", ""]
    return lines + [f"  {topic:<{width}}{summary}" for topic, summary in topics.items()]
