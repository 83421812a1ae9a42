"""``weightcalc help``: the manual in the terminal."""

from __future__ import annotations

import shutil
import sys

import click

from ..text.escape import printable
from ..text.markdown import wrapped
from ..text.suggest import did_you_mean, folded, nearest
from ..text.voice import is_terminal
from .completion import complete_topics


class NoPageError(click.UsageError):
    """
    The manual has no page of a name.

    Attributes
    ----------
    hint : str
        The commands that show the pages which speak of it, or the list of all pages.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@click.command("help", short_help="Show the manual: all topics, or the page of one.")
@click.argument("topic", required=False, shell_complete=complete_topics)
def command(topic: str | None) -> None:
    """
    Show the manual: the list of its topics, or the page of TOPIC.

    \b
        weightcalc help
        weightcalc help methods
        weightcalc help enet
    """
    from ..manual import topics  # here: other commands need none of it

    if topic is None:
        click.echo("\n".join(_contents(topics())))
        return
    text = _text_of(topic)
    if is_terminal(sys.stdout):
        click.echo_via_pager(wrapped(text, shutil.get_terminal_size().columns))
    else:
        click.echo(text, nl=False)


def _text_of(topic: str) -> str:
    """A page, or a part of one, by its name or the beginning of it."""
    from ..manual import mentioning, page, parts, topics

    wanted = folded(topic).removesuffix(".md")
    pages, some = topics(), parts()
    names = [*pages, *some]
    begun = [name for name in names if wanted and name.startswith(wanted)]
    if wanted not in names and len(begun) != 1:
        about = " or ".join(f"weightcalc help {page}" for page in mentioning(wanted))
        instead = did_you_mean(wanted, names) or ("" if about else nearest(wanted, pages))
        raise NoPageError(
            f"the manual has no page '{printable(topic)}'{instead}",
            about or "weightcalc help",
        )
    name = wanted if wanted in names else begun[0]
    return page(name) if name in pages else some[name]


def _contents(topics: dict[str, str]) -> list[str]:
    """A line for each topic."""
    width = max(map(len, topics)) + 2
    lines = ["Pages of the manual; `weightcalc help TOPIC` shows one:", ""]
    return lines + [f"  {topic:<{width}}{summary}" for topic, summary in topics.items()]
