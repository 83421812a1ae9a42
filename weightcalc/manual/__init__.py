"""The pages of `weightcalc help`: Markdown files, which read as well on the web."""

from __future__ import annotations

import re
from importlib import resources

_PART = re.compile(r"^## `([^`]+)`\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_MOST_MENTIONING = 3
_SHORT = 3  # letters that begin too many other words


def topics() -> dict[str, str]:
    """Each topic in alphabetical order, and what its page is about, in one line."""
    folder = resources.files(__package__)
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".md"))
    return {name.removesuffix(".md"): _summary(page(name.removesuffix(".md"))) for name in names}


def page(topic: str) -> str:
    """
    The text of the page of a topic.

    Raises
    ------
    KeyError
        If there is no such page.
    """
    file = resources.files(__package__).joinpath(f"{topic}.md")
    if not topic.isidentifier() or not file.is_file():
        raise KeyError(topic)
    return file.read_text("utf-8")


def parts() -> dict[str, str]:
    """Parts of pages that can be shown alone: those with a heading in code type, such as a method."""
    found = {}
    for topic in topics():
        for part in _PART.finditer(page(topic)):
            found[part[1]] = (
                part[0].rstrip() + f"\n\n`weightcalc help {topic}` has the whole page.\n"
            )
    return found


def mentioning(word: str) -> list[str]:
    """The topics whose pages hold a word, or longer ones that begin so; the most often first."""
    end = r"(?![a-z0-9])" if len(word) <= _SHORT else ""
    begun = re.compile(rf"(?<![a-z0-9]){re.escape(word)}{end}", re.IGNORECASE)
    often = {topic: len(begun.findall(page(topic))) for topic in topics()} if word else {}
    found = sorted(filter(often.__getitem__, often), key=often.__getitem__, reverse=True)
    return found[:_MOST_MENTIONING]


def _summary(text: str) -> str:
    """The first paragraph below the title of a page."""
    return " ".join(text.split("\n\n")[1].split())
