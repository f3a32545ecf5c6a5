"""References to steps in running text, such as "return to Step 4", that lead to no step."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from procauthor.checking.scope import Scope
from procauthor.convention.word import words as spoken
from procauthor.library.library import Procedure
from procauthor.markdown.passage import PlainText, read_prose
from procauthor.naming import title_key
from procauthor.procedure import Step
from procauthor.template.role import meaning_of

# Only behind the plural: "repeat step 3 and 5 minutes later" names one step.
_MORE = re.compile(r"(?:\s*(?:,|-|–|—|/|&|\b(?:and|or|to|through)\b)+\s*\d+\b)+")
_FOREIGN = re.compile(r"\s+(?:of|in|from)\s+(?!this\b|the\s+(?:workflow|procedure)\b)", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\b(?:Procedure|Orchestration|Runbook|Playbook|Standards|[Gg]uide)\W{0,3}(?:s\s+)?$")
# A name of several words in capitals: "Secret Leak Response, Step 3".
_NAME = re.compile(
    r"(?:^|(?<=\W))((?:[A-Z\u00c0-\u00de][\w/-]*\s+(?:(?:and|of|to|for|in|&)\s+)*)+[A-Z\u00c0-\u00de][\w/-]*)"
    r"\s*[,:–—>(]?\s*$"
)
# Outside of the workflow more is spoken of than its steps.
_OTHERS = re.compile(r"\b(?:Procedure|Orchestration|Runbook|Playbook|Standards|[Gg]uide|[Ll]ifecycle|[Ww]izard)\b")
_DIGITS = 9
_LONGEST_HEAD = 80
# How far around a reference another document may be named; in bytes.
_AROUND = 400


def step_name(step: Step) -> str:
    """Return the number of a step, or its name in quotes."""
    return repr(step.name) if step.number is None else str(step.number)


def step_words(procedure: Procedure) -> tuple[str, ...]:
    """Return what the steps are called here. Where they are steps, a phase is one of a lifecycle, or of a project."""
    kept = procedure.document.kept
    if "step words" not in kept:
        kept["step words"] = _step_words(procedure)
    words = kept["step words"]
    assert isinstance(words, tuple)
    return words


def _step_words(procedure: Procedure) -> tuple[str, ...]:
    first, *others = meaning_of(procedure.template).steps
    raw = procedure.document.source.raw
    heads = [raw[s.start : s.start + _LONGEST_HEAD].split(b"\n")[0] for s in procedure.contract.steps]
    shown = [head.decode(errors="ignore").casefold() for head in heads]
    return (first, *(word for word in others if any(word in head for head in shown)))


@lru_cache(maxsize=1)
def sent_to() -> str:
    """Return the pattern of the words that send a reader to a step, such as "return to", up to the step."""
    return rf"\b(?:{'|'.join(map(re.escape, spoken()['flow']['jumps']))})\s*:?\s+"


@lru_cache(maxsize=64)
def _target(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of a reference to a step: its word, an ending of the plural, and the number."""
    return re.compile(rf"\b({'|'.join(map(re.escape, words))})(s?)\s+(\d+)\b(?![.)]?\d)", re.IGNORECASE)


@lru_cache(maxsize=64)
def _own_list(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{'|'.join(map(re.escape, words))})\s+(\d+)\s*(?:[:.)–—-]|$)", re.IGNORECASE)


def find_lost(scope: Scope, procedure: Procedure, steps: Sequence[Step]) -> Iterator[tuple[int, str]]:
    """Yield where the text refers to a step that does not exist, with what is wrong; none if a step has no number."""
    numbers = frozenset(step.number for step in steps if step.number is not None)
    if any(step.number is None for step in steps):
        return
    words = step_words(procedure)
    text = _StepText(scope, procedure, sorted(steps, key=lambda step: step.start), numbers, words)
    prose = read_prose(procedure.document)
    for passage in prose.around(_mentions(prose.text, words)):
        if not passage.heading:
            yield from text.read(passage)


@dataclass
class _StepText:
    """The text of a procedure, with its steps in order, their numbers, and what they are called."""

    scope: Scope
    procedure: Procedure
    steps: Sequence[Step]
    numbers: frozenset[int]
    words: tuple[str, ...]

    def read(self, passage: PlainText) -> Iterator[tuple[int, str]]:
        """Yield what is wrong in a passage."""
        targets = [
            (match, lost)
            for match in _target(self.words).finditer(passage.text)
            for lost in _named(passage.text, match)
            if lost not in self.numbers
        ]
        if not targets:
            return
        at = passage.runs[0].start
        step = self._step_at(at)
        if step is not None and self._part_at(step, at) in meaning_of(self.procedure.template).parts["inputs"]:
            return
        for match, lost in targets:
            if self._of_another(passage, match.start()) or (step is None and not self._is_ours(passage, match, lost)):
                continue
            message = f"there is no {match[1]} {lost}"
            if step is not None:
                message = f"step {step_name(step)} refers to {match[1]} {lost}, which does not exist"
            yield passage.offset(match.start()), message

    def _step_at(self, at: int) -> Step | None:
        place = bisect_right(self._starts, at) - 1
        return self.steps[place] if place >= 0 and at < self._ends[place] else None

    @cached_property
    def _starts(self) -> list[int]:
        return [step.start for step in self.steps]

    @cached_property
    def _ends(self) -> list[int]:
        """Return where each step ends: at the next step; the last one with its section."""
        last, document = self.steps[-1], self.procedure.document
        section = next(s for s in document.sections if s.start <= last.start < s.end)
        end = document.end(section) if section.start == last.start else section.end
        return [*self._starts[1:], end]

    def _part_at(self, step: Step, start: int) -> str:
        line = self.procedure.document.source.line(start)
        before = [(part.line, key) for key, part in step.parts.items() if part.line <= line]
        return max(before)[1] if before else ""

    def _of_another(self, passage: PlainText, place: int) -> bool:
        """Say whether a step of another document is meant: its name or a link to it is right before."""
        before = passage.text[max(0, place - 80) : place]
        name = None if _sent(before) else _NAME.search(before)
        if _ELSEWHERE.search(before) or (name and title_key(name[1]) != self.procedure.key):
            return True
        if re.search(r"\w", before):
            return False
        start = passage.runs[0].start
        return self.scope.link_ends(self.procedure, start - 2, start)

    # Outside of the steps

    def _is_ours(self, passage: PlainText, match: re.Match[str], number: int) -> bool:
        """Say whether a reference outside of the steps means one of them for certain."""
        if match[1].casefold() == "phase" and not _sent(passage.text[: match.start()][-80:]):
            return False
        at = passage.offset(match.start())
        start, end = self.scope.paragraph(self.procedure, at)
        start, end = max(start, at - _AROUND), min(end, at + _AROUND)
        if number in self._elsewhere or self.scope.links_out(self.procedure, start, end):
            return False
        around = self.procedure.source.raw[start:end].decode(errors="replace")
        return not _OTHERS.search(around.replace(self.procedure.title, ""))

    @cached_property
    def _elsewhere(self) -> frozenset[int]:
        """The numbers of what else is called a step in this document: of an example, or in a table."""
        prose = read_prose(self.procedure.document)
        words = meaning_of(self.procedure.template).steps
        passages = prose.around(_mentions(prose.text, words))
        matches = (_own_list(words).match(p.text) for p in passages)
        return frozenset(int(match[1][:_DIGITS]) for match in matches if match)


def _sent(before: str) -> bool:
    return re.search(f"{sent_to()}$", before, re.IGNORECASE) is not None


def _named(text: str, match: re.Match[str]) -> Iterator[int]:
    """Yield the numbers of the steps that a match names, none where they belong to something else."""
    more = _MORE.match(text, match.end()) if match[2] else None
    if not _FOREIGN.match(text, more.end() if more else match.end()):
        yield int(match[3][:_DIGITS])
        yield from (int(number[:_DIGITS]) for number in re.findall(r"\d+", more[0])) if more else ()


def _mentions(text: str, words: Sequence[str]) -> Iterator[int]:
    """Yield where a text holds one of some words, in any case; to look for a word is faster than for a pattern."""
    lower = text.lower()
    if len(lower) != len(text):
        pattern = "|".join(map(re.escape, words))
        yield from (match.start() for match in re.finditer(pattern, text, re.IGNORECASE))
        return
    for word in words:
        at = lower.find(word)
        while at != -1:
            yield at
            at = lower.find(word, at + 1)
