"""The ``procauthor`` command. Nothing is imported until a command needs it, not even the other commands."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from procauthor.cli.output import INTERRUPTED, say_error
from procauthor.data import ungrouped
from procauthor.errors import AuthoringError, ConfigError, ProcauthorError
from procauthor.system import close_stdout, open_streams

# More of a wrong word than this would fill the screen.
_LONGEST = 80
_NOBODY_READS = 141
"""What a shell says of a tool whose reader is gone, as in ``| head``."""
_ALLOCATIONS = 500_000
"""After so many new objects garbage is looked for, not after 700: most commands make fewer, and hardly any circles."""


_MODULES = {
    "init": ("init",),
    "library": ("explain", "search", "sync"),
    "check": ("check",),
    "evaluate": ("evaluate",),
    "graph": ("graph", "refs"),
    "site": ("site",),
    "plan": ("plan",),
    "authoring": ("create", "resume", "drafts", "diff", "accept", "reject"),
    "run": ("run",),
    "runs": ("runs",),
    "question": ("questions", "answer"),
    "handoff": ("brief", "submit", "mcp", "export"),
    "lsp": ("lsp",),
    "update": ("update",),
    "history": ("undo", "redo"),
    "refactor": ("rename", "move", "split", "merge", "deprecate", "renumber", "migrate"),
    "review": ("approve", "blame", "suspects", "clear"),
    "due": ("due",),
    "follow": ("follow",),
}
"""The modules of this package, and the commands that each holds, in the order of the help."""
_MODULE_OF = {command: module for module, command in ungrouped(_MODULES.items())}


class _CommandGroup(TyperGroup):
    """Accepts ``-C`` anywhere, and turns errors into one sentence, a hint and an exit code.

    Only the commands of one module are made, because to make all of them takes as long as a small check.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - by its superclass
        """Return the names of all commands."""
        return list(_MODULE_OF)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - by its superclass
        """Make the command, if there is one of that name; if not, make all, so that a near name can be proposed."""
        if cmd_name not in self.commands:
            for module in [_MODULE_OF[cmd_name]] if cmd_name in _MODULE_OF else _MODULES:
                self.commands.update(typer.main.get_group(_family(module)).commands)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write what each command does; their options, which take most of the time to make, are not needed for it."""
        shown: dict[str, Any] = {}
        for family in map(_family, _MODULES):
            if family.registered_groups:
                shown |= typer.main.get_group(family).commands
            for info in family.registered_commands:
                name = str(info.name)
                shown.setdefault(name, TyperCommand(name, help=info.help or getdoc(info.callback)))
        TyperGroup(commands=shown, rich_markup_mode=None).format_commands(ctx, formatter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Move the project option to the front, where it is declared; refuse words that no file could hold."""
        for word in args:
            if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in word):
                shown = word.encode(errors="backslashreplace").decode()[:_LONGEST]
                message = f"{shown!r} is not UTF-8; hint: titles, words and paths are UTF-8"
                raise typer.BadParameter(message, ctx)
        return super().parse_args(ctx, _project_first(args))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ProcauthorError as error:
            say_error(error.message, error.hint)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            resumable = ctx.invoked_subcommand in ("create", "update", "resume", "run")
            hint = "go on with: procauthor resume" if resumable else ""
            say_error("interrupted; nothing was written to the library", hint)
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            raise typer.Exit(_NOBODY_READS) from None
        except ImportError as error:
            if (error.name or "").startswith("procauthor"):
                raise
            hint = "install procauthor again; a small system may also lack a library that the package is built on"
            say_error(f"a package that this command needs does not load: {_first_cause(error)}", hint)
            raise typer.Exit(ConfigError.exit_code) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            say_error(f"{place}{error.strerror or error}")
            raise typer.Exit(AuthoringError.exit_code) from None


def _first_cause(error: BaseException) -> BaseException:
    return _first_cause(error.__cause__) if error.__cause__ else error


def _family(module: str) -> typer.Typer:
    """Return the commands of a module: functions, and groups of them, that are named as the commands are."""
    family, loaded = typer.Typer(rich_markup_mode=None), import_module(f"procauthor.cli.{module}")
    for name in _MODULES[module]:
        command = getattr(loaded, name)
        if isinstance(command, typer.Typer):
            family.add_typer(command, name=name)
        else:
            family.command(name)(command)
    return family


def _project_first(args: list[str]) -> list[str]:
    front: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in ("-C", "--project"):
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        elif word.startswith("--project="):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


app = typer.Typer(
    cls=_CommandGroup,
    name="procauthor",
    help="Draft, check and keep a library of procedures in Markdown.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from procauthor.system import release

        typer.echo(f"procauthor {release()}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    project: Annotated[
        Path, typer.Option("-C", "--project", help="Folder of the library.", show_default="this folder")
    ] = Path(),
    version: Annotated[  # noqa: ARG001 - handled by its callback
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    ctx.obj = project


def main() -> None:
    """Run the command line."""
    open_streams()
    # To look for plugins of pydantic takes as long as to make all of our models, and none of them is for this program.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
    try:
        app()
    except OSError as error:
        # The help and the version are printed before a command is run.
        _stop(error)
    finally:
        _flush()
        # What is there goes with the process: to look through it for circles first takes a tenth of a command's time.
        gc.freeze()


def _flush() -> None:
    """Write what is left; the interpreter would do so too, but with a traceback where that fails."""
    if sys.stdout.closed:  # as a server of editors leaves it
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        _stop(error)


def _stop(error: OSError) -> NoReturn:
    close_stdout()
    if isinstance(error, BrokenPipeError):
        sys.exit(_NOBODY_READS)
    typer.echo(f"procauthor: standard output: {error.strerror}", err=True)
    sys.exit(AuthoringError.exit_code)
