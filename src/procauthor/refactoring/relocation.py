"""What a refactoring does to places and names, as data: everything that is rewritten follows from it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from procauthor.library.library import Procedure
from procauthor.library.reference import Target, resolve
from procauthor.refactoring.destination import Way, join


@dataclass(frozen=True, slots=True)
class NewName:
    """A document and the title, and perhaps the id, that it is called by afterwards."""

    procedure: Procedure
    title: str
    id: str = ""


@dataclass(frozen=True)
class Relocation:
    """Where documents, and links to them, are afterwards. All keys are from before.

    Args:
        homes: New paths of documents that move.
        targets: Where links to a document lead instead; of a document that moves, its new path.
        anchors: Where links to a heading lead instead: path and anchor to path and anchor.
        names: New names by the path of the document.
        parts: New documents by their path: a part of which document they were, and their own title.
        spared: Paths of documents in which nothing is rewritten.
        inside: The folder of the library from the root of its repository; a link may lead by way of there.
    """

    homes: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    anchors: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    names: Mapping[str, NewName] = field(default_factory=dict)
    parts: Mapping[str, NewName] = field(default_factory=dict)
    spared: AbstractSet[str] = frozenset()
    inside: str = ""

    def home(self, path: str) -> str:
        """Return where a document stands afterwards."""
        return self.homes.get(path, path)

    def name_of(self, source: str, written: str) -> NewName | None:
        """Return the new name of what a link leads to, if that has one."""
        target = resolve(source, written)
        path = "" if target.external else self._path(source, written, target)
        part = self.anchors.get((path, target.anchor), (path, ""))[0] if target.anchor else path
        return self.parts.get(part) or self.names.get(path)

    def ways(self, source: str, written: str, home: str | None = None) -> tuple[Way, Way] | None:
        """Return where a link led and where it leads; None where it leads out to the web, or names nothing as ``#``.

        Args:
            source: Path of the document with the link, before.
            written: The link's target, as it was meant.
            home: Where the link stands afterwards, if not where its document does.
        """
        target = resolve(source, written)
        if target.external or not written.strip("#"):
            return None
        home = home or self.home(source)
        path = self._path(source, written, target)
        before = Way(source, path, target.anchor)
        found = self.anchors.get((path, target.anchor)) if target.anchor else None
        to_path, to_anchor = found or (self.targets.get(path, path), target.anchor)
        return before, Way(home, to_path, to_anchor)

    def _path(self, source: str, written: str, target: Target) -> str:
        """Return where a link leads, from the root of the library, also if it takes the way by the repository."""
        path = target.path if target.path is not None else _outside(source, written)
        if not self.inside or not (written.startswith("/") or path.startswith("../")):
            return path
        whole = path if written.startswith("/") else posixpath.normpath(posixpath.join(self.inside, path))
        return whole.removeprefix(f"{self.inside}/") if whole.startswith(f"{self.inside}/") else path


def _outside(source: str, written: str) -> str:
    return join(source, written.partition("#")[0].partition("?")[0])


def is_same(before: Way, after: Way) -> bool:
    """Say whether a link needs no change: it leads to the same place, and from the same folder.

    A link to its own document, perhaps by an anchor alone, may need one wherever its text goes.
    """
    folders = {before.source.rpartition("/")[0], after.source.rpartition("/")[0]}
    if before.path == before.source and after.source != before.source:
        return False
    return (before.path, before.anchor) == (after.path, after.anchor) and len(folders) == 1
