"""Commands that show who uses whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from procauthor.cli.output import open_project, show, show_json

if TYPE_CHECKING:
    from procauthor.evaluation.evaluate import Census

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("graph")(graph)
    app.command("refs")(refs)


def graph(
    ctx: typer.Context,
    style: Annotated[Literal["mermaid", "dot", "json"], typer.Option("--format", help="How to write it.")] = "mermaid",
    lifecycle: Annotated[str, typer.Option(help="Only this lifecycle.")] = "",
    around: Annotated[str, typer.Option(metavar="REF", help="Only this procedure and its neighbours.")] = "",
    as_json: Json = False,
) -> None:
    """Show which procedure needs which, as a graph."""
    from procauthor.reporting.graph import dot, graph_json, mermaid, select
    from procauthor.workspace.measure import survey

    census = survey(open_project(ctx).workspace)
    centre = _node(census, around) if around else ""
    found = select(census.graph, lifecycle=lifecycle, around=centre)
    if as_json or style == "json":
        show_json(graph_json(found))
        return
    for line in mermaid(found) if style == "mermaid" else dot(found):
        show(line)


def _node(census: Census, reference: str) -> str:
    """Return the id of a document, or of a title that is announced without one."""
    from procauthor.errors import NotFoundError
    from procauthor.naming import title_key

    try:
        return census.library.find(reference).path
    except NotFoundError:
        key = title_key(reference)
        announced = [node.id for node in census.graph.nodes if node.path is None and title_key(node.title) == key]
        if len(announced) != 1:
            raise
        return announced[0]


def refs(
    ctx: typer.Context,
    reference: Annotated[str, typer.Argument(metavar="REF", help="Path, id or title.")],
    output: Annotated[str, typer.Option("--output", help="What a change of this output reaches.")] = "",
    as_json: Json = False,
) -> None:
    """Say who uses a document, what it uses, and what a change of it reaches."""
    from procauthor.workspace.measure import survey

    census = survey(open_project(ctx).workspace)
    node = _node(census, reference)
    if output:
        _impact(census, node, output, as_json=as_json)
    else:
        _references(census, node, as_json=as_json)


def _references(census: Census, node: str, *, as_json: bool) -> None:
    from procauthor.evaluation.impact import read_impact
    from procauthor.reporting.graph import edge_json, node_json
    from procauthor.reporting.reference import reference_lines

    procedure = census.library.by_path.get(node)
    names = [output.name for output in procedure.contract.outputs] if procedure else []
    reach = [
        (name, len(read_impact(census.library, census.references, procedure, name))) for name in names if procedure
    ]
    if not as_json:
        for line in reference_lines(census.references, node, reach):
            show(line)
        return
    show_json(
        {
            "document": node_json(census.references.by_id[node]),
            "used_by": [edge_json(edge) for edge in census.references.users(node)],
            "uses": [edge_json(edge) for edge in census.references.uses(node)],
            "outputs": [{"name": name, "steps_concerned": count} for name, count in reach],
        }
    )


def _impact(census: Census, node: str, output: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from procauthor.errors import NotFoundError
    from procauthor.evaluation.impact import read_impact
    from procauthor.reporting.graph import node_json
    from procauthor.reporting.reference import impact_lines

    procedure = census.library.by_path.get(node)
    if procedure is None:
        message = f"{census.references.by_id[node].title!r} has no document, and so no outputs"
        raise NotFoundError(message)
    found = read_impact(census.library, census.references, procedure, output)
    if as_json:
        concerned = [asdict(concern) for concern in found]
        show_json({"document": node_json(census.references.by_id[node]), "output": output, "concerned": concerned})
        return
    for line in impact_lines(procedure.title, output, found):
        show(line)
