"""The eight steps of Create or Update Procedure as a LangGraph graph, checkpointed after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypedDict

from langgraph.graph import END, START, StateGraph

from procauthor.authoring.author import STEPS, Ask, Author, Problem
from procauthor.authoring.brief import Brief, Usage
from procauthor.authoring.critique import Critique
from procauthor.authoring.together import together
from procauthor.finding import Finding
from procauthor.library.status import match_sections
from procauthor.markdown.parse import parse
from procauthor.template.key import section_key
from procauthor.template.model import late_name, late_parts, sections_of_step
from procauthor.template.spec import SectionSpec, Template

_CONTINUITY, _FORMAT, _REVIEW = 4, 7, 8
# Both rest on the workflow, and neither on the other.
_TOGETHER = (5, 6)
_CONTINUITY_RULES = ("step-input-without-producer", "step-target-missing")


class State(TypedDict, total=False):
    """What a run knows between steps: plain JSON, so that a checkpoint never needs our classes."""

    fields: dict[str, Any]
    sources: dict[str, list[str]]
    questions: dict[str, list[str]]
    usage: dict[str, int]
    problems: list[list[str]]
    findings: list[dict[str, Any]]
    tries: int
    stuck: bool
    reviewed: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run tells while it works: a step begins, or has ended after ``seconds`` with the usage so far."""

    step: int
    name: str
    done: bool
    seconds: float = 0.0
    usage: Usage = Usage()
    note: str = ""


@dataclass(frozen=True)
class Work:
    """What the steps need beside the state.

    ``render`` turns fields and questions into the document's bytes; ``check`` gives the findings of such bytes, for
    some rules or for all; ``doubts`` gives an open question for each claim that nothing supports; ``spent`` is what
    the calls of the run have cost, where there is a record of them; ``critique`` lets a second model read the fields.
    ``at_once`` says that the author can write independent sections at the same time, which needs that record.
    """

    brief: Brief
    template: Template
    author: Author
    render: Callable[[Mapping[str, Any], tuple[str, ...]], bytes]
    check: Callable[[bytes, Sequence[str]], Sequence[Finding]]
    doubts: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda _: ()
    report: Callable[[Progress], None] = lambda _: None
    spent: Callable[[], Usage] | None = None
    critique: Callable[[Mapping[str, Any], int | None], Critique] | None = None
    repairs: int = 2
    max_tokens: int | None = None
    at_once: bool = False


def build_graph(work: Work) -> StateGraph[State]:
    """Return the graph; compile it with a checkpointer."""
    graph: StateGraph[State] = StateGraph(State)
    steps = _Steps(work)
    for number, name in enumerate(STEPS, start=1):
        graph.add_node(name, Node(number, steps.timed))
    graph.add_edge(START, STEPS[0])
    for before, after in pairwise(STEPS):
        if before != STEPS[_CONTINUITY - 1]:
            graph.add_edge(before, after)
    graph.add_conditional_edges(STEPS[_CONTINUITY - 1], steps.after_continuity, [STEPS[2], STEPS[4]])
    graph.add_conditional_edges(STEPS[_REVIEW - 1], steps.after_review, [*STEPS[:6], END])
    return graph


def questions_of(state: State) -> tuple[str, ...]:
    """Return the open questions of all steps, in order, each once."""
    found = state.get("questions", {})
    return tuple(dict.fromkeys(question for step in sorted(found) for question in found[step]))


@dataclass(frozen=True)
class Node:
    """A step as LangGraph calls it, with the state of its graph.

    Of a function, LangGraph would search the code for other graphs at every run.
    """

    number: int
    work: Callable[[int, Any], Any]

    def __call__(self, state: Any) -> Any:
        """Return what the step adds to the state."""
        return self.work(self.number, state)


class _Steps:
    """The nodes and the decisions between them."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._ahead: dict[int, float] = {}
        """How long a step took that was worked on beside the one before it."""

    def node(self, number: int, state: State) -> State:
        if number == _CONTINUITY:
            return self.continuity(state)
        if number == _FORMAT:
            # Rendering is a pure function of the fields, so there is nothing to keep.
            return {}
        if number == _REVIEW:
            return self.review(state)
        if number == _TOGETHER[0] and self.work.at_once and self.work.spent:
            return self.fill_both(state)
        return self.fill(number, state)

    def timed(self, number: int, state: State) -> State:
        """Carry out a step, and tell when it begins and ends."""
        ahead = self._ahead.pop(number, None)
        if ahead is None:
            self.work.report(Progress(number, STEPS[number - 1], done=False))
        started = time.monotonic()
        update = self.node(number, state)
        usage = Usage(**update.get("usage", state.get("usage", {})))
        seconds = time.monotonic() - started if ahead is None else ahead
        problems = len(update.get("problems", []))
        note = f"{problems} to mend" if problems and number in (_CONTINUITY, _REVIEW) else ""
        self.work.report(Progress(number, STEPS[number - 1], done=True, seconds=seconds, usage=usage, note=note))
        return update

    # Steps that an author fills

    def fill_both(self, state: State) -> State:
        """Fill two steps that do not rest on each other at the same time; both see the draft as it was before."""
        if not all(self.has_work(number, state) for number in _TOGETHER):
            return self.fill(_TOGETHER[0], state)

        def second() -> State:
            self.work.report(Progress(_TOGETHER[1], STEPS[_TOGETHER[1] - 1], done=False))
            started = time.monotonic()
            update = self.fill(_TOGETHER[1], state)
            self._ahead[_TOGETHER[1]] = time.monotonic() - started
            return update

        one, other = together(lambda: self.fill(_TOGETHER[0], state), second)
        return self.join(state, one, other)

    def join(self, state: State, one: State, other: State) -> State:
        """Return what two steps add to the state, whichever of them ended first: of each what is its own."""
        update: State = {
            "fields": dict(state.get("fields", {})),
            "sources": dict(state.get("sources", {})),
            "questions": dict(state.get("questions", {})),
            "usage": self.used(state).as_json(),
            "problems": [each for each in one["problems"] if each in other["problems"]],
        }
        for number, added in zip(_TOGETHER, (one, other), strict=True):
            own = fields_of_step(self.work.template, number)
            update["fields"] |= {name: value for name, value in added["fields"].items() if name in own}
            update["sources"] |= {name: found for name, found in added["sources"].items() if name in own}
            update["questions"] |= {key: found for key, found in added["questions"].items() if key == str(number)}
        stuck = [added["stuck"] for added in (one, other) if "stuck" in added]
        return update | {"stuck": all(stuck)} if stuck else update

    def has_work(self, number: int, state: State) -> bool:
        """Say whether a step has something to write or to mend."""
        own = fields_of_step(self.work.template, number)
        mend = any(each[0] in own for each in state.get("problems", [])) or self.outdated(number, state)
        return bool(mend) or not own <= state.get("fields", {}).keys()

    def fill(self, number: int, state: State) -> State:
        """Ask the author for the fields of a step; on a later round, only for those that must be mended."""
        own = fields_of_step(self.work.template, number)
        problems = [Problem(*each) for each in state.get("problems", []) if each[0] in own]
        problems = problems or self.outdated(number, state)
        if not problems and own <= state.get("fields", {}).keys():
            return {}
        used = self.used(state)
        budget = None if self.work.max_tokens is None else self.work.max_tokens - used.tokens
        fields = dict(state.get("fields", {}))
        ask = Ask(self.work.brief, self.work.template, number, fields, problems, budget)
        answer = self.work.author.fill(ask)
        fields.update(answer.values)
        changed = fields != state.get("fields", {})
        sources = state.get("sources", {}) | {key: list(found) for key, found in answer.sources.items()}
        asked = state.get("questions", {})
        # A repair is asked for some fields alone: what was asked before about the others stays open.
        before = asked.get(str(number), []) if problems else []
        questions = asked | {str(number): list(dict.fromkeys([*before, *answer.questions]))}
        update: State = {
            "fields": fields,
            "sources": sources,
            "questions": questions,
            "usage": (self.used(state) if self.work.spent else used + answer.usage).as_json(),
            "problems": [each for each in state.get("problems", []) if each[0] not in own],
        }
        if problems:
            update["stuck"] = not changed
        return update

    def outdated(self, number: int, state: State) -> list[Problem]:
        """Return the late parts that no longer fit, because the steps that they belong to were written again."""
        fields = state.get("fields", {})
        return [
            Problem(late_name(section, part), f"the steps have changed: there are {len(fields[section.name])} now")
            for section, part in late_parts(self.work.template, number)
            if late_name(section, part) in fields and len(fields[late_name(section, part)]) != len(fields[section.name])
        ]

    def used(self, state: State) -> Usage:
        """Return what the run has cost: as its calls say, or else as the steps say that came to their end."""
        return self.work.spent() if self.work.spent else Usage(**state.get("usage", {}))

    # Steps that are computed

    def continuity(self, state: State) -> State:
        """Check that each step's inputs have a producer; breaks go back to step 3, a bounded number of times."""
        findings = self.findings(state, _CONTINUITY_RULES)
        own = fields_of_step(self.work.template, 3)
        problems = [p for p in self.problems(state, findings) if p[0] in own]
        # What a review found in later steps still waits to be mended there.
        later = [p for p in state.get("problems", []) if p[0] not in own]
        tries = state.get("tries", 0)
        if not problems or tries >= self.work.repairs or state.get("stuck"):
            return {"problems": later, "stuck": False}
        return {"problems": problems + later, "tries": tries + 1}

    def after_continuity(self, state: State) -> str:
        names = {each[0] for each in state.get("problems", [])}
        return STEPS[2] if names & fields_of_step(self.work.template, 3) else STEPS[4]

    def review(self, state: State) -> State:
        """Check the rendered document with all rules; errors go back to the step that wrote the field."""
        findings = self.findings(state, ())
        errors = [f for f in findings if f.severity == "error"]
        tries = state.get("tries", 0)
        problems = self.problems(state, errors)
        over = tries >= self.work.repairs or bool(state.get("stuck"))
        update: State = {
            "findings": [f.as_json() for f in findings],
            "problems": [] if over else problems,
            "tries": tries + bool(problems and not over),
            "stuck": False,
        }
        return update | self.critique(state) if not errors else update

    def critique(self, state: State) -> State:
        """Let a second model read a draft without errors, once; its remarks are mended in one more round."""
        if self.work.critique is None or state.get("reviewed"):
            return {}
        left = None if self.work.max_tokens is None else self.work.max_tokens - self.used(state).tokens
        found = self.work.critique(state.get("fields", {}), left)
        update: State = {
            "reviewed": True,
            "problems": [[remark.field, remark.message] for remark in found.remarks],
            "usage": self.used(state).as_json(),
        }
        if found.question:
            update["questions"] = state.get("questions", {}) | {str(_REVIEW): [found.question]}
        return update

    def after_review(self, state: State) -> str:
        names = {each[0] for each in state.get("problems", [])}
        steps = [n for n in range(1, 7) if names & fields_of_step(self.work.template, n)]
        return STEPS[steps[0] - 1] if steps else END

    def findings(self, state: State, rules: Sequence[str]) -> Sequence[Finding]:
        return self.work.check(self.work.render(merge_late(self.work.template, state), questions_of(state)), rules)

    def problems(self, state: State, findings: Sequence[Finding]) -> list[list[str]]:
        """Return (field, message) of findings that stand in a section which an author filled."""
        raw = self.work.render(merge_late(self.work.template, state), questions_of(state))
        found = []
        for finding in findings:
            name = field_at(self.work.template, raw, finding.line)
            if name:
                hint = f" ({finding.hint})" if finding.hint else ""
                found.append([name, finding.message + hint])
        return found


def fields_of_step(template: Template, step: int) -> frozenset[str]:
    """Return the names of the fields that an author fills in one step."""
    own = {spec.name for spec in sections_of_step(template, step)}
    return frozenset(own | {late_name(*pair) for pair in late_parts(template, step)})


def merge_late(template: Template, state: State) -> dict[str, Any]:
    """Return the fields with the parts that a later step wrote put into their steps."""
    fields = dict(state.get("fields", {}))
    for step in range(1, 7):
        for section, part in late_parts(template, step):
            entries = {entry["step"]: entry[part.name] for entry in fields.pop(late_name(section, part), [])}
            rows = fields.get(section.name)
            if rows and entries:
                fields[section.name] = [
                    {**row, part.name: entries[n]} if n in entries else row for n, row in enumerate(rows, start=1)
                ]
    return fields


def field_at(template: Template, raw: bytes, line: int) -> str:
    """Return the name of the field that wrote a line; empty for the head of the document."""
    document = parse(raw)
    match = match_sections(document, template)
    spec: SectionSpec | None = None
    for each in template.sections:
        section = match.sections.get(each.key)
        if section is not None and section.line <= line:
            spec = each
    if spec is None:
        return ""
    part = _part_at(spec, raw, line)
    if part is not None and part.constraint.step not in (0, spec.constraint.step):
        return late_name(spec, part)
    return spec.name


def _part_at(spec: SectionSpec, raw: bytes, line: int) -> SectionSpec | None:
    """Return the labelled part of a step that a line belongs to: the nearest label above it."""
    labels = {part.key: part for part in spec.parts}
    for text in reversed(raw.decode().splitlines()[:line]):
        if text.startswith("#"):
            return None
        if text.startswith("**"):
            part = labels.get(section_key(text.split("**")[1]))
            if part:
                return part
    return None
