"""The page of a draft as its reader gets it: passages with numbers, and edits that name them.

A passage is what a reader takes in at once: an item with the code or the table below it, a paragraph, a table, or the
heading of a step. What the template alone decides has no number: other headings, and labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from textwrap import dedent, indent
from typing import Any, Literal

from procauthor.authoring.claim import FENCED, language_of
from procauthor.authoring.public import holds_sql, is_constant
from procauthor.naming import count_words
from procauthor.template.spec import SectionSpec, Template, fence_behind

Action = Literal["replace", "delete", "before", "after"]
_HEADING = re.compile(r"(#{1,6})[ ]")
_LABEL = re.compile(r"\*\*[^*\n]+:\*\*")
_BULLET = re.compile(r"(?:[-*+]|\d+[.)])[ ]+")
# What an item begins with: its mark, and a label behind it.
_LEAD = re.compile(r"(#{1,6}[ ]+|(?:[-*+]|\d+[.)])[ ]+(?:\[[ xX]\][ ]+)?)?(\*\*[^*\n]+:\*\*[ ]*)?")
_SHOWN = 80
_USES = re.compile(r"\$\{?([A-Za-z_]\w*)")
# What is filled in by hand: a word in capitals, or one in angle brackets.
_FILLED_IN = re.compile(r"<[A-Za-z][\w-]*>|(?<![\w$%{-])[A-Z][A-Z0-9_]{2,}(?![\w=(-])")
_SHELLS = frozenset(("", "sh", "bash", "shell", "zsh", "console"))
# A command in a sentence uses a name, and does not say what it is; a name by itself is spoken of.
_COMMAND = re.compile(r"`[^`\n]*\s[^`\n]*`")
_COMMENT = re.compile(r"(?:^|\s)#\s.*$", re.MULTILINE)
# In data the word in front of a colon is a name that a program gives: {"AWS": "..."}.
_KEY = re.compile(r"[\"']([A-Z][A-Z0-9_]+)[\"']\s*:")
_HERE_TEXT = re.compile(r"<<-?\s*[\"']?(\w+)")
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_SETS = re.compile(
    r"\b([A-Za-z_]\w*)\s*=|\bread\s+(?:-\w+\s+)*([A-Za-z_]\w*(?:[ ]+[A-Za-z_]\w*)*)"
    r"|\bfor\s+(\w+)\s+in\b|--arg(?:json)?\s+(\w+)"
)
_EVERYWHERE = frozenset(
    str.split(
        "HOME PATH PWD OLDPWD USER LOGNAME UID HOSTNAME SHELL TERM LANG TMPDIR IFS RANDOM SECONDS _ true false null"
        " DATABASE_URL PGPASSWORD KUBECONFIG AWS_PROFILE AWS_REGION GITHUB_TOKEN"
    )
)
# What a command prints, and a value that is an example: "echo FAIL", "Z0123456789".
_PRINTED = re.compile(r"\b(?:echo|printf)\s+[\"']?([A-Z][A-Z0-9_]+)")
_SAMPLE = re.compile(r"\d{5}")
# Around lines that are put beside a passage: what is below them belongs where it belonged.
_BEGIN, _END = "\x02", "\x03"
_NUMBER = re.compile(r"\A\[\d+\][ ]+")


@dataclass(frozen=True, slots=True)
class PageEdit:
    """An edit of one passage: other words in its place, words before or behind it, or nothing."""

    passage: int
    action: Action
    text: str = ""


@dataclass(frozen=True, slots=True)
class _PageLines:
    """Lines of a page that belong together; ``number`` is 0 where they are no passage."""

    number: int
    text: str


@dataclass(frozen=True)
class DraftPage:
    """A page in parts.

    Args:
        template: The template that the page follows.
        fields: What was rendered.
        body: The document without its front matter, with line feeds.
    """

    template: Template
    fields: Mapping[str, Any]
    body: str

    @cached_property
    def parts(self) -> tuple[_PageLines, ...]:
        """The parts in order; joined by line feeds they are the page."""
        levels = {spec.step_level for spec in self.template.sections if spec.kind == "steps"}
        parts: list[_PageLines] = []
        number = 0
        for lines in _grouped(self.body.split("\n")):
            counts = _is_passage(lines[0], levels)
            number += counts
            parts.append(_PageLines(number if counts else 0, "\n".join(lines)))
        return tuple(parts)

    @cached_property
    def _specs(self) -> list[SectionSpec]:
        return list(chain(self.template.sections, *(section.parts for section in self.template.sections)))

    @property
    def labels(self) -> list[str]:
        """The labels of the parts of a step, in their order."""
        return [spec.heading for spec in self._specs if spec.labelled]

    @property
    def words(self) -> int:
        """The words of the page without its code."""
        return count_words(FENCED.sub("", self.body))

    @property
    def unset(self) -> list[str]:
        """What commands leave to be filled in, and no line of the page sets or explains: variables, then places."""
        known = set(" ".join(chain.from_iterable(_SETS.findall(self.body))).split()) | _EVERYWHERE
        variables = [name for name in dict.fromkeys(_USES.findall(self.body)) if name not in known]
        said = _FILLED_IN.findall(_COMMAND.sub("", FENCED.sub("", self.body)))
        return variables + [name for name in dict.fromkeys(_filled_in(self.body)) if name not in {*known, *said}]

    def numbered(self) -> str:
        """Return the page with ``[n]`` in front of each passage."""
        return "\n".join(f"[{part.number}] {part.text}" if part.number else part.text for part in self.parts)

    def longest(self, most: int, least: int) -> dict[int, int]:
        """Return the words of the longest passages by number: so many at most, none with fewer words than ``least``.

        Code has no words: it cannot be said in fewer.
        """
        counts = {part.number: count_words(FENCED.sub("", part.text)) for part in self.parts if part.number}
        longest = sorted(counts, key=lambda number: (-counts[number], number))[:most]
        return {number: counts[number] for number in longest if counts[number] >= least}

    def edited(self, edits: Sequence[PageEdit]) -> str:
        """Return the page after edits, each of which names a passage by the number that it has in this page.

        To delete the heading of a step deletes the step.
        """
        lines: list[str] = []
        gone = False
        for part in self.parts:
            mine = [self._plain(edit) for edit in edits if edit.passage == part.number and part.number]
            if _HEADING.match(part.text):
                gone = any(edit.action == "delete" for edit in mine)
            if not gone:
                lines += _edited(part.text, mine)
        beside = any(edit.action in ("before", "after") for edit in edits)
        return "\n".join(self._ordered("\n".join(lines).split("\n")) if beside else lines)

    def _plain(self, edit: PageEdit) -> PageEdit:
        """Return an edit; to write that there is nothing, as the template does, is to delete."""
        empty = {spec.constraint.none for spec in self._specs}
        text = edit.text.strip()
        return PageEdit(edit.passage, "delete") if text and text in empty else edit

    def _ordered(self, lines: Sequence[str]) -> Iterator[str]:
        """Yield lines with the parts of each step in the order of the template, each once, wherever they were put."""
        ranks = {f"**{label}:**": rank for rank, label in enumerate(self.labels)}
        parts: dict[int, list[str]] = {}
        rank = before = -1
        for line in lines:
            if line in (_BEGIN, _END):
                rank, before = (rank, rank) if line == _BEGIN else (before, before)
                continue
            heading, label = _HEADING.match(line), _LABEL.match(line)
            if heading:
                yield from _joined(parts)
                parts, rank, before = {}, -1, -1
            if label and label[0] in ranks and parts:
                rank = ranks[label[0]]
                if label[0] == line and rank in parts:
                    continue
                parts[rank] = []
            parts.setdefault(rank, []).append(line)
        yield from _joined(parts)

    def describe(self, edit: PageEdit) -> str:
        """Return a sentence about an edit that was left out."""
        text = next((part.text for part in self.parts if part.number == edit.passage), "")
        where = repr(_short(text)) if text else f"passage {edit.passage}, which is not there"
        words = f": {_short(edit.text)!r}" if edit.text else ""
        return f"An edit of the last look does not fit, and was left out: {edit.action} {where}{words}"

    def holds(self, number: int) -> bool:
        """Say whether there is a passage of that number."""
        return 0 < number <= max((part.number for part in self.parts), default=0)


def _filled_in(body: str) -> Iterator[str]:
    """Yield what is filled in by hand in the commands of a page; what a comment beside them names is explained."""
    for block in FENCED.finditer(body):
        if language_of(block) not in _SHELLS:
            continue
        told = set(chain.from_iterable(map(_FILLED_IN.findall, _COMMENT.findall(block[0]))))
        told |= _METHODS | _EVERYWHERE
        told |= set(chain.from_iterable(each.findall(block[0]) for each in (_HERE_TEXT, _KEY, _PRINTED)))
        lines = [line for line in _COMMENT.sub("", block[0]).split("\n")[1:-1] if not holds_sql(line)]
        names = (name for name in _FILLED_IN.findall("\n".join(lines)) if name not in told and not is_constant(name))
        yield from (name for name in names if not _SAMPLE.search(name))


def _short(text: str) -> str:
    """Return the beginning of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def _joined(parts: Mapping[int, Sequence[str]]) -> Iterator[str]:
    for rank in sorted(parts):
        yield from (*parts[rank], "")


def _grouped(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield lines that belong together: a passage with what is indented below it, one other line, or empty ones."""
    group: list[str] = []
    fence = ""
    for line in lines:
        belongs = bool(fence) or _belongs(group, line)
        fence = fence_behind(line, fence)
        if group and not belongs:
            yield from _without_end(group)
            group = []
        group.append(line)
    yield from _without_end(group)


def _belongs(group: Sequence[str], line: str) -> bool:
    """Say whether a line goes on with a group: it is empty or indented, or goes on with a paragraph or a table."""
    if not group or not group[0].strip():
        return False
    if not line.strip() or line.startswith(" "):
        return True
    above = group[-1]
    if line.startswith("|"):
        return above.startswith("|")
    ends = not above.strip() or above.startswith("|") or _HEADING.match(above) or _LABEL.fullmatch(above)
    return not ends and not any(_lead(line)) and not fence_behind(line, "")


def _without_end(group: list[str]) -> Iterator[list[str]]:
    """Yield a group, and the empty lines below it apart from it."""
    end = len(group)
    while end > 1 and not group[end - 1].strip():
        end -= 1
    yield group[:end]
    if end < len(group):
        yield group[end:]


def _is_passage(line: str, levels: set[int]) -> bool:
    heading = _HEADING.match(line)
    if heading:
        return len(heading[1]) in levels
    return bool(line.strip()) and not _LABEL.fullmatch(line)


def _lead(text: str) -> tuple[str, str]:
    """Return the mark and the label that a text begins with; empty where it has none."""
    match = _LEAD.match(text)
    return (match[1] or "", match[2] or "") if match else ("", "")


def _edited(text: str, edits: Sequence[PageEdit]) -> Iterator[str]:
    """Yield a part after its edits; what is put beside it has an empty line around it."""
    for edit in edits:
        if edit.action == "before":
            yield from (_BEGIN, _fitted(edit.text, text, instead=False), "", _END)
    instead = [edit for edit in edits if edit.action == "replace"]
    if instead:
        yield _fitted(instead[-1].text, text, instead=True)
    elif not any(edit.action == "delete" for edit in edits):
        yield text
    for edit in edits:
        if edit.action == "after":
            yield from (_BEGIN, "", _fitted(edit.text, text, instead=False), "", _END)


def _fitted(new: str, old: str, *, instead: bool) -> str:
    """Return new words in the form of the page: with the mark of the old ones where they have none."""
    text = _NUMBER.sub("", new.strip())
    mark, label = _lead(old)
    own_mark, own_label = _lead(text)
    rest = text[len(own_mark) + len(own_label) :]
    if not own_mark and not instead and (own_label or mark.startswith("#")):
        mark = ""
    # Behind a number a label is a part of the words.
    label = label if instead and not mark[:1].isdigit() else ""
    return _hung((own_mark or mark) + (own_label or label) + rest)


def _hung(text: str) -> str:
    """Return a text in which the lines below an item are indented by the width of its mark, as its blocks are."""
    lines: list[str] = []
    below: list[str] = []
    width, fence = 0, ""
    for line in text.split("\n"):
        begins = not fence and any(_lead(line))
        fence = fence_behind(line, fence)
        if begins:
            lines += _indented(below, width)
            below, bullet = [], _BULLET.match(line)
            width = len(bullet[0]) if bullet else 0
            lines.append(line)
        else:
            below.append(line)
    return "\n".join([*lines, *_indented(below, width)])


def _indented(lines: Sequence[str], width: int) -> list[str]:
    return indent(dedent("\n".join(lines)), " " * width).split("\n") if lines else []
