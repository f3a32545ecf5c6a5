"""Where findings are: the text of a line, and paths as seen from the root of the repository."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from procauthor.git import find_repository
from procauthor.system import read_regular


class ReportFiles:
    """The files behind a report.

    Args:
        root: The folder to which the paths of findings are relative.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lines: dict[str, list[str]] = {}

    @cached_property
    def base(self) -> str:
        """The path of the root within its repository, or nothing: services show files by their path from there."""
        repository = find_repository(self.root)
        return repository.prefix.rstrip("/") if repository else ""

    def repository_path(self, path: str) -> str:
        """Return a path of a finding as the repository knows it."""
        if not self.base:
            return path
        return self.base if path == "." else f"{self.base}/{path}"

    def uri(self, path: str) -> str:
        """Return a path of a finding as a relative URI, percent-encoded."""
        return quote(self.repository_path(path).encode(errors="surrogateescape"), safe="/")

    def line(self, path: str, number: int) -> str:
        """Return a line of a file without its end, or nothing where it cannot be read."""
        if path not in self._lines:
            try:
                raw = read_regular(self.root / path)
            except (OSError, ValueError):
                raw = b""
            text = raw.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
            self._lines[path] = [line.removesuffix("\r") for line in text.split("\n")]
        lines = self._lines[path]
        return lines[number - 1] if 0 < number <= len(lines) else ""
