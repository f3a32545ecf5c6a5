"""The rows of an evaluation: every document once, and every announced title without a document once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from procauthor.checking.scope import Scope
from procauthor.evaluation.value import Row
from procauthor.finding import Finding, Report
from procauthor.library.index import Listed, entries, known_statuses, read_index, read_row
from procauthor.library.library import Library, Procedure
from procauthor.library.status import earn
from procauthor.naming import title_key
from procauthor.procedure import Kind, Status
from procauthor.template.spec import Template

_HOSTS: tuple[Kind, ...] = ("readme", "orchestration")


def read_rows(scope: Scope, report: Report) -> tuple[Row, ...]:
    """Return all rows: lifecycles in the order of the index, then by name; within one, the order of the index."""
    library = scope.library
    listed = tuple(read_index(library))
    names, ranks = _order(listed)
    errors = read_errors(report)
    warnings = Counter(f.path for f in report.findings if f.severity == "warning")
    required: dict[str, tuple[str, ...]] = {}
    rows = [_document(p, names, errors, warnings, required) for p in library.counted]
    usual = _usual(rows)
    rows += [replace(row, required=usual, missing=usual) for row in _announced(scope, listed, names)]
    return tuple(sorted(rows, key=lambda row: _rank(row, names, ranks)))


def read_errors(report: Report) -> Mapping[str, Sequence[str]]:
    """Return the rules of the errors that each document has, without those that speak of its row in the index."""
    rules: dict[str, list[str]] = defaultdict(list)
    for finding in report.findings:
        if finding.severity == "error" and not _about_index(finding):
            rules[finding.path].append(finding.rule)
    return rules


def status_that_counts(procedure: Procedure, errors: Sequence[str]) -> Status:
    """Return the status that evaluation, plans and ticks count with: a whole text with an error is not defined.

    Args:
        procedure: The document.
        errors: The rules of the errors in it.
    """
    weighty = sum(rule not in procedure.conventions.status.tolerated for rule in errors)
    return earn(procedure.text_status, approved=procedure.status == "approved", errors=weighty)


def statuses_in(library: Library, report: Report) -> dict[str, str]:
    """Return the statuses that count in a library that was checked, as `known_statuses` does."""
    errors = read_errors(report)
    counted = {p.key: str(status_that_counts(p, errors.get(p.path, ()))) for p in library.counted}
    return known_statuses(library) | counted


def read_others(library: Library, report: Report) -> tuple[Row, ...]:
    """Return a row for each document that is not counted, by path."""
    errors = read_errors(report)
    warnings = Counter(f.path for f in report.findings if f.severity == "warning")
    required: dict[str, tuple[str, ...]] = {}
    return tuple(_document(p, {}, errors, warnings, required) for p in library.procedures if not p.counted)


def _usual(rows: list[Row]) -> tuple[str, ...]:
    """Return the sections that most procedures must have: what a procedure without a document lacks."""
    counts = Counter(row.required for row in rows if row.kind == "procedure" and row.required)
    return max(counts, key=lambda required: (counts[required], required)) if counts else ()


def _about_index(finding: Finding) -> bool:
    """Say whether a finding at a procedure speaks of the index: a text is no less finished for that."""
    return finding.rule.startswith("index-")


def _order(listed: tuple[Listed, ...]) -> tuple[dict[str, str], dict[tuple[str, str], int]]:
    """Return the index's spelling of each lifecycle by key, and the place of each title."""
    names: dict[str, str] = {}
    ranks: dict[tuple[str, str], int] = {}
    for place, entry in enumerate(listed):
        key = title_key(entry.lifecycle)
        names.setdefault(key, entry.lifecycle)
        ranks.setdefault((key, entry.key), place)
    return names, ranks


def _rank(row: Row, names: dict[str, str], ranks: dict[tuple[str, str], int]) -> tuple[object, ...]:
    lifecycle, last = title_key(row.lifecycle), len(ranks)
    home = list(names).index(lifecycle) if lifecycle in names else len(names)
    return home, lifecycle, ranks.get((lifecycle, title_key(row.title)), last), row.title, row.path or ""


# Documents


def _document(
    procedure: Procedure,
    names: dict[str, str],
    errors: Mapping[str, Sequence[str]],
    warnings: Counter[str],
    required: dict[str, tuple[str, ...]],
) -> Row:
    missing, empty = procedure.lacking
    template = procedure.template
    return Row(
        title=procedure.title,
        path=procedure.path,
        lifecycle=names.get(title_key(procedure.lifecycle), procedure.lifecycle),
        kind=procedure.kind,
        status=status_that_counts(procedure, errors.get(procedure.path, ())),
        text_status=procedure.status,
        declared=procedure.declared_status,
        phase=procedure.phase,
        required=_required(template, required) if template else (),
        missing=missing,
        empty=empty,
        errors=len(errors.get(procedure.path, ())),
        warnings=warnings[procedure.path],
        form=template.name if template else "",
        owner=procedure.owner,
        questions=procedure.questions,
        counted=procedure.counted,
    )


def _required(template: Template, seen: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    return seen.setdefault(template.hash, tuple(spec.heading for spec in template.required))


# Titles without a document


def _announced(scope: Scope, listed: tuple[Listed, ...], names: dict[str, str]) -> Iterator[Row]:
    """Yield what the index lists without a document; then what a README or an orchestration lists beyond that."""
    spoken = _spoken(scope.library, listed)
    seen: set[tuple[str, str]] = set()
    for each in listed:
        place = (title_key(each.lifecycle), each.key)
        if place not in seen and not _has_document(scope, each, spoken):
            seen.add(place)
            yield _missing(each, names.get(place[0], each.lifecycle))
    titles = {title for _, title in seen}
    hosts = (p for p in scope.library.procedures if p.kind in _HOSTS)
    for host in hosts:
        for entry in entries(scope.library, host):
            if entry.title and "standard" not in entry.table.columns and entry.key not in titles:
                if _leads(scope, entry.path) or entry.key in scope.library.by_key:
                    continue
                titles.add(entry.key)
                home = names.get(title_key(host.lifecycle), host.lifecycle)
                yield _missing(read_row(entry, home), home)


def _spoken(library: Library, listed: tuple[Listed, ...]) -> set[str]:
    """Return the documents that have a row of their own: by its link, or by its title within their lifecycle."""
    spoken: set[str] = set()
    for entry in listed:
        if entry.path in library.by_path:
            spoken.add(str(entry.path))
        for document in library.by_key.get(entry.key, ()):
            if not entry.path and title_key(document.lifecycle) == title_key(entry.lifecycle):
                spoken.add(document.path)
    return spoken


def _has_document(scope: Scope, entry: Listed, spoken: set[str]) -> bool:
    """Say whether a row of the index speaks of a document.

    A row of another lifecycle that repeats the title of a document with a row of its own names another procedure.
    """
    if _leads(scope, entry.path):
        return True
    here = title_key(entry.lifecycle)
    return any(
        title_key(document.lifecycle) == here or document.path not in spoken
        for document in scope.library.by_key.get(entry.key, ())
    )


def _leads(scope: Scope, path: str | None) -> bool:
    """Say whether a row leads to a document, by its path of today or, by what git knows, of before."""
    known = scope.library.by_path
    return bool(path) and (path in known or scope.renamed(str(path)) in known)


def _missing(listed: Listed, lifecycle: str) -> Row:
    words = listed.title.casefold().split()
    return Row(
        title=listed.title,
        path=None,
        lifecycle=lifecycle,
        kind="orchestration" if words and words[-1] == "orchestration" else "procedure",
        status="missing",
        text_status="missing",
        declared=listed.status,
        phase=listed.phase,
        announced=f"{listed.host}:{listed.line}",
    )
