"""One report on every surface: text, JSON, SARIF, JUnit, GitHub and GitLab."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

from procauthor.errors import ConfigError
from procauthor.finding import Report
from procauthor.reporting.dump import dump
from procauthor.reporting.place import ReportFiles
from procauthor.reporting.text import report_lines

Format = Literal["text", "json", "sarif", "junit", "github", "gitlab"]
FORMATS: tuple[Format, ...] = get_args(Format)


def read_format(name: str) -> Format:
    """Return the format of that name.

    Raises:
        ConfigError: There is none.
    """
    for known in FORMATS:
        if name == known:
            return known
    message = f"no format {name!r}"
    raise ConfigError(message, f"known formats: {', '.join(FORMATS)}")


def render(report: Report, form: Format, root: Path, help_url: str = "") -> bytes:
    """Return a report in one of the formats, in UTF-8, with a line feed at the end of what is not empty.

    Args:
        report: What was found.
        form: The format.
        root: The folder to which the report's paths are relative.
        help_url: Address of a rule's page, with ``{rule}`` where its name goes.
    """
    # A name of a file that is no UTF-8 holds lone surrogates; in JSON their escape is their form.
    return _text(report, form, ReportFiles(root), help_url).encode(errors="backslashreplace")


def _text(report: Report, form: Format, place: ReportFiles, help_url: str) -> str:
    match form:
        case "text":
            return _joined(report_lines(report))
        case "json":
            return _dump(report.as_json())
        case "sarif":
            # It needs the catalogue of rules, the others modules of the standard library that take long to load.
            from procauthor.reporting.sarif import sarif

            return _dump(sarif(report, place, help_url))
        case "junit":
            from procauthor.reporting.junit import junit

            return junit(report)
        case "github":
            from procauthor.reporting.github import github_lines

            return _joined(github_lines(report, place))
        case "gitlab":
            from procauthor.reporting.gitlab import gitlab

            return _dump(gitlab(report, place))


def _dump(data: Any) -> str:
    return dump(data) + "\n"


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
