"""Refactorings of a library, with everything derived brought along."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.check import FILE_NAME as BASELINE
from procauthor.checking.check import read_baseline
from procauthor.checking.scope import Scope
from procauthor.library.change import Change, Edit
from procauthor.library.library import Library
from procauthor.naming import escape_pattern
from procauthor.refactoring.deprecate import deprecate
from procauthor.refactoring.merge import merge
from procauthor.refactoring.migrate import Migration, read_renames
from procauthor.refactoring.rename import move, rename
from procauthor.refactoring.renumber import renumber
from procauthor.refactoring.split import split, split_path
from procauthor.review.carry import Fate, carry
from procauthor.review.review import complete
from procauthor.settings import FILE_NAME
from procauthor.system import read_regular
from procauthor.workspace import Workspace

_PATHS = frozenset({"pages", "procedures", "template_files"})
"""Conventions that are paths of documents, or patterns of them."""


class Refactoring(Struct, frozen=True):
    """Refactorings of a library as it is now. Every method returns a change; `Project.apply` writes it.

    A reference is a path, an id or a title. All methods raise NotFoundError where there is no such document, and
    AmbiguousError where there are several; the hint names the nearest, or all of them.
    """

    workspace: Workspace
    library: Library

    def rename(self, reference: str, title: str, *, alias: bool = True) -> Change:
        """Give a document another title: file name, heading, id, and all that refers to them.

        Args:
            reference: Path, id or title.
            title: The new title.
            alias: Leave a document at the old path that leads to the new one.

        Raises:
            InvalidTitleError: The title cannot name a procedure, or belongs to another one.
            ConflictError: There is another file where the document would go.
        """
        return self._complete(rename(self._scope, self.library.find(reference), title, alias=alias))

    def move(self, reference: str, destination: str, *, alias: bool = True) -> Change:
        """Put a document into another folder or under another path, with all links to it and in it.

        Args:
            reference: Path, id or title.
            destination: A folder, or a path that ends in ``.md``, from the library's root.
            alias: Leave a document at the old path that leads to the new one.

        Raises:
            ConflictError: There is another file.
            LibraryError: The destination lies outside of the library.
        """
        return self._complete(move(self._scope, self.library.find(reference), destination, alias=alias))

    def split(self, reference: str, at: Sequence[str], title: str) -> Change:
        """Move sections or steps of a document into a new one beside it, and leave links.

        Args:
            reference: Path, id or title.
            at: Headings of the sections, by text, anchor or "Step 3".
            title: Title of the new document.

        Raises:
            InvalidTitleError: The title cannot name a procedure, or belongs to another one.
            ConflictError: There is another file where the new document would go, or a footnote would be torn.
        """
        procedure = self.library.find(reference)
        templated = self.workspace.templates.match(split_path(procedure, title)) is not None
        change = split(self._scope, procedure, at, title, placeholder=templated)
        return self._complete(change, Fate(donors={split_path(procedure, title): procedure.path}))

    def merge(self, reference: str, into: str) -> Change:
        """Put the text of a document behind that of another one, and leave an alias.

        Args:
            reference: The document that goes.
            into: The one that stays.

        Raises:
            ConflictError: Both use one label of a link for two targets, or an ambiguous step is referred to.
        """
        old, new = self.library.find(reference), self.library.find(into)
        change = merge(self._scope, old, new)
        return self._complete(change, Fate(heirs={old.path: new.path}, donors={new.path: old.path}))

    def deprecate(self, reference: str, by: str = "") -> Change:
        """Take a document out of use: it stays, says so, and references lead to its replacement.

        Args:
            reference: Path, id or title.
            by: The replacement; without one, references stay as they are.

        Raises:
            ConflictError: It is deprecated already.
        """
        procedure, heir = self.library.find(reference), self.library.find(by) if by else None
        change = deprecate(self._scope, procedure, heir)
        return self._complete(change, Fate(heirs={procedure.path: heir.path} if heir else {}))

    def renumber(self, reference: str) -> Change:
        """Number steps and sections in order, with all that refers to them; empty where they are.

        Raises:
            ConflictError: Two headings have one number, and it is referred to.
        """
        return self._complete(renumber(self._scope, self.library.find(reference)))

    def migrate(self, *references: str, renamed: Sequence[str] = ()) -> Change:
        """Carry documents over to their templates as these are now; no text of people is lost.

        Headings that match by a synonym or a renaming take the template's words, sections take its order, and missing
        ones come in with their guidance as a comment. Links to renamed headings follow.

        Args:
            references: Path, id or title of each document; none for all that have a template.
            renamed: Old headings that became others, as ``Old Heading=New Heading``.

        Raises:
            ConfigError: A renaming is malformed, or names a heading that no template has.
            ConflictError: A document has both sections, or the anchors of equal headings would change places.
        """
        paths = [self.library.find(reference).path for reference in references]
        return self._complete(Migration(self._scope, self.workspace.parse, read_renames(renamed)).run(paths))

    @property
    def _scope(self) -> Scope:
        return Scope(self.library, frozenset(self.workspace.announced(self.library)))

    def _complete(self, change: Change, fate: Fate | None = None) -> Change:
        """Add receipts and provenance, and what follows in tables and plans."""
        after = self.workspace.with_edits(self.library, change.edits)
        laid, sidecars = carry(self.library, after, change, fate or Fate())
        whole = complete(self.workspace, self.library, laid, change)
        if not whole:
            return whole
        beside = (*sidecars, *self._settings_edits(whole), *self._baseline_edits(whole))
        return replace(whole, edits=(*whole.edits, *beside))

    def _settings_edits(self, change: Change) -> Iterator[Edit]:
        """Yield the edit of the settings where they name a document by the path that it had: it has to stay counted."""
        file = self.workspace.root / FILE_NAME
        homes = {edit.origin: edit.path for edit in change.edits if edit.origin}
        raw = read_regular(file) if homes and file.is_file() else b""
        # As a path, and as a pattern that matches it alone.
        patterns = {escape_pattern(old): escape_pattern(new) for old, new in homes.items()}
        text = _with_places(raw.decode(), {**patterns, **homes})
        if text.encode() != raw:
            yield Edit(FILE_NAME, raw, text.encode())

    def _baseline_edits(self, change: Change) -> Iterator[Edit]:
        """Yield the edit that lets the baseline know what it knew, where documents have other paths or names now."""
        workspace = self.workspace
        if workspace.settings.check.baseline != BASELINE or not (workspace.root / BASELINE).is_file():
            return
        raw = read_regular(workspace.root / BASELINE)
        homes = {edit.origin: edit.path for edit in change.edits if edit.origin}
        before = workspace.check(self.library)
        after = workspace.check(workspace.with_edits(self.library, change.edits))
        dumped = read_baseline(workspace.root / BASELINE).carried(before, after, homes).dump()
        if dumped != raw:
            yield Edit(BASELINE, raw, dumped, quiet=True)


def _with_places(text: str, homes: Mapping[str, str]) -> str:
    """Return settings in which documents are named by their new paths; a text that only looks like a path stays."""
    for old, new in homes.items():
        spelled = "|".join(re.escape(each) for each in (json.dumps(old, ensure_ascii=False), f"'{old}'"))
        for match in reversed(list(re.finditer(spelled, text))):
            after = text[: match.start()] + json.dumps(new, ensure_ascii=False) + text[match.end() :]
            if _names_documents(text, after):
                text = after
    return text


def _names_documents(before: str, after: str) -> bool:
    """Say whether two settings differ where they name documents, and nowhere else."""
    try:
        one, other = (tomllib.loads(text.removeprefix("\ufeff")) for text in (before, after))
    except tomllib.TOMLDecodeError:
        # A name that is there already cannot be given twice.
        return False
    return one != other and _beside_paths(one) == _beside_paths(other)


def _beside_paths(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings without what holds paths of documents, or patterns of them."""
    left = {name: table for name, table in settings.items() if name not in ("library", "templates")}
    conventions = {name: value for name, value in left.get("conventions", {}).items() if name not in _PATHS}
    titles = {name: value for name, value in conventions.get("titles", {}).items() if name != "names"}
    return {**left, "conventions": {**conventions, "titles": titles}}
