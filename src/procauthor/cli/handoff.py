"""Commands that hand work to a person or an agent, and take it back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from procauthor.cli.output import (
    NEEDS_REVISION,
    Json,
    json_text,
    look_for_garbage,
    open_project,
    require_place,
    say,
    say_notices,
    show,
    show_json,
    write_out,
)
from procauthor.naming import amount

if TYPE_CHECKING:
    from procauthor.authoring.brief import BriefOptions
    from procauthor.authoring.draft import Draft


def brief(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="Title of the procedure.")],
    lifecycle: Annotated[str, typer.Option(help="Lifecycle that it belongs to.")] = "",
    phase: Annotated[str | None, typer.Option(help="Phase within the lifecycle.")] = None,
    depends_on: Annotated[list[str] | None, typer.Option(help="Title that it depends on; may be repeated.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Action plan to take the item from.")] = None,
    purpose: Annotated[str, typer.Option(help="What it is for, in a sentence.")] = "",
    trigger: Annotated[str, typer.Option(help="What starts it, in a sentence.")] = "",
    scope: Annotated[str, typer.Option(help="What it covers, and what it does not.")] = "",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the brief there.")] = None,
    as_json: Json = False,
) -> None:
    """Print all that an author needs to write a procedure, for a person, a chat window or a coding agent.

    Asked again, it keeps the run with what was handed in; options that are given then count from then on.
    """
    require_place(out)
    project = open_project(ctx)
    options: BriefOptions = {"lifecycle": lifecycle, "phase": phase, "depends_on": depends_on or (), "plan": plan}
    options |= {"purpose": purpose, "trigger": trigger, "scope": scope}
    assignment = project.handoff.brief(title, **options)
    say_notices(project)
    if out is not None:
        text = json_text(assignment.as_json()) if as_json else project.handoff.text(assignment)
        write_out(out, f"{text.rstrip()}\n".encode())
    elif as_json:
        show_json(assignment.as_json())
    else:
        show(project.handoff.text(assignment))
    if as_json and out is None:
        return
    say(f"the answer belongs to run {assignment.run}: procauthor submit FILE --run {assignment.run}")


def submit(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The answer; - reads standard input.")],
    run: Annotated[str, typer.Option(help="Run that it belongs to, where the answer does not say it.")] = "",
    title: Annotated[str, typer.Option(help="Title that it is for, where the answer does not say it.")] = "",
    by: Annotated[str, typer.Option(help="The person who wrote it and answers for it, for the front matter.")] = "",
    as_json: Json = False,
) -> None:
    """Take an answer to a brief, whole or in part; exit 1 while something is wrong or missing."""
    project = open_project(ctx)
    draft = project.handoff.submit(read_file(file), run=run, title=title, by=by, person=bool(by.strip()))
    say_notices(project)
    if as_json:
        from procauthor.authoring.handoff import answer_json

        show_json(answer_json(draft))
    else:
        _show(draft)
    raise typer.Exit(NEEDS_REVISION if draft.failed else 0)


def read_file(file: str) -> str:
    """Return what was written by hand, from a file or from standard input."""
    from procauthor.errors import AnswerError
    from procauthor.system import read_regular

    try:
        raw = sys.stdin.buffer.read() if file == "-" else read_regular(file)
        return raw.decode("utf-8-sig")
    except OSError as error:
        message = f"{file!r} cannot be read: {error.strerror}"
        raise AnswerError(message, "name a file with the answer, or - for standard input") from error
    except UnicodeDecodeError as error:
        message = f"{file!r} is not UTF-8 at byte {error.start}"
        raise AnswerError(message, "save the answer as UTF-8") from error


def _show(draft: Draft) -> None:
    for finding in draft.findings:
        place = finding.get("field") or f"line {finding['line']}"
        if finding["path"] != draft.path:
            place = f"in {finding['path']}:{finding['line']}, once accepted"
        hint = f" ({finding['hint']})" if finding["hint"] else ""
        show(f"{finding['severity']} {place}: {finding['message']}{hint}")
    for note in draft.notes:
        show(f"note: {note}")
    for question in draft.open_questions if draft.waits else ():
        show(f"question: {question}")
        for lead in (each for each in draft.leads if each["question"] == question):
            show(f"    see {lead['path']}:{lead['line']}, {lead['heading']!r}")
    show(_words(draft))
    errors = sum(finding["severity"] == "error" for finding in draft.findings)
    counts = f"{amount(errors, 'error')}, {amount(len(draft.open_questions), 'open question')}"
    say(f"{draft.title}: {draft.outcome}; {counts}, run {draft.id}")
    if draft.open_questions and draft.waits:
        say('accepting writes the questions into its front matter; "open_questions": [] in an answer takes out its own')
    if not draft.waits:
        say("the document holds all of it already, and no draft is kept")
    elif errors:
        say(f"next: hand in what is wrong or missing with: procauthor submit FILE --run {draft.id}")
    else:
        say(f"next: procauthor diff {draft.id}, then procauthor accept {draft.id} or procauthor reject {draft.id}")


def _words(draft: Draft) -> str:
    from procauthor.authoring.handoff import document_words, lengths

    told = (f"{n.field} {n.words}{f' of {n.max_words}' if n.max_words else ''}" for n in lengths(draft))
    return f"words: {document_words(draft.text)} in the document; {', '.join(told)}".rstrip("; ")


def mcp(
    ctx: typer.Context,
    allow_accept: Annotated[
        bool, typer.Option("--allow-accept", help="Let clients accept drafts; without it they only propose.")
    ] = False,
) -> None:
    """Serve the library over the Model Context Protocol, on standard input and output."""
    from procauthor.errors import ConfigError
    from procauthor.system import install_hint

    try:
        from procauthor.mcp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        message = "the MCP server needs the package 'mcp', which is not installed"
        raise ConfigError(message, install_hint("mcp")) from error
    look_for_garbage()
    serve(ctx.obj, allow_accept=allow_accept)


def export(  # noqa: PLR0913, PLR0917 - one parameter an option
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(metavar="REF", help="Path, id or title of a procedure.")],
    to: Annotated[
        Literal["agent-skill", "agent-sop", "pdf", "docx", "odt", "html"], typer.Option(help="What to write.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write to.", show_default=".agents/skills, .agents/sops, or this folder"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a PDF, Word, ODT or HTML file.")] = False,
    as_json: Json = False,
) -> None:
    """Write a procedure as an Agent Skill or an Agent SOP, or as a file to print (pdf, docx, odt, html)."""
    project = open_project(ctx)
    root = project.root.absolute()
    written = [file.absolute() for file in project.export(ref, to, out, replace=force)]
    files = [str(file.relative_to(root) if file.is_relative_to(root) else file) for file in written]
    if as_json:
        show_json({"form": to, "files": files})
        return
    for file in files:
        show(f"wrote {file}")
