"""Renames and moves a document, and all that refers to it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.convention.word import plain_name, read_title, title_heading, write_title
from procauthor.errors import ConflictError, InvalidTitleError, LibraryError
from procauthor.library.change import Change, Edit
from procauthor.library.index import entries, tables
from procauthor.library.library import Library, Procedure, follow
from procauthor.library.page import new_link
from procauthor.library.reference import Alias, alias_text, check_title, stem_like
from procauthor.markdown.document import Replacement, replace_spans, slugify, whole_line
from procauthor.markdown.front import Put, edit_front_matter
from procauthor.markdown.parse import parse
from procauthor.markdown.passage import read_parts, read_shown
from procauthor.naming import bare_name, is_document, split_ending, title_key
from procauthor.refactoring.name import Swap, write_swap
from procauthor.refactoring.relocation import NewName, Relocation
from procauthor.refactoring.rewrite import Rewriting
from procauthor.settings import FILE_NAME

# The settings name the index and the plan by their paths; a README is one by its name.
_IN_SETTINGS = frozenset({"index", "plan"})
_FIXED_NAME = _IN_SETTINGS | {"readme"}
_MANY = 3


def rename(scope: Scope, procedure: Procedure, title: str, *, alias: bool = True) -> Change:
    """Return the change of `Refactoring.rename`."""
    # The whole title may be given, and means the name in it.
    new_title = check_title(plain_name(title, procedure.conventions.titles.patterns))
    if new_title == procedure.title:
        message = f"{procedure.path} already has the title {new_title!r}"
        raise InvalidTitleError(message, "nothing was changed")
    _refuse_taken(scope, procedure, new_title)
    place = PurePosixPath(procedure.path)
    fixed = procedure.kind in _FIXED_NAME or _is_usual_name(scope.library, procedure)
    old, ending = split_ending(place.name)
    stem = old if fixed else stem_like(old, procedure.title, new_title)
    path = place.with_name(stem + ending).as_posix()
    new_id = stem if procedure.id in (old, slugify(procedure.title)) else ""
    name = NewName(procedure, new_title, new_id)
    own = (*_title_edits(procedure, new_title), *_id_edits(procedure, new_id))
    if procedure.written_title:
        _verify_title(procedure, own, new_title)
    label = f"rename {procedure.title} to {new_title}"
    return _Relocating(scope, procedure, path, name, own, alias).change(label)


def _is_usual_name(library: Library, procedure: Procedure) -> bool:
    """Say whether many documents have this file name, each in a folder of its own that says which it is."""
    name = PurePosixPath(procedure.path).name
    return sum(other.path.rpartition("/")[2] == name for other in library.counted) >= _MANY


def move(scope: Scope, procedure: Procedure, destination: str, *, alias: bool = True) -> Change:
    """Return the change of `Refactoring.move`."""
    if procedure.kind in _IN_SETTINGS:
        message = f"{procedure.path} is the {procedure.kind} that the settings name, so it cannot be moved"
        raise LibraryError(message, "nothing was changed; move it by hand, and change the settings")
    path = _destination(scope.library, procedure, destination)
    old, new = bare_name(procedure.path), bare_name(path)
    name = NewName(procedure, procedure.title, new if procedure.id == old else "")
    own = tuple(_id_edits(procedure, name.id)) if old != new else ()
    own += tuple(_own_title(procedure, procedure.written_title))
    return _Relocating(scope, procedure, path, name, own, alias).change(f"move {procedure.path} to {path}")


def _destination(library: Library, procedure: Procedure, destination: str) -> str:
    """Return the path that is meant: a folder, or a path that ends like a document."""
    text = posixpath.normpath(destination.strip().replace("\\", "/")) if destination.strip() else ""
    if (
        not text
        or text.startswith(("/", "../"))
        or text == ".."
        or any(p.startswith(".") for p in text.split("/")[:-1])
    ):
        message = f"{destination!r} is no place in the library"
        raise LibraryError(message, "name a folder or a path, seen from the root of the library")
    named = is_document(text) and not destination.endswith("/")
    path = text if named else posixpath.normpath(f"{text}/{PurePosixPath(procedure.path).name}")
    if path == procedure.path:
        message = f"{procedure.path} is there already"
        raise ConflictError(message, "nothing was changed")
    if PurePosixPath(path).name.startswith(".") or (library.root / path).is_dir():
        message = f"{path!r} cannot be the path of a document"
        raise LibraryError(message, "nothing was changed")
    inner = next((p for p in PurePosixPath(path).parents[:-1] if (library.root / p / FILE_NAME).is_file()), None)
    if inner is not None:
        message = f"{inner} is a library of its own"
        raise LibraryError(message, "nothing was changed; a document goes from one library to another by hand")
    return path


def _refuse_taken(scope: Scope, procedure: Procedure, title: str) -> None:
    key = title_key(title)
    library = scope.library
    for other in library.by_key.get(key, ()):
        if follow(other, library.by_path, library.by_key) is not procedure:
            message = f"{title!r} is the title of {other.path} already"
            raise InvalidTitleError(message, "one name would mean two documents; choose another, or merge them")


def _title_edits(procedure: Procedure, title: str) -> Iterator[Replacement]:
    document, conventions = procedure.document, procedure.conventions.titles
    before, name, behind = procedure.written_title.partition(procedure.title)
    # What is around the name stays, with the number that the document has.
    dressed = f"{before}{title}{behind}" if name else ""
    written = dressed or write_title(title, procedure.written_title, conventions.patterns)
    heading = title_heading(document, first="first-heading" in conventions.sources and not document.title)
    if heading and (not heading.text or heading.text != procedure.written_title):
        # A bare `#`, a picture or a comment is a heading, and says no title; neither does a chapter.
        heading = None
    if heading:
        shown = read_shown(document, read_parts(document).within("Heading", heading.start))
        start = shown.text.find(heading.text)
        edits = write_swap(shown, Swap(start, start + len(heading.text), written))
        if edits is None:
            message = f"{procedure.path}:{heading.line}: the title is divided by emphasis, code or a link"
            raise LibraryError(message, "nothing was changed; write the title as plain text first")
        yield from edits
    yield from _value_edits(procedure, "title", lambda value: _name_key(procedure, value) == procedure.key, written)
    if heading is None and "name" in conventions.sources:
        yield from _value_edits(procedure, "name", lambda value: _name_key(procedure, value) == procedure.key, written)
    if heading is None:
        yield from _own_title(procedure, written)


def _own_title(procedure: Procedure, title: str) -> Iterator[Replacement]:
    """Write the name that only the settings give to a document into it: they know it by its path of today."""
    document, named = procedure.document, procedure.conventions.titles.names.get(procedure.path)
    if named and named == procedure.written_title != document.title:
        yield from edit_front_matter(document, procedure.path, [Put("title", title)])


def _name_key(procedure: Procedure, title: str) -> str:
    return title_key(plain_name(title, procedure.conventions.titles.patterns))


def _id_edits(procedure: Procedure, new_id: str) -> Iterator[Replacement]:
    if new_id and new_id != procedure.id:
        yield from _value_edits(procedure, "id", lambda value: value == procedure.id, new_id)


def _value_edits(procedure: Procedure, key: str, is_old: Callable[[str], bool], value: str) -> Iterator[Replacement]:
    """Replace a value of the front matter, or of a bold field where there is none."""
    field = procedure.document.fields.get(key)
    if field is None or not is_old(str(field.value)):
        return
    if procedure.document.front_matter:
        yield from edit_front_matter(procedure.document, procedure.path, [Put(key, value)])
    else:
        yield Replacement(field.start, field.end, value)


def _verify_title(procedure: Procedure, own: tuple[Replacement, ...], title: str) -> None:
    conventions = procedure.conventions.titles
    after = read_title(parse(replace_spans(procedure.document.source.raw, own)), conventions)
    if plain_name(after, conventions.patterns) != title:
        message = f"{title!r} cannot be written as a heading"
        raise InvalidTitleError(message, "nothing was changed; leave out signs that mean something in Markdown")


class _Relocating(Struct, frozen=True):
    """A document on its way to another path, with its new name and the edits of its own text."""

    scope: Scope
    procedure: Procedure
    path: str
    name: NewName
    own: tuple[Replacement, ...]
    alias: bool

    def change(self, label: str) -> Change:
        old = self.procedure.path
        self._refuse_occupied()
        moves = {old: self.path} if self.path != old else {}
        taken = {self.path} if self.path in self.scope.library.by_path and moves else set()
        ground, names = Relocation.within(self.scope), {old: self.name}
        relocation = replace(ground, homes=moves, targets=moves, names=names, spared=frozenset(taken))
        own = {old: self.own, **_row_edits(self.scope.library, self.procedure, self.path)}
        rewritten = {each.path: each for each in Rewriting(self.scope, relocation, own).run()}
        raw = self.procedure.source.raw
        text = rewritten.pop(old, Edit(old, raw, raw)).after or b""
        return Change((*self._own_edits(raw, text), *rewritten.values()), label)

    def _refuse_occupied(self) -> None:
        """Allow only an alias of the document itself at the new path: it goes where the document comes back."""
        library = self.scope.library
        other = library.by_path.get(self.path)
        if self.path == self.procedure.path:
            return
        end = follow(other, library.by_path, library.by_key) if other else None
        if end is self.procedure:
            return
        if other or self.path in library.files:
            what = f"an alias of {end.path}" if end and other and other.status == "alias" else "there already"
            message = f"{self.path} is {what}"
            raise ConflictError(message, "nothing was changed; choose another title or path")

    def _own_edits(self, raw: bytes, text: bytes) -> Iterator[Edit]:
        """Yield the edits of the document itself, from its bytes before to those afterwards."""
        old = self.procedure.path
        if self.path == old:
            yield Edit(old, raw, text)
        else:
            present = self.scope.library.by_path.get(self.path)
            yield Edit(self.path, present.source.raw if present else None, text, old)
            yield Edit(old, raw, self._alias(text))

    def _alias(self, text: bytes) -> bytes | None:
        """Return the alias for the old path; none where a disk may not tell the two names apart."""
        procedure = self.procedure
        if not self.alias or self.path.casefold() == procedure.path.casefold():
            return None
        conventions = procedure.conventions.titles
        written = read_title(parse(text), conventions)
        title = plain_name(written, conventions.patterns) or bare_name(self.path)
        alias = Alias(procedure.path, procedure.title, tuple(self._names_of_place(title)))
        link = new_link(self.scope.library, title, procedure.path, self.path)
        return alias_text(alias, self.path, link, procedure.document.source.newline)

    def _names_of_place(self, title: str) -> Iterator[str]:
        """Yield the names of an alias of the document at the new path: it goes, and they must not be lost."""
        place = self.scope.library.by_path.get(self.path)
        known = {title_key(title), self.procedure.key}
        for name in (place.title, *place.aliases) if place else ():
            if title_key(name) not in known:
                yield name


def _row_edits(library: Library, procedure: Procedure, path: str) -> dict[str, tuple[Replacement, ...]]:
    """Take the row out of the README of a folder that the document leaves, if the new folder's README lists its own."""
    old, new = posixpath.dirname(procedure.path), posixpath.dirname(path)
    readmes = {posixpath.dirname(p.path): p for p in library.of_kind("readme") if next(tables(p), None)}
    if old == new or old not in readmes or new not in readmes:
        return {}
    rows = [e.row for e in entries(library, readmes[old]) if e.path == procedure.path]
    raw = readmes[old].document.source.raw
    return {readmes[old].path: tuple(Replacement(row.start, whole_line(raw, row.end), "") for row in rows)}
