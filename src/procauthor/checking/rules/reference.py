"""Links, anchors, names and identity."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches

from procauthor.checking.scope import Scope, lines, say, say_line
from procauthor.finding import Finding
from procauthor.library.index import entries
from procauthor.library.library import Procedure
from procauthor.library.reference import resolve
from procauthor.markdown.document import Link, Run
from procauthor.naming import title_key

_NAME = re.compile(
    r"(?:[A-Z][\w/’'-]*|[A-Z]+)(?:\s+(?:&|/|and|of|or|the|to|for|[A-Z][\w/’'-]*))*?\s+"
    r"(?:Procedures?|Orchestration|Standards)\b"
)
_EXEMPT = frozenset({"index", "readme", "plan", "template"})


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.library.procedures:
        for link in procedure.document.links:
            yield from _link(scope, procedure, link)
        if procedure.kind not in _EXEMPT and procedure.template is not None:
            yield from lines(_names(scope, procedure))
    yield from _ids(scope)
    yield from _cycles(scope)


def _link(scope: Scope, procedure: Procedure, link: Link) -> Iterator[Finding]:
    target = resolve(procedure.path, link.target)
    if target.external:
        return
    if target.path is None or not _exists(scope, target.path):
        if not _row_of_index(procedure, link):
            yield say(
                "broken-link", procedure, link.start, f"{link.target!r} does not exist", _near(scope, target.path)
            )
        return
    document = scope.library.by_path.get(target.path)
    if document is None:
        return
    if target.anchor and target.anchor not in document.document.anchors:
        yield from _anchor(procedure, link, document, target.anchor)
    if document.status == "deprecated" and document.path != procedure.path:
        yield say("reference-to-deprecated", procedure, link.start, f"{document.title!r} is deprecated")
    if not link.image and not target.anchor:
        yield from _text(scope, procedure, link, document)


def _exists(scope: Scope, path: str) -> bool:
    return path in scope.library.files or path == "." or (scope.library.root / path).exists()


def _row_of_index(procedure: Procedure, link: Link) -> bool:
    """Say whether index-dead-entry speaks of this link."""
    if procedure.kind != "index":
        return False
    return any(entry.row.start <= link.start < entry.row.end for entry in entries(procedure))


def _near(scope: Scope, path: str | None) -> str:
    if path is None:
        return "it leads out of the library"
    close = get_close_matches(path, list(scope.library.by_path), n=1, cutoff=0.75)
    return f"did you mean {close[0]!r}?" if close else ""


def _anchor(procedure: Procedure, link: Link, document: Procedure, anchor: str) -> Iterator[Finding]:
    anchors = document.document.anchors
    close = get_close_matches(anchor, sorted(anchors), n=1, cutoff=0.7)
    hint = f"did you mean '#{close[0]}'?" if close else ""
    yield say("broken-anchor", procedure, link.start, f"{document.path} has no heading '#{anchor}'", hint)


def _text(scope: Scope, procedure: Procedure, link: Link, document: Procedure) -> Iterator[Finding]:
    key = title_key(link.text)
    others = scope.library.by_key.get(key, ())
    if others and document not in others and key != document.key and document.kind not in _EXEMPT:
        message = f"the link says {link.text!r}, and leads to {document.title!r}"
        yield say("link-text-mismatch", procedure, link.start, message)


def _names(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    for run in procedure.document.runs:
        if run.heading:
            continue
        for match in _NAME.finditer(run.text):
            yield from _name(scope, procedure, run, match)


def _name(scope: Scope, procedure: Procedure, run: Run, match: re.Match[str]) -> Iterator[Finding]:
    """Resolve the longest end of a phrase that is a known title: "See API Design Procedure" holds one."""
    words = match[0].split()
    at = run.start + len(run.text[: match.start()].encode())
    for skip in range(len(words) - 1):
        phrase = " ".join(words[skip:])
        key = title_key(phrase)
        if key == procedure.key or key in scope.announced:
            return
        found = scope.named(key, procedure)
        if found:
            yield from _known(procedure, phrase, found, at)
            return
    if len(words) > 2 and words[-1] == "Procedure":  # noqa: PLR2004 - one word before it may be any sentence's start
        close = get_close_matches(match[0], [p.title for p in scope.library.counted], n=1, cutoff=0.7)
        hint = f"did you mean {close[0]!r}?" if close else ""
        yield say("unknown-procedure", procedure, at, f"no procedure is called {match[0]!r}", hint)


def _known(procedure: Procedure, phrase: str, found: tuple[Procedure, ...], at: int) -> Iterator[Finding]:
    if len(found) > 1:
        hint = "link one of " + ", ".join(p.path for p in found)
        yield say("ambiguous-name", procedure, at, f"{phrase!r} is the title of {len(found)} documents", hint)
    elif not _linked_beside(procedure, found[0], at):
        yield say("unlinked-name", procedure, at, f"{phrase!r} is named without a link", f"link {found[0].path}")


def _linked_beside(procedure: Procedure, target: Procedure, at: int) -> bool:
    line = procedure.document.source.line(at)
    return any(
        link.line == line and resolve(procedure.path, link.target).path == target.path
        for link in procedure.document.links
    )


def _ids(scope: Scope) -> Iterator[Finding]:
    owners: dict[str, list[Procedure]] = defaultdict(list)
    for procedure in scope.library.procedures:
        if procedure.document.metadata.get("id"):
            owners[procedure.id].append(procedure)
    for name, found in owners.items():
        for procedure in found[1:]:
            line = procedure.document.fields["id"].line
            yield say_line("duplicate-id", procedure, line, f"the id {name!r} belongs to {found[0].path} already")


def needs(scope: Scope, procedure: Procedure) -> list[Procedure]:
    """Return what a procedure depends on: declared, or as the provider of a required input."""
    titles = [*procedure.depends_on, *(a.source for a in procedure.contract.inputs if a.source)]
    found = [scope.named(title_key(title), procedure) for title in titles]
    return [each[0] for each in found if len(each) == 1 and each[0] is not procedure]


def _cycles(scope: Scope) -> Iterator[Finding]:
    graph = {p.path: [n.path for n in needs(scope, p)] for p in scope.library.counted if p.kind == "procedure"}
    reported: set[frozenset[str]] = set()
    for start in sorted(graph):
        circle = _shortest(graph, start)
        if circle and frozenset(circle) not in reported:
            reported.add(frozenset(circle))
            names = " -> ".join(scope.library.by_path[path].title for path in [*circle, start])
            procedure = scope.library.by_path[start]
            yield say_line("dependency-cycle", procedure, 1, f"dependencies run in a circle: {names}")


def _shortest(graph: dict[str, list[str]], start: str) -> list[str] | None:
    """Return the shortest way from a node back to itself, by breadth-first search."""
    queue = [[start]]
    seen: set[str] = set()
    for path in queue:
        for after in graph.get(path[-1], ()):
            if after == start:
                return path
            if after not in seen:
                seen.add(after)
                queue.append([*path, after])
    return None
