"""Rewrites a whole library after a relocation. What no reference asks for stays, to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import unescape
from itertools import chain
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.library.change import Edit
from procauthor.library.library import Library, Procedure
from procauthor.markdown.document import Document, Replacement, replace_spans
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import MayLead, rewrite
from procauthor.markdown.target import Spot
from procauthor.naming import bare_name, title_key
from procauthor.refactoring.name import find_titles, rename_names
from procauthor.refactoring.relocation import Leads, Relocation, relocate_links, relocate_paths, verify_links


class Candidates:
    """Tells from its bare text whether a document could refer to what is relocated.

    A link holds the name of the file that it leads to, and a name is made of its words. What holds neither refers to
    nothing of it.

    Args:
        relocation: What happens.
        own: Paths of documents that change for other reasons; others may link to their headings.
        library: What is looked through: the word of a name that is in the fewest titles is looked for first.
    """

    def __init__(self, relocation: Relocation, own: Iterable[str], library: Library) -> None:
        headed = (path for path, _ in relocation.anchors)
        places = (relocation.homes, relocation.targets, relocation.names, relocation.parts)
        self._paths = frozenset(chain(own, headed, *places))
        pages = relocation.pages
        shown = chain.from_iterable(map(pages.names, self._paths)) if pages else ()
        self._stems = frozenset(chain((bare_name(path).casefold() for path in self._paths), shown))
        titles = " ".join(p.key for p in library.procedures)
        self._names = tuple(tuple(sorted(name, key=titles.count)) for name in dict.fromkeys(_names(relocation)))
        # Letters outside of ASCII can be written in several ways.
        self._plain = all(map(str.isascii, chain(self._stems, *self._names)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Candidates) and self._sought == other._sought

    def __hash__(self) -> int:
        return hash(self._sought)

    @property
    def _sought(self) -> tuple[object, ...]:
        return self._paths, self._stems, self._names

    def __contains__(self, document: object) -> bool:
        if not isinstance(document, Procedure):
            return False
        if not self._plain or document.path in self._paths:
            return True
        text = document.folded
        if self._hold(text):
            return True
        if not any(sign in text for sign in "\\&%"):
            return False
        # Escapes of Markdown, HTML and addresses.
        plain = unquote(unescape(text.replace("\\", "")))
        return plain != text and self._hold(plain)

    def _hold(self, text: str) -> bool:
        return any(stem in text for stem in self._stems) or any(
            all(word in text for word in name) for name in self._names
        )


def _names(relocation: Relocation) -> Iterator[tuple[str, ...]]:
    """Yield the words of each name that a document goes by which gets another one."""
    for name in (*relocation.names.values(), *relocation.parts.values()):
        document = name.procedure
        for known in (document.title, document.written_title, document.id, *document.aliases):
            words = tuple(word for word in title_key(known).split() if word != "and")
            if words:
                yield words


Own = Mapping[str, Sequence[Replacement]]


class Rewriting(Struct, frozen=True):
    """A library before, and what happens to it; ``own`` are further replacements by the path of the document."""

    scope: Scope
    relocation: Relocation
    own: Own

    def run(self) -> tuple[Edit, ...]:
        """Return the edit of every document that changes, under its path from before.

        Raises:
            LibraryError: A link could not be rewritten.
        """
        candidates = Candidates(self.relocation, self.own, self.scope.library)
        hosts = self._hosts(candidates)
        texts = {p.path: self.texts(p) for p in hosts}
        anchors = self._anchors(hosts, texts)
        relocation = replace(self.relocation, anchors={**anchors, **self.relocation.anchors})
        if anchors:
            # Others may link to a heading that holds the name, and hold it nowhere themselves.
            more = Candidates(relocation, self.own, self.scope.library)
            hosts = hosts if more == candidates else self._hosts(more)
            texts |= {p.path: self.texts(p) for p in hosts if p.path not in texts}
        edits: list[Edit] = []
        for host in hosts:
            raw = host.document.source.raw
            changes = merge(texts[host.path], self._links(host, relocation))
            leads = Leads(host, relocation, self.relocation.home(host.path))
            after = rewrite(host.path, host.document, changes, leads, _may_become(find_titles(host, relocation)))
            if after != raw:
                verify_links(host, relocation, after, self.own.get(host.path, ()))
                edits.append(Edit(host.path, raw, after))
        return tuple(edits)

    def _hosts(self, candidates: Candidates) -> list[Procedure]:
        return [p for p in self.scope.library.procedures if p in candidates and self._is_host(p)]

    def _is_host(self, procedure: Procedure) -> bool:
        """A template's links lead where the document will be; a link's bytes are those of the file it leads to."""
        if procedure.kind == "template" or procedure.path in self.relocation.spared:
            return False
        return not (self.scope.library.root / procedure.path).is_symlink()

    def texts(self, host: Procedure) -> list[Replacement]:
        """Return what changes in a document but the targets of its links."""
        own = self.own.get(host.path, ())
        named = self.relocation.names or self.relocation.parts
        return merge(own, rename_names(self.scope, host, self.relocation) if named else ())

    def _links(self, host: Procedure, relocation: Relocation) -> list[Replacement]:
        documents = self.scope.library.by_path.keys()
        return merge(relocate_links(host, relocation), relocate_paths(host, relocation, documents))

    def _anchors(
        self, hosts: Iterable[Procedure], texts: Mapping[str, list[Replacement]]
    ) -> dict[tuple[str, str], tuple[str, str]]:
        """Return the anchors that change because a heading does."""
        anchors: dict[tuple[str, str], tuple[str, str]] = {}
        for host in hosts:
            if any(_touches_heading(host.document, each) for each in texts[host.path]):
                after = parse(replace_spans(host.document.source.raw, texts[host.path]))
                home = self.relocation.home(host.path)
                if len(after.headings) != len(host.document.headings):
                    # Headings came or went: the caller says in the relocation where links to them lead.
                    continue
                pairs = zip(host.document.headings, after.headings, strict=True)
                anchors |= {(host.path, old.slug): (home, new.slug) for old, new in pairs if old.slug != new.slug}
        return anchors


def _may_become(titles: Iterable[tuple[Spot, str]]) -> MayLead:
    """Return what says whether the title of a link may become another one."""
    pairs = {(spot.written, text) for spot, text in titles}
    return lambda old, new: old == new or (old, new) in pairs


def _touches_heading(document: Document, each: Replacement) -> bool:
    return any(h.start <= each.start < h.end for h in document.headings)


def merge(*groups: Iterable[Replacement]) -> list[Replacement]:
    """Join replacements; where two overlap, the earlier counts."""
    kept: list[Replacement] = []
    for each in chain.from_iterable(groups):
        if not any(_overlap(each, other) for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda r: r.start)


def _overlap(one: Replacement, other: Replacement) -> bool:
    return (one.start, one.end) == (other.start, other.end) or (one.start < other.end and other.start < one.end)
