"""An evaluation as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from procauthor.evaluation.method import method_lines, percent
from procauthor.evaluation.value import Course, Evaluation, Lifecycle, Point, Tally
from procauthor.naming import amount
from procauthor.procedure import DONE, Status

COLUMNS: tuple[Status, ...] = (
    "defined",
    "approved",
    "in progress",
    "proposed",
    "placeholder",
    "missing",
    "alias",
    "deprecated",
    "rejected",
)
_ALWAYS = frozenset({"defined", "in progress", "placeholder", "missing"})
_SHOWN = 20
_FOLDERS = 5


def evaluation_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield the whole report, without colour."""
    yield heading(evaluation)
    yield ""
    yield from _table(evaluation)
    yield ""
    yield from number_lines(evaluation)
    yield from detail_lines(evaluation)


def heading(evaluation: Evaluation) -> str:
    """Return what was measured, and when."""
    measured = evaluation.measured
    at = f" at {measured.at}" if measured.at else ""
    changed = ", with changes that are not committed" if measured.clean is False else ""
    revision = f" ({measured.revision}{changed})" if measured.revision else ""
    return f"Evaluation of {measured.date}{at}{revision}"


def columns(evaluation: Evaluation) -> tuple[Status, ...]:
    """Return the states to show: the usual ones, and any other that occurs."""
    return tuple(status for status in COLUMNS if status in _ALWAYS or evaluation.total.count(status))


def table_rows(evaluation: Evaluation) -> Iterator[tuple[str, Tally]]:
    """Yield the lifecycles, then the total."""
    yield from ((name_of(each), each.tally) for each in evaluation.lifecycles)
    yield "Total", evaluation.total


def name_of(lifecycle: Lifecycle) -> str:
    """Return the name of a lifecycle; documents without one are together."""
    return lifecycle.name or "(no lifecycle)"


def _table(evaluation: Evaluation) -> Iterator[str]:
    states = columns(evaluation)
    rows = list(table_rows(evaluation))
    width = max(len(name) for name, _ in [("Lifecycle", evaluation.total), *rows])
    heads = "".join(f"  {status:>11}" for status in ("total", *states, "completion"))
    yield f"{'Lifecycle':<{width}}{heads}"
    for name, tally in rows:
        if name == "Total":
            yield "-" * (width + len(heads))
        cells = [str(tally.total), *(str(tally.count(s)) for s in states), percent(tally.completion.ratio)]
        yield f"{name:<{width}}" + "".join(f"  {cell:>11}" for cell in cells)


def number_rows(evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    """Yield the numbers beside the counts: what is measured, its value, and what that is counted from."""
    done, sections, compliance = evaluation.total.completion, evaluation.sections, evaluation.compliance
    errors, warnings = evaluation.report.count("error"), amount(evaluation.report.count("warning"), "warning")
    written = amount(compliance.whole, "written document")
    yield "completion", percent(done.ratio), f"{done.part} of {amount(done.whole, 'procedure')} defined or approved"
    yield "section completeness", percent(sections.ratio), f"{sections.part} of {sections.whole} required sections"
    yield "template compliance", percent(compliance.ratio), f"{compliance.part} of {written}"
    yield "broken references", str(evaluation.broken_references), ""
    if days := [row.followed for row in evaluation.rows if row.followed]:
        yield "followed", str(len(days)), f"procedures, last on {max(days)}"
    yield "open questions", str(evaluation.questions), f"in {amount(len(evaluation.asking), 'document')}"
    yield "findings", str(errors), f"errors, {warnings}"


def number_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield the numbers beside the counts, each with its denominator."""
    for name, value, counted in number_rows(evaluation):
        yield f"{name:<20}  {value:>6}  {counted}".rstrip()
    if evaluation.left_out:
        folders = sorted({row.path.rpartition("/")[0] or "." for row in evaluation.left_out if row.path})
        more = f" and {len(folders) - _FOLDERS} other folders" if len(folders) > _FOLDERS else ""
        where = f"have no form, so they are not counted: in {', '.join(folders[:_FOLDERS])}{more}"
        yield f"{'documents left out':<20}  {len(evaluation.left_out):>6}  {where}"


def detail_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield paths, contradictions, broken references, trend and method."""
    for course in evaluation.courses:
        yield ""
        yield from _course(course)
    yield from _section(
        "declared status that the text does not support",
        [
            f"{r.path or r.announced}: {r.title!r} says {r.declared}, is {r.status}{why(r.errors, r.text_status)}"
            for r in evaluation.disagreeing
        ],
    )
    yield from _section("open questions", list(question_lines(evaluation)))
    yield from _section(
        "claims that do not hold",
        [
            f"{c.path}:{c.line}: {c.text!r} ({c.scope}); the count is {c.counted}"
            for c in evaluation.claims
            if not c.holds
        ],
    )
    yield from _section("broken references", [f"{f.path}:{f.line}: {f.message}" for f in evaluation.broken])
    if len(evaluation.trend) > 1:
        yield from _section("trend", list(trend_lines(evaluation.trend)), most=len(evaluation.trend))
    yield from _section("notes", list(evaluation.notes))
    yield from _section("how it was counted", list(method_lines(evaluation)))


def question_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield a line for each open question, with its document and its owner."""
    for row in evaluation.asking:
        owner = f" ({row.owner})" if row.owner else ""
        yield from (f"{row.path}:{q.line}: {row.title!r}{owner}: {q.kind} {q.number}: {q.text}" for q in row.questions)


def why(errors: int, text_status: Status) -> str:
    """Say why a whole text does not count as defined."""
    return f" ({amount(errors, 'error finding')})" if errors and text_status in DONE else ""


def _course(course: Course) -> Iterator[str]:
    yield f"{course.title}: {amount(len(course.calls), 'call')}, {len(course.gaps)} not finished"
    critical = [call for call in course.critical if call.gap]
    if critical:
        length = amount(len(course.critical), "call")
        yield f"  critical path: {length}, each waiting for the one before; {len(critical)} not finished"
        for call in course.critical:
            yield f"    {'!' if call.gap else ' '} {call.place:>2} {call.title} ({call.status})"


def _section(title: str, lines: Sequence[str], most: int = _SHOWN) -> Iterator[str]:
    if lines:
        yield ""
        yield f"{title}:"
        yield from (f"  {line}" for line in lines[:most])
    if len(lines) > most:
        yield f"  and {len(lines) - most} more; --json lists them all"


def trend_lines(points: Sequence[Point]) -> Iterator[str]:
    """Yield one line a point, with the difference to the one before."""
    before: Point | None = None
    for point in points:
        done = point.total.completion
        moved = f"  ({done.part - before.total.completion.part:+d} defined)" if before else ""
        yield f"{point.date}  {point.label:<14} {done.part:>4} of {done.whole:<4} {percent(done.ratio):>6}{moved}"
        before = point
