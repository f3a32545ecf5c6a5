"""Rewrites the names of documents: in headings, texts of links, running text and front matter."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from procauthor.checking.scope import Scope
from procauthor.library.library import Procedure
from procauthor.markdown.document import Document, Link
from procauthor.markdown.edit import Replacement
from procauthor.markdown.front_edit import Put, Scalar, edit_front_matter, read_scalars
from procauthor.markdown.target import read_text
from procauthor.naming import title_key
from procauthor.refactoring.mention import find_mentions
from procauthor.refactoring.relocation import NewName, Relocation

# Under these keys a value that means the document is its name, however it is spelled.
_REFERENCES = frozenset({"depends_on", "superseded_by", "alias_of", "replaces", "replaced_by", "related", "see_also"})
_OWN = frozenset({"title", "id", "aliases", "alias", "status", "lifecycle", "phase", "tags", "keywords"})
_LAST = re.compile(r"\s+(?:Procedure|Orchestration|Standards)$", re.IGNORECASE)
_CODE_EDGE = re.compile(r"^[`*_\s]*|[`*_\s]*$")
_HTML_LINK_TEXT = re.compile(rb"[^<>]*>([^<>]*)</a", re.IGNORECASE)


def rename_names(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    """Yield replacements of the old names in a document by the new ones."""
    yield from _link_texts(host, relocation)
    yield from _scalars(scope, host, relocation)
    text = host.document.source.raw.decode(errors="replace").casefold()
    for name in relocation.names.values():
        # Titles are names only where documents are of a kind that has names.
        named = name.procedure.counted or name.procedure.kind == "standard"
        if named and all(word in text for word in name.procedure.key.split() if word != "and"):
            for mention in find_mentions(scope, host, name.procedure):
                yield Replacement(mention.start, mention.end, name.title)


# Texts of links


def _link_texts(host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    for link in host.document.links:
        name = relocation.name_of(host.path, link.target)
        if name is not None:
            yield from _link_text(host.document, link, relocation, name)


def _link_text(document: Document, link: Link, relocation: Relocation, name: NewName) -> Iterator[Replacement]:
    raw = document.source.raw
    place = read_text(document, link)
    if place is None:
        match = _HTML_LINK_TEXT.match(raw, link.end)
        if match and raw[link.start : link.start + 2].lower() == b"<a":
            found = _renamed(match[1].decode(errors="replace"), name, relocation)
            if found is not None:
                yield Replacement(match.start(1), match.end(1), found)
        return
    found = _renamed(raw[place.start : place.end].decode(), name, relocation)
    if found is None:
        return
    if place.label:
        # The text was the label: the label stays, and the new text stands before it.
        yield Replacement(link.start, place.rest, f"[{found}][{place.label}]")
    else:
        yield Replacement(place.start, place.end, found)


def _renamed(written: str, name: NewName, relocation: Relocation) -> str | None:
    """Return the text of a link with the new name in place of the old one; None where it does not hold the name."""
    lead, inner, tail = _peeled(written)
    plain = " ".join(html.unescape(inner.replace("\\", "")).split())
    path = name.procedure.path
    new_path = relocation.targets.get(path, path)
    if plain and plain in (path, path.rpartition("/")[2]):
        found = new_path if plain == path else new_path.rpartition("/")[2]
    elif plain.casefold() == name.procedure.title.casefold():
        found = name.title
    elif title_key(plain) == name.procedure.key:
        # "Test Plan" for the Test Plan Procedure: the short form stays short.
        found = name.title if _LAST.search(plain) else _LAST.sub("", name.title)
    else:
        old = r"\s+".join(map(re.escape, name.procedure.title.split()))
        replaced = re.sub(rf"(?<![\w-]){old}(?![\w-])", lambda _: name.title, inner)
        if len(name.procedure.title.split()) == 1 or replaced == inner:
            return None
        found = replaced
    return None if found == inner else lead + found + tail


def _peeled(written: str) -> tuple[str, str, str]:
    """Cut emphasis and code marks off the ends of a text."""
    inner = _CODE_EDGE.sub("", written)
    start = written.find(inner) if inner else len(written)
    return written[:start], inner, written[start + len(inner) :]


# Front matter


def _scalars(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    edits = list(_puts(scope, host, relocation))
    yield from edit_front_matter(host.document, host.path, edits) if edits else ()


def _puts(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Put]:
    for scalar in read_scalars(host.document):
        if scalar.key in _OWN:
            continue
        parts = re.split(r"(\s*,\s*)", scalar.value) if scalar.key == "depends_on" else [scalar.value]
        value = "".join(_named(scope, host, scalar, part, relocation) for part in parts)
        if value != scalar.value:
            yield Put(scalar.key, value, scalar.index)


def _named(scope: Scope, host: Procedure, scalar: Scalar, value: str, relocation: Relocation) -> str:
    # A document does not mean itself there, even where it goes by the same name.
    found = tuple(p for p in scope.named(title_key(value), host) if p is not host)
    name = relocation.names.get(found[0].path) if len(found) == 1 else None
    if name is None:
        return value
    if value == name.procedure.id:
        return name.id or value
    exact = value.casefold() == name.procedure.title.casefold() and len(value.split()) > 1
    return name.title if exact or scalar.key in _REFERENCES else value
