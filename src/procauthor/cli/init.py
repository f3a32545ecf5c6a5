"""The command ``init``: a new library, or one around documents that are there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from procauthor.cli.output import say, show

if TYPE_CHECKING:
    from procauthor.adoption.adopt import Adoption, Proposed


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    ctx: typer.Context,
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Folder of the library.")] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Never ask.")] = False,
) -> None:
    """Start a library. Documents that are there stay as they are: only settings, templates and a baseline are added."""
    from procauthor.adoption.start import check_place, start

    place = folder or ctx.obj
    where = "" if str(place) == "." else f" -C {place}"
    if not check_place(place):
        for path in start(place):
            show(f"wrote {path}")
        say(f'next: procauthor{where} check, then procauthor{where} create "..." --lifecycle ...')
        return
    _adopt(place, ask=not no_input and sys.stdin.isatty())
    say(f"next: procauthor{where} check (--no-baseline shows all that is found)")


def _adopt(place: Path, *, ask: bool) -> None:
    from procauthor.adoption.adopt import adopt, propose

    proposal = propose(place)
    for line in _lines(proposal):
        show(line)
    if ask and not typer.confirm("Write this?", default=True):
        say("nothing was written")
        raise typer.Exit
    written, known = adopt(proposal)
    for path in written:
        show(f"wrote {path}")
    if known:
        found = "1 finding" if known == 1 else f"{known} findings"
        say(f"the baseline knows {found} of today; only new ones will be reported")


def _lines(adoption: Adoption) -> Iterator[str]:
    """Yield what would be written, and why."""
    yield f"{adoption.documents} documents are there, and stay as they are"
    for proposed in adoption.templates:
        yield from _template_lines(proposed, [p for p, name in adoption.patterns.items() if name == proposed.name])
    if not adoption.templates:
        yield "no folder has three documents that share two headings, so no template is proposed"
    yield f"would write {', '.join(adoption.files)}, and a baseline of today's findings"


def _template_lines(proposed: Proposed, patterns: list[str]) -> Iterator[str]:
    inferred = proposed.inferred
    yield f"template {proposed.name!r}{' (shipped)' if proposed.shipped else ''} for {inferred.documents} documents:"
    yield f"  {', '.join(patterns)}"
    for heading in inferred.headings:
        if heading.required or not proposed.shipped:
            kind = "required" if heading.required else "optional"
            yield f"  {kind}  {heading.share:4.0%}  {heading.text}"
