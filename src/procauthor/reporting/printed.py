"""A document as a file to print or to send, made by a converter that is installed."""

from __future__ import annotations

import html
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from procauthor.errors import ConfigError, DraftError, LibraryError
from procauthor.library.disk import write_file
from procauthor.library.library import Library, Procedure
from procauthor.procedure import Status
from procauthor.reporting.site.place import Places
from procauthor.reporting.site.text import Renderer
from procauthor.review.approve import read_approvers
from procauthor.settings import Settings
from procauthor.workspace import Workspace

PrintForm = Literal["pdf", "docx", "odt", "html"]
_SECONDS = 120.0
_UNWRITTEN = ("placeholder", "missing")
# What Pandoc makes a PDF with, the most likely to be whole first.
_ENGINES = ("weasyprint", "typst", "tectonic", "lualatex", "xelatex", "pdflatex", "wkhtmltopdf")
_STYLE = """body { font: 11pt/1.45 sans-serif; max-width: 46em; margin: 0 auto; } pre, code { font-family: monospace; }
pre { white-space: pre-wrap; border: 1px solid #999; padding: .5em; } table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid #999; padding: .25em .5em; text-align: left; vertical-align: top; } img { max-width: 100%; }
h1, h2, h3 { break-after: avoid; } .facts { color: #444; }"""


def print_document(workspace: Workspace, reference: str, form: PrintForm, folder: Path, *, replace: bool) -> Path:
    """Write a document with its pictures as one file, and return the file.

    Raises:
        NotFoundError: There is no such document.
        ConfigError: No converter is installed, or the file is there already.
        DraftError: The document is not written yet.
        LibraryError: The converter failed, or the disk refuses.
    """
    library = workspace.read()
    procedure = library.find(reference)
    if procedure.text_status in _UNWRITTEN:
        message = f"{procedure.title!r} cannot be exported: it is {procedure.text_status}"
        raise DraftError(message, "write it first, for example with procauthor create")
    place = folder / f"{Path(procedure.path).stem}.{form}"
    if place.exists() and not replace:
        message = f"{str(place)!r} exists already"
        raise ConfigError(message, "replace it with --force, or name another folder with --out")
    status = workspace.earned(library, [procedure.path])[procedure.path]
    page = _page(library, procedure, status, workspace.settings)
    raw = page.encode(errors="replace") if form == "html" else _convert(page, form)
    folder.mkdir(parents=True, exist_ok=True)
    write_file(place, raw)
    return place


def _page(library: Library, procedure: Procedure, status: Status, settings: Settings) -> str:
    """Return a document as one page of HTML that needs nothing else; links to other documents are text."""
    places = Places({procedure.path: "page.html"}, {}, {})
    text = Renderer(library, places, settings.links.slugs, alone=True).render(procedure, "page.html")
    title = html.escape(procedure.title)
    body = text.html.replace(' tabindex="0" role="region"', "").replace(' tabindex="0"', "")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><meta name="generator" content="procauthor">'
        f"<title>{title}</title><style>{_STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="facts">{html.escape(_facts(procedure, status))}</p>\n{body}\n</body>\n</html>\n'
    )


def _facts(procedure: Procedure, status: Status) -> str:
    """Return what a reader of paper has to know: which version it is, in which state, and whose."""
    approved = "; ".join(each.words for each in read_approvers(procedure))
    parts = (
        procedure.path,
        f"version {procedure.stamp[:12]}",
        status,
        f"owner {procedure.owner}" if procedure.owner else "",
        f"approved by {approved}" if approved else "",
    )
    return ", ".join(part for part in parts if part)


def _convert(page: str, form: PrintForm) -> bytes:
    with tempfile.TemporaryDirectory(prefix="procauthor-") as folder:
        source, target = Path(folder, "page.html"), Path(folder, f"page.{form}")
        source.write_text(page, encoding="utf-8", errors="replace")
        command = _command(form, source, target)
        _run(command, folder)
        try:
            return target.read_bytes()
        except FileNotFoundError as error:
            message = f"{command[0]} wrote no file"
            raise LibraryError(message, "run it by hand on the file of: procauthor export --to html") from error


def _command(form: PrintForm, source: Path, target: Path) -> Sequence[str]:
    """Return the call of the converter that is installed for a form."""
    pandoc, weasyprint = shutil.which("pandoc"), shutil.which("weasyprint")
    if form == "pdf" and weasyprint:
        return (weasyprint, str(source), str(target))
    engine = next((name for name in _ENGINES if shutil.which(name)), None)
    if form == "pdf" and (pandoc is None or engine is None):
        message = "a PDF is made by WeasyPrint, or by Pandoc with an engine for PDF, and neither is installed"
        raise ConfigError(
            message, "install one with: pip install weasyprint; or see https://pandoc.org/installing.html"
        )
    if pandoc is None:
        message = f"a file in {form.upper()} is made by Pandoc, which is not installed"
        raise ConfigError(message, "see https://pandoc.org/installing.html, or: pip install pypandoc-binary")
    how = (f"--pdf-engine={engine}",) if form == "pdf" else (f"--to={form}",)
    # A converter in a sandbox reads no file but the one that it is given; pictures are in it.
    return (pandoc, "--from=html", "--sandbox", *how, f"--output={target}", str(source))


def _run(command: Sequence[str], folder: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - a converter by its full path, no shell, and files of our own
            command, cwd=folder, capture_output=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        message = f"{Path(command[0]).name} did not end within {_SECONDS:g} seconds"
        raise LibraryError(message, "nothing was written") from error
    except OSError as error:
        message = f"{command[0]} cannot be started: {error.strerror}"
        raise LibraryError(message, "nothing was written") from error
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        message = f"{Path(command[0]).name} failed: {told[-1][:200]}"
        raise LibraryError(message, "nothing was written")
