"""Commands that show who uses whom."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from procauthor.cli.output import Json, open_project, show_json, show_lines


def graph(
    ctx: typer.Context,
    style: Annotated[Literal["mermaid", "dot", "json"], typer.Option("--format", help="How to write it.")] = "mermaid",
    lifecycle: Annotated[str, typer.Option(help="Only this lifecycle.")] = "",
    as_json: Json = False,
) -> None:
    """Show which procedure needs which, as a graph."""
    from procauthor.reporting.reference import dot, graph_json, mermaid, select
    from procauthor.workspace.measure import survey

    census = survey(open_project(ctx).workspace)
    chosen = select(census.graph, lifecycle)
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
    from procauthor.reporting import reference as told
    from procauthor.workspace.measure import survey

    census = survey(open_project(ctx).workspace)
    node = told.find_node(census, reference)
    if as_json:
        show_json(told.impact_json(census, node, output) if output else told.reference_json(census, node))
    elif output:
        concerns = told.impact_of(census, node, output)
        show_lines(told.impact_lines(census.library.by_path[node].title, output, concerns))
    else:
        show_lines(told.reference_lines(census.references, node, told.reach_of(census, node)))
