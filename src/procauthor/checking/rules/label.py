"""Reference links: labels and their definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from procauthor.checking.phrase import Nearest, Spans
from procauthor.checking.scope import Reach, Rule, Scope, say
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.markdown.passage import read_passages

UNDEFINED_LABEL = Rule(
    name="undefined-label",
    code="R111",
    severity="warning",
    summary="A reference link names a label that the document does not define.",
    why="The page shows the brackets instead of a link.",
    fix="Define the label (“[label]: path”), or correct it.",
    example="[the plan][test-plan], without a line “[test-plan]: test-plan.md”",
)
DUPLICATE_LABEL = Rule(
    name="duplicate-label",
    code="R112",
    severity="warning",
    summary="A label is defined twice with different targets.",
    why="Only the first definition counts; who corrects the second changes nothing.",
    fix="Remove one, or give it another label.",
    example="two lines “[plan]: a.md” and “[plan]: b.md”",
)
UNUSED_LABEL = Rule(
    name="unused-label",
    code="R113",
    severity="info",
    summary="A label is defined and not used.",
    why="Mostly the link was removed, or its label was misspelt.",
    fix="Use it, or remove the definition.",
    example="“[plan]: test-plan.md” in a document without “[plan]”",
)
RULES = (UNDEFINED_LABEL, DUPLICATE_LABEL, UNUSED_LABEL)
REACH: Reach = "document"
_DEFINITION = re.compile(rb"^ {0,3}\[((?:[^\[\]\\\n]|\\.){1,200})\]:[ \t]*([^ \t\r\n]*)", re.MULTILINE)
_USE = re.compile(r"(?<![\w\])!\\])\[([^\[\]\n]{1,300})\]\[([\w][\w .:/-]{0,100})\](?![(\[\]{:\w])")
_WORD = re.compile(r"[a-z]{3}")
_LETTERS = re.compile(r"[A-Za-z]{2}")
_ORDINARY = re.compile(r"[A-Za-z][a-z]{5,}")
_COMPOUND = re.compile(r"\w[- ]\w|[a-z]\d|[a-z][A-Z]")
# Lines that serve as comments: "[//]: # (...)" and "[comment]: <> (...)".
_COMMENT_TARGETS = frozenset({"#", "<>"})


@dataclass(frozen=True, slots=True)
class _Label:
    name: str
    target: str
    start: int

    @property
    def key(self) -> str:
        return _key(self.name)


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        raw = procedure.document.source.raw
        if procedure.kind == "template":
            continue
        labels = list(_labels(procedure)) if b"]:" in raw else []
        if b"][" in raw:
            yield from _undefined(procedure, labels)
        if labels:
            yield from _definitions(procedure, labels)


def _key(label: str) -> str:
    return " ".join(label.split()).casefold()


def _labels(procedure: Procedure) -> Iterator[_Label]:
    """Yield the definitions: what looks like one and belongs to no block, because the parser has taken it."""
    document = procedure.document
    first = document.front_matter[1] if document.front_matter else 0
    blocks = Spans((block.start, block.end) for section in document.sections for block in section.blocks)
    for match in _DEFINITION.finditer(document.source.raw, first):
        name, target = match[1].decode(errors="replace"), match[2].decode(errors="replace")
        if match.start() not in blocks and not name.startswith("^") and target not in _COMMENT_TARGETS:
            yield _Label(name, target, match.start())


def _undefined(procedure: Procedure, labels: list[_Label]) -> Iterator[Finding]:
    """Report what has the shape of a reference link and is shown as text."""
    near: Nearest | None = None
    for passage in read_passages(procedure.document):
        for match in _USE.finditer(passage.text) if "][" in passage.text else ():
            at = passage.offset(match.start())
            escaped = procedure.document.source.raw[at - 1 : at] == b"\\"
            if not escaped and _is_reference(match[1], match[2], alone=not labels):
                near = near or Nearest(label.name for label in labels)
                close = near.find(match[2], cutoff=0.7)
                message = f"the label {match[2]!r} is not defined"
                hint = f"did you mean {close!r}?" if close else ""
                yield say(UNDEFINED_LABEL, procedure, at, message, hint)


def _is_reference(text: str, label: str, *, alone: bool) -> bool:
    """Say whether brackets behind brackets are meant as a link; without one definition, a usage line has them too."""
    if " " in text:
        return bool(_WORD.search(text) and (_LETTERS.search(label) or label.isdecimal()))
    if label.isdecimal():
        return bool(_ORDINARY.fullmatch(text))
    sure = not alone or _COMPOUND.search(label) or label.casefold() in text.casefold()
    return bool(_WORD.search(text) and _WORD.search(label) and sure)


def _definitions(procedure: Procedure, labels: list[_Label]) -> Iterator[Finding]:
    used = {_key(link.label) for link in procedure.document.links if link.label}
    first: dict[str, _Label] = {}
    for label in labels:
        before = first.setdefault(label.key, label)
        if before is not label and before.target != label.target:
            line = procedure.document.source.line(before.start)
            message = f"the label {label.name!r} is defined in line {line} already"
            yield say(DUPLICATE_LABEL, procedure, label.start, message)
        elif before is label and label.key not in used:
            yield say(UNUSED_LABEL, procedure, label.start, f"the label {label.name!r} is not used")
