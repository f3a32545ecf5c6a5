"""Judges a submission against the template and the closed lists: what is taken, and what must be handed in again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import chain
from typing import Any

from msgspec import Struct
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from procauthor.authoring.brief import Answer, Ask, Brief
from procauthor.authoring.complaint import RULES
from procauthor.authoring.reply import FieldPlace, path_of, restrict
from procauthor.authoring.run import HAND_OFF, Submission
from procauthor.authoring.update.outline import LABEL
from procauthor.library.status import match_sections
from procauthor.markdown.document import Block, Document, Section
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.regex import lazy
from procauthor.template.model import build_draft_model, late_name, late_parts, sections_of_step, split_late
from procauthor.template.spec import SectionSpec, Template, section_key


def place_at(template: Template, document: Document, line: int) -> FieldPlace:
    """Return the place of what wrote a line of a rendered document."""
    match = match_sections(document, template)
    placed = [(match.sections[s.key], s) for s in template.sections if s.key in match.sections]
    above = [(section, spec) for section, spec in placed if section.line <= line]
    if not above:
        return ()
    section, spec = max(above, key=lambda each: each[0].line)
    if spec.kind == "steps":
        return (spec.name, *_in_step(document, section, spec, line))
    return (spec.name, *_index(section.blocks, line))


def name_at(template: Template, document: Document, line: int) -> str:
    """Return the name of the field that an author filled with a line: that of a late part, where it is in one."""
    name, *inside = place_at(template, document, line) or ("",)
    part_name = inside[1] if len(inside) > 1 else ""
    late = (late_name(s, part) for s, part in late_parts(template) if (s.name, part.name) == (name, part_name))
    return next(late, str(name))


def _in_step(document: Document, section: Section, spec: SectionSpec, line: int) -> FieldPlace:
    steps = [s for s in document.family(section) if s.level == spec.step_level and s.index != section.index]
    above = [(number, step) for number, step in enumerate(steps) if step.line <= line]
    if not above:
        return ()
    number, step = above[-1]
    parts: dict[str, str] = {}
    for part in spec.parts:
        parts |= dict.fromkeys(part.keys, part.name)
    name, body = "", list[Block]()
    for block in chain.from_iterable(part.blocks for part in document.family(step)):
        if block.line > line:
            break
        label = LABEL.match(document.source.raw, block.start, block.end)
        key = section_key(label[1].decode()) if label else ""
        if key in parts:
            name, body = parts[key], []
        body.append(block)
    return (number, name, *_index(body, line)) if name else (number,)


def _index(blocks: Sequence[Block], line: int) -> FieldPlace:
    """Return the index of the item or row that is at a line, if there is one; each that we render is one line."""
    for block in blocks:
        rows = [item.line for item in block.items if item.level == 0] or [row.line for row in block.rows]
        above = [number for number, start in enumerate(rows) if start <= line]
        if above and line <= max(block.line, *rows):
            return (above[-1],)
    return ()


# What is wrong with what was handed in, by name: the code, and what it is called.
CODES: Mapping[str, str] = {rule.name: rule.code for rule in RULES}
# These say of a rendered draft what a missing field already says, or follow from it.
_SAID_ALREADY = frozenset({"missing-section", "empty-section", "status-mismatch", "section-order"})
# These compare fields, so they would cry wolf while the fields of a step are missing.
_NEEDS_STEP = {"step-input-without-producer": 2, "unused-output": 6}
_EXAMPLE = lazy(r"<(?!https?:)[^<>\n]+>")
_NEAREST = 3
_SHOWN = 80


class Complaint(Struct, frozen=True):
    """What is wrong at one place of a submission. ``field`` is a path; ``allowed`` names what could be there."""

    rule: str
    field: str
    message: str
    hint: str = ""
    allowed: tuple[str, ...] = ()
    severity: str = "error"

    def as_json(self, path: str) -> dict[str, Any]:
        """Return the complaint as a finding about the document that the draft would become."""
        return {
            "rule": self.rule,
            "code": CODES[self.rule],
            "severity": self.severity,
            "message": self.message,
            "path": path,
            "line": 1,
            "column": 1,
            "hint": self.hint,
            "fixable": False,
            "fingerprint": "",
            "field": self.field,
            "allowed": list(self.allowed),
        }


class Verdict(Struct, frozen=True):
    """The fields that fit, with their sources, and what is wrong with the rest."""

    values: Mapping[str, Any]
    sources: Mapping[str, tuple[str, ...]]
    complaints: tuple[Complaint, ...]
    lacking: frozenset[str]


def source_ids(brief: Brief) -> tuple[str, ...]:
    """Return what a field may be said to rest on: passages, contracts, the plan's item, the present document."""
    ids = [passage.id for passage in brief.passages]
    ids += [f"contract:{n.path or n.title}" for n in brief.neighbours]
    if brief.request.item is not None:
        ids.append(f"plan:{brief.request.item}")
    if brief.present:
        ids.append(f"document:{brief.path}")
    return tuple(ids)


def judge(template: Template, brief: Brief, submission: Submission) -> Verdict:
    """Judge each field for itself, so that one that does not fit costs no other."""
    # Where nothing was handed in, nothing is held against a model, which takes long to build.
    model = build_draft_model(template, brief.titles, bounded=not brief.revises) if submission.fields else BaseModel
    specs = {spec.name: spec for spec in template.sections if spec.kind != "group"}
    values: dict[str, Any] = {}
    known = list(specs)
    complaints = [_unknown(name, known) for name in submission.fields if name not in known]
    for name in known:
        if name not in submission.fields:
            if specs[name].constraint.optional:
                continue
            complaints.append(
                Complaint("field-missing", name, f"{specs[name].heading!r} is missing", _ask(specs[name]))
            )
            continue
        try:
            part = restrict(model, [name]).model_validate({name: submission.fields[name]})
            values[name] = part.model_dump()[name]
            complaints += _examples((name,), values[name])
        except ValidationError as error:
            complaints += _explain(error, model, brief)
    sources, wrong = _sources(submission, brief, known)
    required = {n for n in known if not specs[n].constraint.optional or n in submission.fields}
    return Verdict(values, sources, (*complaints, *wrong), frozenset(required - values.keys()))


def _unknown(name: str, known: Sequence[str]) -> Complaint:
    close = tuple(get_close_matches(name, known, n=_NEAREST, cutoff=0.5))
    hint = f"did you mean {close[0]!r}?" if close else f"the fields are {', '.join(known)}"
    return Complaint("field-unknown", name, f"there is no field {name!r}", hint, close or tuple(known))


def _ask(spec: SectionSpec) -> str:
    least = spec.constraint.minimum
    count = f"at least {least}" if spec.counted and least else ""
    return ": ".join(filter(None, [f"hand in {spec.name!r}", count]))


def _examples(location: FieldPlace, value: Any) -> Iterator[Complaint]:
    """Report the texts of the brief's examples: left in a draft, that place was not filled."""
    if isinstance(value, str) and _EXAMPLE.fullmatch(value):
        yield Complaint("field-example", path_of(location), f"{_shown(value)} is still the text of the example")
    items = dict(enumerate(value)) if isinstance(value, list) else value
    for part, each in items.items() if isinstance(items, dict) else ():
        yield from _examples((*location, part), each)


# What does not fit the model


def _explain(error: ValidationError, model: type[BaseModel], brief: Brief) -> Iterator[Complaint]:
    schema = model.model_json_schema()
    for detail in error.errors(include_url=False):
        yield _complaint(detail, schema, brief)


def _complaint(detail: ErrorDetails, schema: Mapping[str, Any], brief: Brief) -> Complaint:
    location = detail["loc"]
    path = path_of(location)
    kind = detail["type"]
    if kind == "literal_error":
        return _reference(path, detail["input"], brief)
    if kind == "missing":
        return Complaint("field-missing", path, f"{location[-1]!r} is missing", "", _members(schema, location[:-1]))
    if kind == "extra_forbidden":
        return _unknown_member(path, str(location[-1]), _members(schema, location[:-1]))
    if kind in ("too_short", "too_long"):
        bounds = detail.get("ctx", {})
        wanted = f"at least {bounds['min_length']}" if kind == "too_short" else f"at most {bounds['max_length']}"
        return Complaint("field-count", path, f"has {bounds['actual_length']} entries, and the template wants {wanted}")
    message = detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    members = _members(schema, location) if kind in ("model_type", "dict_type") else ()
    if members:
        message = "must be an object with the members " + ", ".join(members)
    return Complaint("field-type", path, message, f"it is {_shown(detail['input'])}", members)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _reference(path: str, value: Any, brief: Brief) -> Complaint:
    near = _near(str(value), brief)
    hint = (
        f"did you mean {near[0]!r}?" if near else "take one of the references of the brief; null where it may be empty"
    )
    message = f"{_shown(value)} is not in the closed list of {len(brief.titles)} titles"
    return Complaint("reference-unknown", path, message, hint, near)


def _near(value: str, brief: Brief) -> tuple[str, ...]:
    keys = {title_key(title): title for title in brief.titles}
    return tuple(keys[key] for key in get_close_matches(title_key(value), list(keys), n=_NEAREST, cutoff=0.4))


def _unknown_member(path: str, name: str, known: Sequence[str]) -> Complaint:
    return Complaint("field-unknown", path, f"there is no {name!r} here", f"known are {', '.join(known)}", tuple(known))


def _members(schema: Mapping[str, Any], location: FieldPlace) -> tuple[str, ...]:
    """Return the names of the members that the object at a place may have."""
    place = _resolve(schema, schema)
    for part in location:
        inner = place.get("items", {}) if isinstance(part, int) else place.get("properties", {}).get(part, {})
        place = _resolve(inner, schema)
    return tuple(place.get("properties", {}))


def _resolve(place: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    target = place.get("$ref", "")
    resolved: Mapping[str, Any] = schema["$defs"][target.rsplit("/", 1)[-1]] if target else place
    return resolved


# What fields rest on


def _sources(
    submission: Submission, brief: Brief, names: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], list[Complaint]]:
    allowed = source_ids(brief)
    sources: dict[str, tuple[str, ...]] = {}
    wrong: list[Complaint] = []
    for name, ids in submission.sources.items():
        if name not in names:
            wrong.append(_unknown(name, names))
            continue
        sources[name] = tuple(each for each in ids if each in allowed)
        for each in ids:
            if each not in allowed:
                message = f"{_shown(each)} is no passage of the brief"
                hint = f"the brief has {', '.join(allowed)}" if allowed else "the brief has no passage"
                wrong.append(Complaint("source-unknown", f"sources.{name}", message, hint, allowed))
    return sources, wrong


# What the rules say


def join_findings(  # noqa: PLR0913, PLR0917 - both sides of what there is to say
    text: bytes,
    path: str,
    findings: Sequence[Mapping[str, Any]],
    template: Template,
    verdict: Verdict,
    complaints: Sequence[Complaint],
) -> tuple[dict[str, Any], ...]:
    """Join what is wrong with fields that were handed in and what the rules say of their document, by field."""
    document = parse(text)
    joined = [complaint.as_json(path) for complaint in (*verdict.complaints, *complaints)]
    own = [finding for finding in findings if not _follows(str(finding["rule"]), template, verdict.lacking)]
    places = (path_of(place_at(template, document, int(finding["line"]))) for finding in own)
    joined += [{**finding, "field": path, "allowed": []} for finding, path in zip(own, places, strict=True)]
    # That the status is not true yet only sums up the other errors.
    return tuple(each for each in joined if each["rule"] != "status-mismatch") or tuple(joined)


def _follows(rule: str, template: Template, lacking: frozenset[str]) -> bool:
    """Say whether a finding only follows from fields that are lacking."""
    if not lacking:
        return False
    step = _NEEDS_STEP.get(rule)
    return rule in _SAID_ALREADY or (
        step is not None and bool(lacking & {spec.name for spec in sections_of_step(template, step)})
    )


# The author whose answers were handed in


class HandoffAuthor:
    """Answers each step with the fields that were handed in and fit; what is missing stays empty."""

    id = HAND_OFF

    def __init__(self, verdict: Verdict, submission: Submission) -> None:
        self._verdict = verdict
        self._questions = submission.questions

    def fill(self, ask: Ask) -> Answer:
        """Return the fields of one step."""
        values = split_late(ask.template, self._verdict.values).get(ask.step, {})
        sources = {name: ids for name in values if (ids := self._verdict.sources.get(name))}
        return Answer(values, sources, self._questions)
