"""Commands that take back and bring back what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.output import Json, open_project, say, show, show_json
from procauthor.errors import ConfigError
from procauthor.naming import amount

if TYPE_CHECKING:
    from procauthor.library.change import Change
    from procauthor.library.history import HistoryEntry
    from procauthor.project import Project


def undo(
    ctx: typer.Context,
    number: Annotated[int | None, typer.Argument(min=1, help="Number of the change, as --list shows it.")] = None,
    list_them: Annotated[bool, typer.Option("--list", help="List what was written; change nothing.")] = False,
    steps: Annotated[int, typer.Option("--steps", "-n", min=1, help="How many changes to take back.")] = 1,
    as_json: Json = False,
) -> None:
    """Take back the last change, or the one with a number: its files get their old bytes.

    Later changes stay where they are at other places of the same documents.
    """
    project = open_project(ctx)
    if list_them:
        _list(project, as_json=as_json)
        return
    if number is not None and steps > 1:
        message = "name one change by its number, or how many of the last ones with --steps"
        raise ConfigError(message)
    done: list[tuple[HistoryEntry, Change]] = []
    for _ in range(steps):
        done.append(project.undo(number))
        if not as_json:
            _say(*done[-1], "undid")
    if as_json:
        show_json({"undone": [_json(*each) for each in done]})
    else:
        say(f"bring it back with: procauthor redo{'' if number is None else f' {number}'}")


def redo(
    ctx: typer.Context,
    number: Annotated[int | None, typer.Argument(min=1, help="Number of the change, as undo --list shows it.")] = None,
    as_json: Json = False,
) -> None:
    """Bring back what was undone last, as long as nothing else was written since, or the change with a number."""
    entry, change = open_project(ctx).redo(number)
    if as_json:
        show_json({"redone": [_json(entry, change)]})
        return
    _say(entry, change, "redid")
    say("undo with: procauthor undo")


def _say(entry: HistoryEntry, change: Change, word: str) -> None:
    for edit in change.edits:
        show(f"{edit.action:7} {edit.path}")
    say(f"{word} {entry.title or 'a change'!r} ({amount(len(change.edits), 'file')})")


def _json(entry: HistoryEntry, change: Change) -> dict[str, object]:
    return {"number": entry.number, "title": entry.title, "changes": change.as_json()}


def _list(project: Project, *, as_json: bool) -> None:
    entries = project.history()[::-1]
    if as_json:
        show_json({"history": [entry.as_json() for entry in entries]})
        return
    for entry in entries:
        mark = "undone" if entry.undone else ""
        files = amount(len(entry.record.files), "file")
        show(f"{entry.number:4}  {entry.record.time}  {files:>9}  {mark:6}  {entry.title}")
    if not entries:
        say("nothing was written yet")
