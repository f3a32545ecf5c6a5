"""A procedure as an Agent SOP: Overview, Parameters, and Steps with constraints in the words of RFC 2119."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from procauthor.checking.usage import is_optional
from procauthor.errors import LibraryError
from procauthor.library.artifact import written_items
from procauthor.library.contract import NONE_WORDS, part_of, sections_of
from procauthor.library.library import Procedure
from procauthor.markdown.document import Document, Link, Section
from procauthor.procedure import Artifact, Part, Step
from procauthor.regex import lazy
from procauthor.reporting.skill import skill_name
from procauthor.template.role import meaning_of

MARK = "<!-- exported by procauthor from {path} -->"
_WHEN = lazy(r"^((?:if|when|where|once|after|before|while|for each|for every)\b[^,]*),\s*(.+)$", re.IGNORECASE)
_NOT = lazy(r"^(?:do not|don't|never)\s+(.+)$", re.IGNORECASE)
_SHOULD = lazy(r"^(?:consider|prefer|try to)\b|\b(?:should|where possible|if possible|recommended)\b", re.IGNORECASE)
_DECISION = lazy(r"^if (.+?):\s*(.+?)(?:;\s*otherwise:?\s*(.+?))?\.?$", re.IGNORECASE)
_TOLD = ("purpose", "inputs", "actions", "decisions", "outputs", "failures")
_BESIDE_STEPS = frozenset({"card", "purpose", "scope", "trigger", "inputs"})


def sop_name(procedure: Procedure) -> str:
    """Return the name of the file."""
    return f"{skill_name(procedure)}.sop.md"


def export_sop(procedure: Procedure) -> str:
    """Return the text of the SOP.

    Raises:
        LibraryError: The procedure has neither steps nor lists of what to do.
    """
    writer = _SopWriter(procedure)
    steps = list(writer.steps())
    if not steps:
        message = f"{procedure.title!r} has no steps that could be exported"
        raise LibraryError(message, "give it a workflow, or export it as an agent-skill")
    lines = [f"# {procedure.title}", "", "## Overview", "", *writer.overview(), "## Parameters", ""]
    lines += [*writer.parameters(), "## Steps", ""]
    for number, (name, body) in enumerate([*steps, *writer.last()], start=1):
        lines += [f"### {number}. {name}", "", *body, ""]
    return "\n".join([*lines, MARK.format(path=procedure.path), ""])


class _SopWriter:
    """Reads a procedure, and says it as an SOP does."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.document: Document = procedure.document
        self.contract = procedure.contract
        self.meaning = meaning_of(procedure.template)
        self.written = written_items(self.document)

    def overview(self) -> Iterator[str]:
        card = self._items("card")
        if card:
            yield from (f"- {line}" for line in card)
            yield ""
        section = self._section("purpose") or next((s for s in self.document.sections if _texts(s)), None)
        for text in _texts(section) if section else ():
            yield text
            yield ""
        triggers = self._items("trigger")
        if triggers:
            yield "Use it when:"
            yield ""
            yield from (f"- {item}" for item in triggers)
            yield ""

    def parameters(self) -> Iterator[str]:
        inputs = sorted(self.contract.inputs, key=is_optional)
        if not inputs:
            yield "This SOP takes no parameters."
            yield ""
            return
        for wanted in inputs:
            source = f" (from {wanted.source})" if wanted.source else ""
            text = wanted.text.removeprefix(wanted.name).lstrip(" :–—-") or wanted.name
            yield f"- **{_snake(wanted.name)}** ({'optional' if is_optional(wanted) else 'required'}): {text}{source}"
        yield ""
        yield "**Constraints for parameter acquisition:**"
        yield "- You MUST ask for all required parameters upfront in a single prompt rather than one at a time"
        yield "- You MUST accept each parameter as text, as a path to a file, or as a link"
        yield "- You MUST confirm that every required parameter is there before the first step"
        yield ""

    # Steps

    def steps(self) -> Iterator[tuple[str, list[str]]]:
        if self.contract.steps:
            yield from ((step.name, list(self._step(step))) for step in self.contract.steps)
            return
        for section in self.document.sections:
            items = [i for block in section.blocks for i in block.items if i.level == 0]
            if section.level > 1 and items and self.meaning.role_of(section.title) not in _BESIDE_STEPS:
                rules = [self._must(self.written[" ".join(i.text.split())], section.title) for i in items]
                lead = _texts(section) or [f"{section.title}."]
                yield section.title, ["\n\n".join(lead), "", "**Constraints:**", *rules]

    def _step(self, step: Step) -> Iterator[str]:
        lead = self._part(step, "purpose")
        purpose = lead.text if lead else ""
        yield purpose or f"{step.name}."
        told = {key for role in _TOLD for key in self.meaning.parts[role]}
        for key, part in step.parts.items():
            if key not in told and (part.text or part.items):
                yield ""
                yield f"{key.capitalize()}: {part.text or '; '.join(part.items)}"
        yield ""
        yield "**Constraints:**"
        if step.inputs:
            yield f"- You MUST use {_join([_from(a) for a in step.inputs])}"
        for role, say in (("actions", self._must), ("decisions", self._decide), ("failures", self._fail)):
            yield from (say(self.written.get(text, text), purpose) for text in self._said(step, role))
        calls = [link.text for link in self._links(step)] if self.procedure.kind == "orchestration" else []
        if calls:
            yield f"- You MUST carry out, in this order: {'; '.join(calls)}"
        for made in step.outputs:
            text = made.text.removeprefix(made.name).lstrip(" :–—-")
            yield f"- You MUST produce {made.name}{': ' + text if text else ''}"

    def _part(self, step: Step, role: str) -> Part | None:
        return part_of(step, self.procedure.template, role)

    def _said(self, step: Step, role: str) -> list[str]:
        part = self._part(step, role)
        items = part.items or (part.text,) if part else ()
        return [" ".join(i.split()) for i in items if i.strip() and i.strip().casefold() not in NONE_WORDS]

    def _links(self, step: Step) -> Iterator[Link]:
        later = [s.start for s in self.contract.steps if s.start > step.start]
        section = next(s for s in self.document.sections if s.start <= step.start < s.end)
        end = min(later, default=self.document.end(section))
        yield from (link for link in self.document.links if step.start <= link.start < end)

    def last(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the step that confirms the result, where the procedure says how."""
        checks = [*self._items("criteria"), *self._items("done")]
        promised = [f"{a.name} is handed over" for a in self.contract.outputs]
        states = self._items("exits")
        if checks or states:
            body = ["Confirm that the work is complete, and say how it ended.", "", "**Constraints:**"]
            body += [f"- You MUST confirm: {text}" for text in [*checks, *promised]]
            if states:
                body.append(f"- You MUST end in exactly one of these states: {'; '.join(states)}")
            body.append("- You MUST NOT report success while one of these is open because others build on the result")
            yield "Confirm the result", body

    # Words

    @staticmethod
    def _must(text: str, reason: str) -> str:
        forbidden = _NOT.match(text)
        if forbidden:
            why = reason.rstrip(".") or "the procedure"
            return f"- You MUST NOT {forbidden[1].rstrip('.')} because of what this step is for: {_lower(why)}"
        word = "SHOULD" if _SHOULD.search(text) else "MUST"
        when = _WHEN.match(text)
        if when:
            return f"- {when[1][:1].upper()}{when[1][1:]}, you {word} {_lower(when[2])}"
        return f"- You {word} {_lower(text)}"

    @staticmethod
    def _decide(text: str, _reason: str) -> str:
        match = _DECISION.match(text)
        if not match:
            return f"- You MUST decide: {text}"
        otherwise = f"; otherwise you MUST {_lower(match[3])}" if match[3] else ""
        return f"- If {match[1]}, you MUST {_lower(match[2])}{otherwise}"

    @staticmethod
    def _fail(text: str, _reason: str) -> str:
        failure, colon, response = text.partition(": ")
        return (
            f"- If this happens: {_lower(failure)}, you MUST {_lower(response)}"
            if colon
            else f"- You MUST handle: {text}"
        )

    def _section(self, role: str) -> Section | None:
        return next(iter(sections_of(self.document, self.procedure.template, role)), None)

    def _items(self, role: str) -> list[str]:
        section = self._section(role)
        items = [i for b in section.blocks for i in b.items if i.level == 0] if section else []
        texts = [self.written[" ".join(item.text.split())] for item in items]
        return [text for text in texts if text.casefold() not in NONE_WORDS]


def _texts(section: Section) -> list[str]:
    return [block.text for block in section.blocks if block.kind == "paragraph"]


def _snake(name: str) -> str:
    return "_".join(re.findall(r"\w+", name.casefold())) or "input"


def _from(artifact: Artifact) -> str:
    return f"{artifact.name} (from {artifact.source})" if artifact.source else artifact.name


def _join(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def _lower(text: str) -> str:
    """Return a text to go on with in a sentence: a capital stays where the word is a name or an abbreviation."""
    second = text[1:2]
    return text[:1].lower() + text[1:] if second.islower() or second == " " else text
