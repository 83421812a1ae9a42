"""
Findings as text, JSON, workflow commands of GitHub, JUnit XML, and Markdown.

Names of files and of classes come from outside. Each passes `errors.printable`, which
leaves no control character and no newline, and then what the format demands.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator

import click

from .._version import __version__
from ..errors import OutputError
from ..files.bounded import Json
from ..sources.names import file_of, is_url
from ..text.escape import printable
from ..text.numbers import number_of
from .findings import ERROR, WARNING, Finding
from .rules import RULES
from .run import Checked

MOST_ANNOTATIONS = 10  # GitHub drops the rest
MOST_SUMMARY = (1 << 20) - 4096  # bytes; GitHub refuses more than 1 MiB
_SHOWN, _SHOWN_IN_SUMMARY = 20, 50  # findings of a rule
_LONGEST = 400  # characters of a line of a summary
_COLORS = {ERROR: "red", WARNING: "yellow"}


def write_text(checked: Checked, *, verbose: bool = False, color: bool = False) -> str:
    """Groups of findings, worst first, for people."""
    lines = []
    for rule, shown, rest in _groups(checked, None if verbose else _SHOWN):
        level, number = checked.findings.levels[rule], checked.findings.numbers[rule]
        heading = f"{level} {rule}: {RULES[rule].what} ({number})"
        if color:
            styled = click.style(f"{level} {rule}", fg=_COLORS[level], bold=True)
            heading = heading.replace(f"{level} {rule}", styled, 1)
        lines += [heading, *(f"  {finding.line()}" for finding in shown)]
        if rest:
            lines.append(f"  and {rest} more" + ("" if verbose else " (-v shows more)"))
        lines += [*(f"  {hint}" for hint in _hint(checked, rule)), ""]
    return "\n".join([*lines, summary_line(checked)]) + "\n"


def _hint(checked: Checked, rule: str) -> list[str]:
    """What to do about findings of a rule, as a line; none where the rule has no hint."""
    hint = checked.hint_of(rule)
    return [f"hint: {hint}"] if hint else []


def summary_line(checked: Checked) -> str:
    """What was checked, and how many findings there are."""
    findings, counts = checked.findings, checked.counts
    masks = number_of(counts.num_masks, "mask")
    if checked.num_unread:
        masks += f" and {checked.num_unread} that cannot be read"
    tried = (
        f"{masks}, {number_of(counts.num_pixels, 'pixel')}, {len(checked.check.active)} rules tried"
    )
    errors, warnings = findings.number(ERROR), findings.number(WARNING)
    if not errors and not warnings and not checked.num_unread:
        return f"clean: {tried}"
    return f"{number_of(errors, 'error')}, {number_of(warnings, 'warning')}: {tried}"


def write_json(checked: Checked) -> str:
    """All findings that are kept, as one object; names of masks are as they are."""
    findings, counts = checked.findings, checked.counts
    rules = {
        rule: {
            "level": findings.levels[rule],
            "hint": checked.hint_of(rule),
            "tried": rule in checked.check.active,
            "findings": findings.numbers.get(rule, 0),
            "listed": len(findings.kept.get(rule, ())),
        }
        for rule in RULES
    }
    document = {
        "format": "weightcalc-check/1",
        "errors": findings.number(ERROR),
        "warnings": findings.number(WARNING),
        "masks": counts.num_masks,
        "unread": checked.num_unread,
        "pixels": counts.num_pixels,
        "rules": rules,
        "findings": [
            _entry(finding, findings.levels[rule])
            for rule in findings.rules()
            for finding in findings.kept[rule]
        ],
        "version": __version__,
    }
    return json.dumps(document, indent=1) + "\n"


def _entry(finding: Finding, level: str) -> dict[str, Json]:
    entry: dict[str, Json] = {"rule": finding.rule, "level": level}
    if finding.mask is not None:
        entry["mask"] = finding.mask
    if finding.class_id is not None:
        entry |= {"class": finding.class_id, "name": finding.name}
    return entry | {"message": finding.text}


def write_github(checked: Checked) -> str:
    """
    Workflow commands that annotate a pull request: at most 10, of each rule in turn.

    GitHub wants the names of files as they are from the root of the repository, which is
    GITHUB_WORKSPACE; masks outside of it keep their names.
    """
    findings = checked.findings
    queues = [list(findings.kept[rule]) for rule in findings.rules()]
    chosen: list[Finding] = []
    for turn in range(MOST_ANNOTATIONS):
        chosen += [queue[turn] for queue in queues if turn < len(queue)]
    order = findings.rules()
    chosen = sorted(chosen[:MOST_ANNOTATIONS], key=lambda finding: order.index(finding.rule))
    root = os.environ.get("GITHUB_WORKSPACE", "")
    lines = [_annotation(finding, checked, root) for finding in chosen]
    rest = sum(findings.numbers.values()) - len(chosen)
    more = f"; {number_of(rest, 'finding')} more than GitHub shows" if rest else ""
    return "\n".join([*lines, summary_line(checked) + more]) + "\n"


def _annotation(finding: Finding, checked: Checked, root: str) -> str:
    level = checked.findings.levels[finding.rule]
    title = _property(f"weightcalc {finding.rule}")
    place = ""
    if finding.mask is not None:
        place = f"file={_property(printable(_from_root(finding.mask, root)))},"
    text = "\n".join([finding.line(), *_hint(checked, finding.rule)])
    return f"::{level} {place}title={title}::{_data(text)}"


def _from_root(mask: str, root: str) -> str:
    """The file of a mask as it is called from a folder, where one is given and holds it."""
    if not root or is_url(mask):
        return mask
    path = os.path.abspath(file_of(mask))
    if not os.path.lexists(path):
        path = re.sub(r"\[\d+\]$", "", path)  # a mask of a stack
    for folder in (os.path.abspath(root), os.path.realpath(root)):
        if path.startswith(os.path.join(folder, "")):
            return os.path.relpath(path, folder)
    return mask


def _data(text: str) -> str:
    """Text of a workflow command, as its runner unescapes it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def write_junit(checked: Checked) -> str:
    """JUnit XML: a case for each rule, or for each rule and class; warnings pass, unless strict."""
    from xml.etree import ElementTree  # here: a tenth of the start of the program

    cases = list(_cases(checked))
    failed = sum(kind == "failure" for _, _, kind, _ in cases)
    skipped = sum(kind == "skipped" for _, _, kind, _ in cases)
    numbers = {
        "tests": str(len(cases)), "failures": str(failed), "errors": "0", "skipped": str(skipped)
    }  # fmt: skip
    suites = ElementTree.Element("testsuites", numbers)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "weightcalc check", **numbers})
    for rule, name, kind, lines in cases:
        case = ElementTree.SubElement(
            suite, "testcase", {"classname": f"weightcalc.{rule}", "name": name}
        )
        if kind == "failure":
            message = {"message": lines[0][:_LONGEST], "type": checked.findings.levels[rule]}
            ElementTree.SubElement(case, kind, message).text = "\n".join(lines)
        elif kind:
            ElementTree.SubElement(case, kind).text = "\n".join(lines)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _cases(checked: Checked) -> Iterator[tuple[str, str, str, list[str]]]:
    """Rule, name, what became of it ("" is passed), and lines, of each case."""
    findings, counts = checked.findings, checked.counts
    fails = (ERROR, WARNING) if checked.check.settings.strict else (ERROR,)
    for rule, row in RULES.items():
        kind = "failure" if findings.levels[rule] in fails else "system-out"
        kept = findings.kept.get(rule, [])
        whole = [finding for finding in kept if finding.class_id is None or not row.per_class]
        if rule not in checked.check.active and not kept:
            yield rule, row.what, "skipped", [f"{rule} is not tried"]
            continue
        lines = [finding.line() for finding in whole[:_SHOWN]]
        if whole and findings.numbers[rule] > len(lines):
            lines.append(f"and {findings.numbers[rule] - len(lines)} more")
        lines += _hint(checked, rule) if lines else []
        if lines or not row.per_class:
            yield rule, row.what, kind if lines else "", lines
        broken = {finding.class_id: finding for finding in kept if row.per_class}
        beyond = [index for index in broken if index is not None and index >= counts.num_classes]
        for index in [*range(counts.num_classes), *beyond] if row.per_class else ():
            found = broken.get(index)
            yield (
                rule,
                _class_name(checked, index, found),
                kind if found else "",
                ([found.line(), *_hint(checked, rule)] if found else []),
            )


def _class_name(checked: Checked, index: int, found: Finding | None) -> str:
    name = checked.counts.class_names[index] if found is None else found.name
    return f"class {index}" + (f" {printable(name)}" if name else "")


def write_markdown(checked: Checked, limit: int = MOST_SUMMARY) -> str:
    """
    A table of rules and the findings of each, for a summary of at most `limit` bytes.

    Findings stand in fenced code, in which Markdown and HTML mean nothing.
    """
    findings = checked.findings
    lines = ["## weightcalc check", "", summary_line(checked), ""]
    if findings.rules():
        lines += ["| level | rule | findings | what |", "|---|---|---:|---|"]
    for rule in findings.rules():
        level, number = findings.levels[rule], findings.numbers[rule]
        lines.append(f"| {level} | `{rule}` | {number} | {RULES[rule].what} |")
    size = sum(len(line) + 1 for line in lines)
    for rule, shown, rest in _groups(checked, _SHOWN_IN_SUMMARY):
        block = _block(rule, shown, rest, checked.hint_of(rule))
        size += sum(len(line.encode()) + 1 for line in block)
        if size > limit - 200:
            lines += ["", "More findings do not fit here."]
            break
        lines += block
    return "\n".join(lines) + "\n"


def _block(rule: str, shown: list[Finding], rest: int, remedy: str) -> list[str]:
    """The findings of a rule between fences that no finding can close."""
    texts = [line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."
             for line in (finding.line() for finding in shown)]  # fmt: skip
    longest = max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    more = [f"and {rest} more"] if rest else []
    hint = ["", f"Hint: `{remedy}`"] if remedy else []
    return ["", f"### {rule}", "", f"{fence}text", *texts, *more, fence, *hint]


def _groups(checked: Checked, most: int | None) -> Iterator[tuple[str, list[Finding], int]]:
    """Each rule with findings, those of them that are shown, and how many are not."""
    for rule in checked.findings.rules():
        shown = checked.findings.kept[rule][:most]
        yield rule, shown, checked.findings.numbers[rule] - len(shown)


ENDINGS = {
    "text": (".txt",),
    "json": (".json",),
    "github": (),
    "junit": (".xml",),
    "markdown": (".md", ".markdown"),
}
FINDING_WRITERS: dict[str, Callable[[Checked], str]] = {
    "text": write_text,
    "json": write_json,
    "github": write_github,
    "junit": write_junit,
    "markdown": write_markdown,
}


def append_summary(path: str, checked: Checked) -> None:
    """
    Append the findings to a summary, which stays under 1 MiB as a whole.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        with open(path, "ab") as file:
            room = MOST_SUMMARY - file.tell()
            text = write_markdown(checked, room) if room > 0 else ""
            data = text.encode("utf-8", "backslashreplace")
            if data and len(data) <= room:
                file.write(data)
    except OSError as error:
        raise OutputError(f"{printable(path)}: {error.strerror}") from error


def encode_findings(checked: Checked, format_: str, *, verbose: bool, color: bool) -> bytes:
    """
    The bytes of the findings in a format of `ENDINGS`.

    Parameters
    ----------
    verbose, color : bool
        Whether a text shows all findings that are kept, and has colours.
    """
    if format_ == "text":
        text = write_text(checked, verbose=verbose, color=color)
    else:
        text = FINDING_WRITERS[format_](checked)
    return text.encode("utf-8", "backslashreplace")
