"""Commands that show who uses whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from procauthor.cli.output import Json, open_project, show_json, show_lines

if TYPE_CHECKING:
    from procauthor.evaluation.evaluate import Census


def graph(
    ctx: typer.Context,
    style: Annotated[Literal["mermaid", "dot", "json"], typer.Option("--format", help="How to write it.")] = "mermaid",
    lifecycle: Annotated[str, typer.Option(help="Only this lifecycle.")] = "",
    around: Annotated[str, typer.Option(metavar="REF", help="Only this procedure and its neighbours.")] = "",
    as_json: Json = False,
) -> None:
    """Show which procedure needs which, as a graph."""
    from procauthor.reporting.reference import dot, find_node, graph_json, mermaid, select
    from procauthor.workspace.measure import survey

    census = survey(open_project(ctx).workspace)
    centre = find_node(census, around) if around else ""
    chosen = select(census.graph, lifecycle=lifecycle, around=centre)
    if as_json or style == "json":
        show_json(graph_json(chosen))
        return
    show_lines(mermaid(chosen) if style == "mermaid" else dot(chosen))


def refs(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="Path, id or title.")],
    output: Annotated[str, typer.Option("--output", help="What a change of this output reaches.")] = "",
    as_json: Json = False,
) -> None:
    """Say who uses a document, what it uses, and what a change of it reaches."""
    from procauthor.reporting.reference import find_node
    from procauthor.workspace.measure import survey

    census = survey(open_project(ctx).workspace)
    node = find_node(census, reference)
    if output:
        _impact(census, node, output, as_json=as_json)
    else:
        _references(census, node, as_json=as_json)


def _references(census: Census, node: str, *, as_json: bool) -> None:
    from procauthor.reporting.reference import reach_of, reference_json, reference_lines

    if as_json:
        show_json(reference_json(census, node))
        return
    show_lines(reference_lines(census.references, node, reach_of(census, node)))


def _impact(census: Census, node: str, output: str, *, as_json: bool) -> None:
    from procauthor.reporting.reference import impact_json, impact_lines, impact_of

    if as_json:
        show_json(impact_json(census, node, output))
        return
    show_lines(impact_lines(census.library.by_path[node].title, output, impact_of(census, node, output)))
