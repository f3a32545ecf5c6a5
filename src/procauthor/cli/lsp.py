"""The command that serves editors."""

from __future__ import annotations

import typer

from procauthor.cli.output import look_for_garbage

_NEEDED = ("pygls", "lsprotocol", "cattrs", "attrs")


def lsp(ctx: typer.Context) -> None:
    """Serve editors over the Language Server Protocol, on standard input and output."""
    from procauthor.errors import ConfigError
    from procauthor.system import install_hint

    try:
        from procauthor.lsp.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _NEEDED:
            raise
        message = "the language server needs the package 'pygls', which is not installed"
        raise ConfigError(message, install_hint("lsp")) from error
    look_for_garbage()
    serve(ctx.obj)
