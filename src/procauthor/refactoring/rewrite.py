"""Rewrites a whole library after a relocation. What no reference asks for stays, to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from procauthor.checking.scope import Scope
from procauthor.library.library import Procedure
from procauthor.markdown.document import Document, Replacement, replace_spans
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import rewrite
from procauthor.refactoring.candidate import Candidates
from procauthor.refactoring.link import Leads, relocate_links, relocate_paths, verify_links
from procauthor.refactoring.name import rename_names
from procauthor.refactoring.relocation import Relocation

Own = Mapping[str, Sequence[Replacement]]


@dataclass(frozen=True)
class Rewriting:
    """A library before, and what happens to it; ``own`` are further replacements by the path of the document."""

    scope: Scope
    relocation: Relocation
    own: Own

    def run(self) -> dict[str, bytes]:
        """Return the new bytes of every document that changes, by its path from before.

        Raises:
            LibraryError: A link could not be rewritten.
        """
        hosts = self._hosts(Candidates(self.relocation, self.own))
        texts = {p.path: self.texts(p) for p in hosts}
        anchors = self._anchors(hosts, texts)
        relocation = replace(self.relocation, anchors={**anchors, **self.relocation.anchors})
        if anchors:
            # Others may link to a heading that holds the name, and hold it nowhere themselves.
            hosts = self._hosts(Candidates(relocation, self.own))
            texts |= {p.path: self.texts(p) for p in hosts if p.path not in texts}
        found: dict[str, bytes] = {}
        for host in hosts:
            raw = host.document.source.raw
            edits = merge(texts[host.path], self._links(host, relocation))
            after = rewrite(host.path, host.document, edits, Leads(host, relocation, self.relocation.home(host.path)))
            if after != raw:
                verify_links(host, relocation, after, self.own.get(host.path, ()))
                found[host.path] = after
        return found

    def _hosts(self, candidates: Candidates) -> list[Procedure]:
        return [p for p in self.scope.library.procedures if self._is_host(p) and p in candidates]

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
        found: dict[tuple[str, str], tuple[str, str]] = {}
        for host in hosts:
            if any(_touches_heading(host.document, each) for each in texts[host.path]):
                after = parse(replace_spans(host.document.source.raw, texts[host.path]))
                home = self.relocation.home(host.path)
                if len(after.headings) != len(host.document.headings):
                    # Headings came or went: the caller says in the relocation where links to them lead.
                    continue
                pairs = zip(host.document.headings, after.headings, strict=True)
                found |= {(host.path, old.slug): (home, new.slug) for old, new in pairs if old.slug != new.slug}
        return found


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
