"""An evaluation as a document that fits the library: titles are links, tables hold the counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from procauthor.data import ungrouped
from procauthor.evaluation.method import method_lines, percent
from procauthor.evaluation.value import Course, Evaluation, Row
from procauthor.library.reference import relative
from procauthor.markdown.document import escape, write_link
from procauthor.naming import amount
from procauthor.reporting.evaluation.text import columns, heading, number_rows, table_rows, why


def evaluation_markdown(evaluation: Evaluation, place: str = "evaluation-report.md") -> str:
    """Return the report; ``place`` is its path from the library's root, for links."""
    return "\n".join(_lines(evaluation, place)) + "\n"


def _lines(evaluation: Evaluation, place: str) -> Iterator[str]:
    done = evaluation.total.completion
    yield "# Library Evaluation Report"
    yield ""
    yield f"{heading(evaluation)}. {done.part} of {amount(done.whole, 'procedure')} defined: {percent(done.ratio)}."
    numbers = ((name.capitalize(), value, counted) for name, value, counted in number_rows(evaluation))
    yield from _section("Summary", ("Measure", "Value", "Counted"), numbers)
    states = columns(evaluation)
    yield from _section(
        "Lifecycles",
        ("Lifecycle", "Total", *(state.capitalize() for state in states), "Completion"),
        (
            (escape(name), str(t.total), *(str(t.count(s)) for s in states), percent(t.completion.ratio))
            for name, t in table_rows(evaluation)
        ),
    )
    if evaluation.courses:
        yield ""
        yield "## Critical Paths"
        for course in evaluation.courses:
            yield ""
            yield from _course(course, place)
    begun = [row for row in evaluation.rows if row.status == "in progress"]
    yield from _section("In Progress", ("Document", "Lifecycle", "What it lacks"), (_lack(row, place) for row in begun))
    yield from _questions(evaluation, place)
    yield from _contradictions(evaluation, place)
    if len(evaluation.trend) > 1:
        counts = ((p, p.total.completion) for p in evaluation.trend)
        points = ((p.date, escape(p.label), f"{c.part}/{c.whole}", percent(c.ratio)) for p, c in counts)
        yield from _section("Trend", ("Date", "Measurement", "Done", "Completion"), points)
    yield ""
    yield "## Method"
    yield ""
    yield from (f"- {escape(line)}" for line in (*method_lines(evaluation), *evaluation.notes))


def _section(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield a section that is one table; none without a row."""
    if listed := list(rows):
        yield ""
        yield f"## {title}"
        yield ""
        yield from _table(heads, listed)


def _link(title: str, path: str | None, place: str) -> str:
    return write_link(title, relative(place, path)) if path else escape(title)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _course(course: Course, place: str) -> Iterator[str]:
    yield f"### {escape(course.title)}"
    yield ""
    gaps = [call for call in course.critical if call.gap]
    yield (
        f"{_link(course.title, course.path, place)} calls {amount(len(course.calls), 'procedure')}, "
        f"{len(course.gaps)} not finished. The chain on which most is left to write has "
        f"{amount(len(course.critical), 'call')}, {len(gaps)} not finished."
    )
    yield ""
    calls = ((str(call.place), _link(call.title, call.path, place), call.status) for call in course.critical)
    yield from _table(("Call", "Step of the chain", "State"), calls)


def _lack(row: Row, place: str) -> Sequence[str]:
    lacking = [f"no {name}" for name in row.missing] + [f"{name} is empty" for name in row.empty]
    if row.questions:
        lacking.append(amount(len(row.questions), "open question"))
    if row.errors:
        lacking.append(amount(row.errors, "error finding"))
    return _link(row.title, row.path, place), escape(row.lifecycle), escape("; ".join(lacking)) or "words to replace"


def _questions(evaluation: Evaluation, place: str) -> Iterator[str]:
    asked = ungrouped((row, row.questions) for row in evaluation.asking)
    rows = (
        (
            _link(row.title, row.path, place),
            escape(row.owner) or "-",
            q.kind,
            str(q.line),
            *map(escape, (q.text, q.reason)),
        )
        for row, q in asked
    )
    return _section("Open Questions", ("Document", "Owner", "Kind", "Line", "What is open", "Why"), rows)


def _contradictions(evaluation: Evaluation, place: str) -> Iterator[str]:
    declared = (
        (_link(r.title, r.path, place), str(r.declared), f"{r.status}{why(r.errors, r.text_status)}")
        for r in evaluation.disagreeing
    )
    heads = ("Document", "Declared", "Computed")
    yield from _section("Declared Status That the Text Does Not Support", heads, declared)
    false = (c for c in evaluation.claims if not c.holds)
    claims = ((f"{escape(c.path)}:{c.line}", escape(c.scope), escape(c.text), escape(c.counted)) for c in false)
    yield from _section("Claims That Do Not Hold", ("Place", "Of", "Claim", "Count"), claims)
    broken = ((f"{escape(f.path)}:{f.line}", escape(f.message)) for f in evaluation.broken)
    yield from _section("Broken References", ("Place", "Finding"), broken)
