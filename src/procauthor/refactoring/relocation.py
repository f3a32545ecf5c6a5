"""What a refactoring does to places and names, as data: everything that is rewritten follows from it."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from procauthor.library.library import Procedure
from procauthor.library.reference import Target, resolve
from procauthor.markdown.target import Spot
from procauthor.refactoring.destination import Way, join, respell
from procauthor.refactoring.page import Pages


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
        pages: The documents as pages, where a site shows them as such.
    """

    homes: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    anchors: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    names: Mapping[str, NewName] = field(default_factory=dict)
    parts: Mapping[str, NewName] = field(default_factory=dict)
    spared: AbstractSet[str] = frozenset()
    inside: str = ""
    pages: Pages | None = None

    @cached_property
    def later(self) -> Pages | None:
        """The pages as they are afterwards."""
        return self.pages.after(self.homes, frozenset(self.parts)) if self.pages else None

    def home(self, path: str) -> str:
        """Return where a document stands afterwards."""
        return self.homes.get(path, path)

    def spell(self, spot: Spot, before: Way, after: Way) -> str:
        """Return the target of a link as it is written afterwards, in the manner in which it is written now."""
        if before.source == after.source and is_same(before, after):
            return spot.written
        if self.pages and self.later and self.pages.shows(before.source):
            text = self.pages.spell(spot, before, after, self.later)
            return respell(spot, before, after) if text is None else text
        return spot.written if is_same(before, after) else respell(spot, before, after)

    def name_of(self, source: str, written: str) -> NewName | None:
        """Return the new name of what a link leads to, if that has one."""
        path, anchor = self.end(source, written) or ("", "")
        part = self.anchors.get((path, anchor), (path, ""))[0] if anchor else path
        return self.parts.get(part) or self.names.get(path)

    def ways(self, source: str, written: str, home: str | None = None) -> tuple[Way, Way] | None:
        """Return where a link led and where it leads; None where it leads out to the web, or to nothing on a site.

        Args:
            source: Path of the document with the link, before.
            written: The link's target, as it was meant.
            home: Where the link stands afterwards, if not where its document does.
        """
        end = self.end(source, written)
        if end is None:
            return None
        path, anchor = end
        found = self.anchors.get(end) if anchor else None
        to_path, to_anchor = found or (self.targets.get(path, path), anchor)
        return Way(source, path, anchor), Way(home or self.home(source), to_path, to_anchor)

    def landing(self, home: str, written: str) -> tuple[str, str] | None:
        """Return the path and the anchor that a link leads to afterwards; None as for `ways`."""
        return Relocation(inside=self.inside, pages=self.later).end(home, written)

    def end(self, source: str, written: str) -> tuple[str, str] | None:
        """Return the path and the anchor that a link leads to; None as for `ways`."""
        target = resolve(source, written)
        if target.external:
            return None
        if self.pages and self.pages.shows(source):
            lead = self.pages.lead(source, written)
            if lead or not target.escapes:
                return (lead.path or "", lead.anchor) if lead else None
        return self._path(source, written, target), target.anchor

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
