"""A survey as lines for people, and as the documented JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath
from typing import Any

from procauthor.adoption.amend import SCHEMA, Amended
from procauthor.adoption.guess import Guess
from procauthor.adoption.survey import Proposed, Survey
from procauthor.data import grouped
from procauthor.library.index import entries, read_index
from procauthor.library.library import Procedure
from procauthor.naming import amount, list_first

SCHEMA_VERSION = 1
_SHOWN = 3
_PATTERNS = 8
# So many folders can be read.
_FOLDERS = 12
_CALLED = {"unproven": "links that mostly lead nowhere"}
# These guesses are only asked about.
_NOT_TAKEN = ("optional", "apart")


def survey_lines(survey: Survey) -> Iterator[str]:
    """Yield what was found and what would be made of it, with counts, examples and how sure it is."""
    yield f"{amount(_count(survey), 'document')} found; nothing in them is changed"
    site = survey.site.guess
    yield f"site: {_guessed(site)}" if site.count else f"site: none seen, so links are read as {site.value} reads them"
    for guess in _together(survey.guesses):
        if guess.subject.partition(".")[0] in ("titles", "addresses", "unproven", "status", "index", "placeholders"):
            yield f"{_CALLED.get(guess.subject, guess.subject)}: {_guessed(guess)}"
    for proposed in survey.templates:
        yield from _template_lines(proposed, [p for p, name in survey.patterns.items() if name == proposed.name])
    if not survey.templates:
        yield "no three documents share two headings, so no template is proposed"
    yield from _outside_lines(survey)
    for language, paths in survey.languages.items():
        yield f"translations ({language}): {list_first(paths, _SHOWN)}"
    for folder, count in survey.hidden.items():
        yield f"not looked at: {count} in the hidden folder {folder}; to adopt them: procauthor init {folder}"
    for question in survey.questions:
        yield f"question: {question}"


def _outside_lines(survey: Survey) -> Iterator[str]:
    """Yield what is counted without a form, and by folder what is not; of many folders those with the most."""
    held = set(chain.from_iterable(template.form.members for template in survey.templates))
    alone = [p.path for p in survey.library.counted if p.path not in held]
    if alone:
        yield f"counted without a form, as they tell what to do: {len(alone)}: {list_first(alone, _SHOWN)}"
    left = sorted(survey.left_out.items(), key=lambda each: -len(each[1]))[:_FOLDERS]
    for folder, paths in sorted(left):
        names = list_first([PurePosixPath(path).name for path in paths], _SHOWN)
        yield f"not counted, without a form: {len(paths)} in {folder}: {names}"
    more = [paths for folder, paths in survey.left_out.items() if folder not in dict(left)]
    if more:
        documents = amount(sum(map(len, more)), "document")
        yield f"not counted, without a form: {documents} in {amount(len(more), 'other folder')}, which --json names"
    yield f"counted: {len(survey.library.counted)} of {amount(_count(survey), 'document')}"


def _together(guesses: Iterable[Guess]) -> Iterator[Guess]:
    """Yield guesses with the same value as one: titles are looked at folder by folder."""
    for same in grouped(((g.subject, g.value), g) for g in guesses).values():
        yield replace(same[0], count=sum(g.count for g in same), of=sum(g.of for g in same))


def amended_lines(amended: Amended) -> Iterator[str]:
    """Yield what was taken of a proposal, what was not, and what it changes."""
    for guess in amended.taken:
        yield f"{guess.subject}: {_guessed(guess)}"
    for text in amended.refused:
        yield f"not taken, because no document shows it or it is known: {text}"
    counts = amended.changes
    yield f"changes by it: titles {counts['title']}, statuses {counts['status']}, counted or not {counts['counted']}"


def weak_lines(survey: Survey) -> Iterator[str]:
    """Yield the guesses that were taken although they are weak."""
    rules: dict[str, list[str]] = {}
    for guess in survey.guesses:
        if guess.weak and guess.subject.partition(".")[0] not in _NOT_TAKEN:
            rules.setdefault(f"weak guess: {guess.subject}: {_guessed(guess)}", []).append(guess.rule)
    for line, names in rules.items():
        so = f"; only an info: {', '.join(names)}" if any(names) else ""
        yield f"{line}{so}"


def _count(survey: Survey) -> int:
    return len(survey.library.procedures) + len(survey.library.unread)


def _guessed(guess: Guess) -> str:
    seen = f", for example {', '.join(guess.evidence)}" if guess.evidence else ""
    value = f"{guess.value} " if guess.value else ""
    return f"{value}({guess.count} of {guess.of}, {guess.confidence:.0%} sure{seen})"


def _template_lines(proposed: Proposed, patterns: list[str]) -> Iterator[str]:
    inferred = proposed.inferred
    origin = " (shipped)" if proposed.shipped else ""
    begun = f", {len(proposed.form.begun)} of them only begun" if proposed.form.begun else ""
    yield f"template {proposed.name!r}{origin} for {amount(len(proposed.form.members), 'document')}{begun}:"
    yield f"  {list_first(patterns, _PATTERNS)}"
    for heading in inferred.headings:
        if heading.required or not proposed.shipped:
            kind = "required" if heading.required else "optional"
            yield f"  {kind}  {heading.share:4.0%}  {heading.text}"
    yield f"  {_guessed(proposed.guess)}"
    if proposed.template_file:
        yield f"  its own template is {proposed.template_file}"
    if proposed.form.outliers:
        yield f"  beside them without this form: {list_first(proposed.form.outliers, _SHOWN)}"


def survey_json(survey: Survey, amended: Amended | None = None) -> dict[str, object]:
    """Return a survey as a JSON object, which `init --json` prints."""
    proposed = {
        "schema": SCHEMA,
        "taken": [{"about": guess.subject, **guess.to_json()} for guess in amended.taken] if amended else [],
        "refused": list(amended.refused) if amended else [],
        "changes": dict(amended.changes) if amended else {},
    }
    return {
        "proposed": proposed,
        "schema_version": SCHEMA_VERSION,
        "site": {**survey.site.guess.to_json(), "root": survey.site.root},
        "titles": {
            "sources": _about(survey, "titles.sources"),
            "patterns": _about(survey, "titles.patterns"),
        },
        "forms": [_form(survey, proposed) for proposed in survey.templates],
        "statuses": _about(survey, "status"),
        "index": list(_index(survey)),
        "placeholders": _about(survey, "placeholders"),
        "files": {"documents": _count(survey), "unread": [u.path for u in survey.library.unread]},
        "languages": {language: list(paths) for language, paths in survey.languages.items()},
        "hidden": [{"folder": folder, "documents": count} for folder, count in survey.hidden.items()],
        "outside": list(survey.settings.get("library", {}).get("exclude", ())),
        "documents": [_document(p) for p in survey.library.procedures],
        "left_out": [{"folder": f, "documents": list(paths)} for f, paths in survey.left_out.items()],
        "questions": list(survey.questions),
        "settings": survey.settings,
    }


def _about(survey: Survey, subject: str) -> list[dict[str, object]]:
    return [
        {"about": guess.subject, **guess.to_json()}
        for guess in survey.guesses
        if guess.subject == subject or guess.subject.startswith(f"{subject}.")
    ]


def _form(survey: Survey, proposed: Proposed) -> dict[str, object]:
    member = survey.library.by_path[proposed.form.members[0]]
    roles = {spec.role: spec.heading for spec in member.template.sections if spec.role} if member.template else {}
    return {
        "name": proposed.name,
        "required": [h.text for h in proposed.inferred.headings if h.required],
        "optional": [h.text for h in proposed.inferred.headings if not h.required],
        "roles": roles,
        "documents": list(proposed.form.members),
        "outliers": list(proposed.form.outliers),
        "template_file": proposed.template_file or None,
        **proposed.guess.to_json(),
    }


def _document(procedure: Procedure) -> Mapping[str, Any]:
    return {
        "path": procedure.path,
        "title": procedure.title,
        "role": procedure.kind,
        "form": procedure.template.name if procedure.template else None,
        "status": procedure.status,
        "area": procedure.lifecycle,
        "counted": procedure.counted,
    }


def _index(survey: Survey) -> Iterator[dict[str, object]]:
    listed = list(read_index(survey.library))
    guess = next((guess for guess in survey.guesses if guess.subject == "index"), None)
    if guess is not None:
        known, keys = survey.library.by_path, survey.library.by_key
        rows = {entry.row.line for entry in entries(survey.library, known[guess.value])}
        tables = sum(each.line in rows for each in listed)
        entries_ = [{"text": e.title, "exists": e.path in known or e.key in keys, "line": e.line} for e in listed]
        yield {"path": guess.value, "notation": _notation(tables, len(listed)), "entries": entries_, **guess.to_json()}


def _notation(tables: int, total: int) -> str:
    """Say in what an index lists its entries: so many of them are in tables."""
    if tables == total:
        return "table"
    return "table and list" if tables else "list"
