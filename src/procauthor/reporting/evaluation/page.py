"""An evaluation as one HTML page that asks nothing of the network and needs no script to be read."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from procauthor.data import grouped, ungrouped
from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.graph import Graph, row_id
from procauthor.evaluation.method import method_lines, percent
from procauthor.evaluation.value import Evaluation, Row, Tally
from procauthor.naming import amount
from procauthor.planning.plan import Plan, PlanItem
from procauthor.procedure import UNCOUNTED
from procauthor.reporting.evaluation.text import COLUMNS, columns, heading, table_rows
from procauthor.review.approve import read_approvers
from procauthor.template.spec import section_key
from procauthor.workspace.measure import plan_in

if TYPE_CHECKING:
    from jinja2 import Environment

DocumentPlace = Callable[[str], str]
"""Gives the address of a document by its path."""

_MOST = 2_000
SIGNS = {
    "approved": "✔",
    "defined": "●",
    "in progress": "◐",
    "proposed": "◌",
    "placeholder": "○",
    "missing": "✕",
    "alias": "→",
    "deprecated": "⊘",
    "rejected": "⊖",
}


@dataclass(frozen=True, slots=True)
class Heat:
    """One cell of the heat map: how many documents of a lifecycle hold a section."""

    part: int
    whole: int

    @property
    def level(self) -> int:
        """The shade, 0 to 4."""
        return min(4, 4 * self.part // self.whole) if self.whole else 0


def library_page(evaluation: Evaluation, census: Census, place: DocumentPlace, home: str = "") -> str:
    """Return an evaluation as an HTML page, with the graph and the plan of the library that was counted.

    Args:
        evaluation: What was counted.
        census: What it was counted from.
        place: Gives the address of a document by its path, or nothing where a reader finds none.
        home: The address of the pages for readers, if there are some.
    """
    library = census.library
    name = next((p.title for p in library.procedures if p.kind == "index"), library.root.absolute().name)
    words = _words(evaluation, census.graph, plan_in(library))
    environment = make_environment()
    assert environment.loader is not None
    style, more, script = (
        environment.loader.get_source(environment, f"evaluation/{name}")[0]
        for name in ("theme.css", "page.css", "page.js")
    )

    def approvers(row: Row) -> list[str]:
        document = library.by_path.get(row.path or "")
        return [each.words for each in read_approvers(document)] if document else []

    return environment.get_template("evaluation/page.html.j2").render(
        **words,
        name=name,
        style=style + more,
        script=script,
        script_hash=_hash(script),
        place=place,
        home=home,
        approvers=approvers,
        signs=SIGNS,
    )


def make_environment() -> Environment:
    """Return what fills the templates of pages: every value is escaped, and a name that is not there is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("procauthor.reporting", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "amount": amount}
    return environment


def _hash(script: str) -> str:
    """Return the hash by which the page's policy knows its only script."""
    return f"sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _words(evaluation: Evaluation, graph: Graph, plan: Plan | None) -> dict[str, Any]:
    ids = {row_id(row): f"d{place}" for place, row in enumerate(evaluation.rows, 1)}
    findings = evaluation.report.findings
    asked = list(ungrouped((row, row.questions) for row in evaluation.asking))
    heads, heat = heat_map(evaluation.rows)
    needs = list(_needs(graph, ids))
    return {
        "evaluation": evaluation,
        "heading": heading(evaluation),
        "states": columns(evaluation),
        "table": list(table_rows(evaluation)),
        "segments": {name: list(_segments(tally)) for name, tally in table_rows(evaluation)},
        "rows": [(ids[row_id(row)], row) for row in evaluation.rows],
        "ids": ids,
        "heat_heads": heads,
        "heat": heat,
        "needs": needs[:_MOST],
        "needs_left": max(0, len(needs) - _MOST),
        "graph": graph,
        "formless": _formless(evaluation),
        "questions": asked[:_MOST],
        "questions_left": max(0, len(asked) - _MOST),
        "findings": findings[:_MOST],
        "findings_left": max(0, len(findings) - _MOST),
        "plan": plan,
        "plan_items": list(_open_items(plan)) if plan else [],
        "false_claims": [claim for claim in evaluation.claims if not claim.holds],
        "method": list(method_lines(evaluation)),
    }


def _formless(evaluation: Evaluation) -> list[tuple[str, list[str]]]:
    """Return the names of the documents that have no form, and so are not counted, by folder."""
    places = ((row.path or "").rpartition("/") for row in evaluation.left_out)
    return sorted(grouped((folder or ".", name) for folder, _, name in places).items())


def _segments(tally: Tally) -> Iterator[tuple[str, int, float]]:
    """Yield state, count and width in percent of each part of a bar."""
    for state in COLUMNS:
        if tally.count(state):
            yield state, tally.count(state), round(100 * tally.count(state) / tally.total, 2)


def _needs(graph: Graph, ids: dict[str, str]) -> Iterator[tuple[str, str]]:
    pairs = ((e.source, e.target) for e in graph.edges if e.kind in ("needs", "input", "calls") and not e.optional)
    return iter(dict.fromkeys((a, b) for a, b in pairs if a in ids and b in ids))


def _open_items(plan: Plan) -> Iterator[PlanItem]:
    items = {item.number: item for item in plan.items}
    return (items[number] for number in plan.order if not items[number].done)


def heat_map(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, list[Heat]]]]:
    """Return the sections of the template that most procedures have, and for each lifecycle how many hold each.

    A document of another template counts in the columns of the sections that it shares.
    """
    counted = [row for row in rows if row.required and row.status not in UNCOUNTED]
    if not counted:
        return (), []
    shapes = [row.required for row in counted]
    heads = max(dict.fromkeys(shapes), key=lambda shape: (shapes.count(shape), shape))
    keys = [section_key(head) for head in heads]
    groups = grouped((row.lifecycle or "(no lifecycle)", row) for row in counted)
    return heads, [(name, list(_heats(group, keys))) for name, group in groups.items()]


def _heats(rows: Sequence[Row], keys: Sequence[str]) -> Iterator[Heat]:
    asked = [{section_key(head) for head in row.required} for row in rows]
    lacking = [{section_key(head) for head in (*row.missing, *row.empty)} for row in rows]
    for key in keys:
        whole = sum(key in each for each in asked)
        yield Heat(sum(key in each and key not in lack for each, lack in zip(asked, lacking, strict=True)), whole)
