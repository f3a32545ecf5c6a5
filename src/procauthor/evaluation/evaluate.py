"""Counts a library, and refuses to hand on numbers that contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from msgspec import Struct

from procauthor.checking.rules.status import STALE_CLAIM
from procauthor.checking.scope import Scope
from procauthor.checking.survey import Surveyed
from procauthor.data import grouped
from procauthor.evaluation.claim import read_claims
from procauthor.evaluation.graph import Graph, read_courses, read_graph
from procauthor.evaluation.row import read_rows
from procauthor.evaluation.value import Claim, Evaluation, Lifecycle, Measured, Row, Share, Tally
from procauthor.evaluation.verify import verify
from procauthor.finding import Finding, Report
from procauthor.library.library import Library
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED
from procauthor.settings import Settings

BROKEN = ("broken-link", "broken-anchor", "unknown-procedure", "index-dead-entry")
_WRITTEN = DONE | {"proposed", "in progress"}


class Census(Struct, frozen=True, dict=True):
    """A library that was read once and checked once, and what follows from both."""

    library: Library
    report: Report
    settings: Settings
    survey: Surveyed | None = None

    @cached_property
    def scope(self) -> Scope:
        """The library as rules see it."""
        return Scope(self.library)

    @cached_property
    def _rows(self) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        return read_rows(self.scope, self.report)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rows of the evaluation."""
        return self._rows[0]

    @property
    def others(self) -> tuple[Row, ...]:
        """The documents that no total counts."""
        return self._rows[1]

    def counted(self) -> Census:
        """Count now, and not when the result is asked for."""
        _ = self.references
        return self

    @cached_property
    def graph(self) -> Graph:
        """Who needs whom, without plain links."""
        return self.references.without_links()

    @cached_property
    def references(self) -> Graph:
        """Who uses whom, with plain links."""
        return read_graph(self.scope, self.rows, self.survey.edges() if self.survey else {})


def evaluate(survey: Census, measured: Measured) -> Evaluation:
    """Count a library. The trend and its notes are left empty; a caller that knows other points adds them.

    Raises:
        CountError: The numbers contradict each other; a fault of procauthor, and nothing is reported.
    """
    library, report, rows = survey.library, survey.report, survey.rows
    lifecycles = tuple(_lifecycles(rows))
    total = Tally.of(row.status for row in rows)
    by_path = {row.path: row for row in rows if row.path}
    evaluation = Evaluation(
        measured=measured,
        rows=rows,
        lifecycles=lifecycles,
        total=total,
        sections=_completeness(rows),
        compliance=_compliance(rows),
        broken=tuple(f for f in report.findings if f.rule in BROKEN),
        courses=tuple(read_courses(survey.scope, by_path, survey.graph)),
        claims=_claims(library, rows),
        report=report,
        others=survey.others,
        unread=tuple(each.path for each in library.unread),
        silenced=tuple(name for name in BROKEN if survey.settings.rules.get(name) == "off"),
    )
    verify(evaluation, library)
    return evaluation


def find_stale_claims(library: Library, report: Report, settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each number of the index or a README that is not the counted one.

    A number that is right as soon as the errors in the texts are corrected is no finding: those are the errors.

    Args:
        library: The library.
        report: All other findings; a text with an error is not counted as defined.
        settings: The settings.
    """
    wrong = [claim for claim in _claims(library, Census(library, report, settings).rows) if not claim.holds]
    corrected = _claims(library, Census(library, Report(()), settings).rows) if wrong else ()
    right = {(claim.path, claim.line, claim.text) for claim in corrected if claim.holds}
    rule = STALE_CLAIM
    for claim in wrong:
        if (claim.path, claim.line, claim.text) not in right:
            message = f"{claim.text!r} is said of {claim.scope}, and the count is {claim.counted}"
            yield Finding(rule.name, rule.code, rule.severity, message, claim.path, claim.line, hint=rule.fix)


def _claims(library: Library, rows: tuple[Row, ...]) -> tuple[Claim, ...]:
    lifecycles = {title_key(each.name): each for each in _lifecycles(rows)}
    return read_claims(library, rows, lifecycles, Tally.of(row.status for row in rows))


def _lifecycles(rows: Iterable[Row]) -> Iterable[Lifecycle]:
    """Return the lifecycles in the order of their first rows."""
    for group in grouped((title_key(row.lifecycle), row) for row in rows).values():
        tally = Tally.of(row.status for row in group)
        yield Lifecycle(group[0].lifecycle, tally, _completeness(group), _compliance(group))


def _completeness(rows: Iterable[Row]) -> Share:
    """Return the filled sections of all that the templates ask for; alias and deprecated are left out."""
    counted = [row for row in rows if row.status not in UNCOUNTED]
    return Share(sum(row.filled for row in counted), sum(len(row.required) for row in counted))


def _compliance(rows: Iterable[Row]) -> Share:
    """Return the documents that hold every required section, of those that are written and have a template."""
    written = [row for row in rows if row.path and row.required and row.status in _WRITTEN]
    return Share(sum(row.filled == len(row.required) for row in written), len(written))
