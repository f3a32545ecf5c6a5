"""The rows of an evaluation: every document once, and every announced title without a document once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain

from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.data import grouped
from procauthor.evaluation.value import Row
from procauthor.finding import Report
from procauthor.library.index import Listed, entries, known_statuses, read_index, read_row
from procauthor.library.library import Library, Procedure
from procauthor.library.status import earn
from procauthor.naming import title_key
from procauthor.procedure import Kind, Status
from procauthor.template.spec import Template

_HOSTS: tuple[Kind, ...] = ("readme", "orchestration")


def read_rows(scope: Scope, report: Report) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """Return all rows that count, and a row for each other document.

    Those that count come in the order of the index, lifecycles that it does not name by name; the others by path.
    """
    listed = tuple(read_index(scope.library))
    names, ranks = _order(listed)
    spelled = _spelled(scope.library) | names
    documents = list(_documents(scope.library, report, spelled))
    rows = [row for row in documents if row.counted]
    usual = _usual(rows)
    rows += [replace(row, required=usual, missing=usual) for row in _announced(scope, listed, spelled)]
    others = tuple(row for row in documents if not row.counted)
    return tuple(_in_order(rows, scope.library, names, ranks)), others


def read_errors(report: Report) -> Mapping[str, Sequence[str]]:
    """Return the rules of the errors that each document has, without those that speak of its row in the index."""
    # Where a finding at a procedure speaks of the index, its text is no less finished.
    return grouped((f.path, f.rule) for f in report.errors if not f.rule.startswith("index-"))


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


def _usual(rows: list[Row]) -> tuple[str, ...]:
    """Return the sections that most procedures must have: what a procedure without a document lacks."""
    counts = Counter(row.required for row in rows if row.kind == "procedure" and row.required)
    return max(counts, key=lambda required: (counts[required], required)) if counts else ()


def _order(listed: tuple[Listed, ...]) -> tuple[dict[str, str], dict[tuple[str, str], int]]:
    """Return the index's spelling of each lifecycle by key, and the place of each title."""
    names: dict[str, str] = {}
    ranks: dict[tuple[str, str], int] = {}
    for place, entry in enumerate(listed):
        key = title_key(entry.lifecycle)
        names.setdefault(key, entry.lifecycle)
        ranks.setdefault((key, entry.key), place)
    return names, ranks


def _spelled(library: Library) -> dict[str, str]:
    """Return lifecycles that are named by their folder, by key, with words as titles spell them: "CI", not "Ci"."""
    spelled: dict[str, str] = {}
    for key, procedures in library.by_lifecycle.items():
        # Only who has the field is read for what it says.
        named = (p for p in procedures if "lifecycle" in p.field_lines)
        if not any(p.document.metadata.get("lifecycle") for p in named):
            counts = Counter(chain.from_iterable(p.title.split() for p in procedures if p.counted))
            spelled[key] = " ".join(_spelling(word, counts) for word in procedures[0].lifecycle.split())
    return spelled


def _spelling(word: str, counts: Counter[str]) -> str:
    """Return how a word is spelled most often, if not with small letters alone; else as it is."""
    ways = [way for way in counts if way.casefold() == word.casefold() and not way.islower()]
    return max(ways, key=lambda way: (counts[way], way == word, way), default=word)


def _in_order(
    rows: list[Row], library: Library, names: Mapping[str, str], ranks: Mapping[tuple[str, str], int]
) -> list[Row]:
    homes = {lifecycle: place for place, lifecycle in enumerate(names)}

    def rank(row: Row) -> tuple[object, ...]:
        lifecycle = title_key(row.lifecycle)
        key = library.by_path[row.path].key if row.path else title_key(row.title)
        place = ranks.get((lifecycle, key), len(ranks))
        return homes.get(lifecycle, len(homes)), lifecycle, place, row.title, row.path or ""

    return sorted(rows, key=rank)


# Documents


def _documents(library: Library, report: Report, names: Mapping[str, str]) -> Iterator[Row]:
    errors = read_errors(report)
    warnings = Counter(f.path for f in report.findings if f.severity == "warning")
    for procedure in library.procedures:
        missing, empty = procedure.lacking
        template, rules = procedure.template, errors.get(procedure.path, ())
        lifecycle = procedure.lifecycle
        yield Row(
            title=procedure.title,
            path=procedure.path,
            lifecycle=names.get(title_key(lifecycle), lifecycle) if procedure.counted else lifecycle,
            kind=procedure.kind,
            status=status_that_counts(procedure, rules),
            text_status=procedure.status,
            declared=procedure.declared_status,
            phase=procedure.phase,
            required=_headings(template) if template else (),
            missing=missing,
            empty=empty,
            errors=len(rules),
            warnings=warnings[procedure.path],
            form=template.name if template else "",
            owner=procedure.owner,
            questions=procedure.questions,
            counted=procedure.counted,
        )


@lru_cache(maxsize=64)
def _headings(template: Template) -> tuple[str, ...]:
    """Return the headings of the sections that a template asks for."""
    return tuple(spec.heading for spec in template.required)


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
    """Say whether a row leads to a document, by its path of today or, by what git knows, of before.

    One that leads to a folder, or to a file of another kind, announces no document either.
    """
    known = scope.library.by_path
    return path is not None and (path in known or scope.renamed(path) in known or scope.exists(path))


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
