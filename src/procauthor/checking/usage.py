"""Who uses whom: what a document relies on in others, as edges of a graph, and the consumers of a changed contract."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Literal

import msgspec
from msgspec import Struct

from procauthor.checking.scope import Scope, field_line
from procauthor.convention.word import words
from procauthor.library.artifact import RequiredInput, artifact_key, is_ready, knows, promised
from procauthor.library.index import IndexRow, entries, read_items
from procauthor.library.library import ANNOUNCED, Procedure, follow
from procauthor.library.sidecar import Part, Seen, read_marks, receipts_of, show_key
from procauthor.naming import title_key
from procauthor.procedure import UNCOUNTED, Artifact, Kind
from procauthor.regex import any_of


@lru_cache(maxsize=1)
def _optional() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{any_of(words()['contract']['optional'])})\b", re.IGNORECASE)


def is_optional(artifact: Artifact) -> bool:
    """Say whether an input is called optional, or is there under a condition: then no step waits for it."""
    return bool(artifact.condition or _optional().search(artifact.text))


def providers(scope: Scope, procedure: Procedure, wanted: Artifact) -> tuple[Procedure, ...]:
    """Return the documents that a required input is said to come from: linked behind ``From:``, else named there."""
    linked = _linked(scope, procedure, wanted)
    if linked or not wanted.source:
        return linked
    named = scope.declared(_source(wanted), procedure)
    return named if len(named) == 1 and named[0] is not procedure else ()


def _linked(scope: Scope, procedure: Procedure, wanted: Artifact) -> tuple[Procedure, ...]:
    linked = scope.linked(procedure, wanted.origin, wanted.end) if wanted.source and wanted.origin >= 0 else ()
    return tuple({other.path: other for other in linked}.values())


def _source(wanted: Artifact) -> str:
    """Return the name of a source: of "Dough Procedure *(announced)*", without what is in parentheses."""
    return wanted.source.partition(" (")[0]


def find_document(scope: Scope, host: Procedure, entry: IndexRow) -> Procedure | None:
    """Return the document of a row: by its link, also where git says that its file was renamed, else by its title."""
    if entry.path:
        known = scope.library.by_path
        return known.get(entry.path) or known.get(scope.renamed(entry.path))
    named = scope.named(entry.key, host)
    return named[0] if len(named) == 1 else None


Key = tuple[str, Part, str]
_KINDS = frozenset({"procedure", "orchestration", "standard", "other"})
# What is handed over is led to by the link beside it.
_HANDED = ("input", "output")
# In the order in which a document speaks of what it relies on.
_RELIED_ON: tuple[EdgeKind, ...] = ("input", "output", "needs", "calls")


class Use(Struct, frozen=True):
    """One part of a producer that a consumer relies on: of its contract, or for a translation of its text.

    ``name`` is the artifact or the section, empty for a part that is no single one; ``line`` is where the consumer
    says so; ``text`` is what is in the producer, empty where nothing does.
    """

    consumer: Procedure
    producer: Procedure
    part: Part
    name: str
    line: int
    text: tuple[str, ...]

    @property
    def is_there(self) -> bool:
        """Whether the producer has such a part: what it does not promise at all is another matter."""
        return bool(self.text) or not self.name

    def fits(self, seen: Seen) -> bool:
        """Say whether this is what was seen; names of inputs are the same in any spelling, and their order is free."""
        if self.part == "inputs":
            return sorted(map(artifact_key, self.text)) == sorted(map(artifact_key, seen.text))
        return self.text == seen.text

    @property
    def key(self) -> Key:
        """What tells the uses of one consumer apart."""
        return self.producer.path, self.part, artifact_key(self.name)


def seen_key(seen: Seen) -> Key:
    """Return the key of the use that was seen."""
    return seen.source, seen.part, artifact_key(seen.name)


def read_uses(scope: Scope, consumer: Procedure) -> list[Use]:
    """Return what a document relies on, in its order; a placeholder, or what has no template, relies on no contract."""
    uses = {use.key: use for use in _translated(scope, consumer)}
    if consumer.is_judged and consumer.kind in _KINDS:
        edges = sorted(_stated(scope, consumer), key=lambda edge: _RELIED_ON.index(edge.kind))
        for use in chain.from_iterable(_used_by(scope, consumer, edge) for edge in edges):
            uses.setdefault(use.key, use)
    return list(uses.values())


def _used_by(scope: Scope, consumer: Procedure, edge: Edge) -> Iterator[Use]:
    """Yield what an edge relies on; out of use, not written yet, or the document itself, the other end is nothing."""
    library = scope.library
    other = library.by_path.get(edge.source if edge.kind == "output" else edge.target)
    if other is not None and other.status == "alias":
        other = follow(other, library.by_path, library.by_key)
    if other is None or other.path == consumer.path or other.status in UNCOUNTED or other.silent:
        return
    contract = other.contract
    if edge.kind == "output":
        # What this document feeds.
        yield Use(consumer, other, "input", edge.artifact, edge.line, _texts(contract.inputs, edge.artifact))
        return
    if edge.kind == "input":
        yield Use(consumer, other, "output", edge.artifact, edge.line, _texts(contract.outputs, edge.artifact))
    if edge.kind == "calls":
        names = tuple(sorted(wanted.name for wanted in contract.inputs))
        yield Use(consumer, other, "inputs", "", edge.line, names)
    yield Use(consumer, other, "ends", "", edge.line, _all([*contract.signals, *contract.exits]))


def _translated(scope: Scope, consumer: Procedure) -> Iterator[Use]:
    """Yield the sections of the document that this one says in another language, and their names."""
    named = scope.declared(consumer.translation_of, consumer) if consumer.translation_of else ()
    for source in named if len(named) == 1 and named[0] is not consumer else ():
        line, marks = field_line(consumer, "translation_of"), read_marks(source.document)
        yield Use(consumer, source, "text", "", line, tuple(mark.heading for mark in marks))
        yield from (Use(consumer, source, "text", show_key(mark.key), line, (mark.hash,)) for mark in marks)


def _texts(artifacts: Sequence[Artifact], name: str) -> tuple[str, ...]:
    """Return what is at an artifact, by its key; several times where it is listed so."""
    key = artifact_key(name)
    return _all([artifact for artifact in artifacts if artifact_key(artifact.name) == key])


def _all(artifacts: Sequence[Artifact]) -> tuple[str, ...]:
    """Return what is at artifacts; their order does not count."""
    return tuple(sorted(artifact.text for artifact in artifacts))


class Need(Struct, frozen=True):
    """A procedure that comes first, and the line that says so."""

    procedure: Procedure
    line: int


def needs(scope: Scope, procedure: Procedure) -> list[Need]:
    """Return what a procedure depends on, from what is known of it or from its text."""
    if procedure.path not in scope.needs:
        scope.needs[procedure.path] = list(needs_in(scope, _stated(scope, procedure)))
    return scope.needs[procedure.path]


def needs_in(scope: Scope, edges: Iterable[Edge]) -> Iterator[Need]:
    """Yield what must come first by the edges of a document: declared, or as the provider of a required input."""
    for edge in edges:
        other = scope.library.by_path.get(edge.target) if edge.kind in ("needs", "input") else None
        if other is not None and not edge.optional and other.kind == "procedure" and other.status != "alias":
            yield Need(other, edge.line)


def reached_from(scope: Scope, procedure: Procedure) -> Collection[str]:
    """Return the documents that another one links, lists in a table or depends on, from what is known or its text."""
    if procedure.path not in scope.reached:
        scope.reached[procedure.path] = reached_in(scope, procedure, read_edges(scope, procedure))
    return scope.reached[procedure.path]


def reached_in(scope: Scope, procedure: Procedure, edges: Sequence[Edge]) -> set[str]:
    """Return the documents that a document links, lists in a table, or depends on, by its edges; a template links."""
    leads = edges or _links(scope, procedure, set())
    return {edge.target for edge in leads if edge.kind not in _HANDED and edge.target in scope.library.by_path}


def unnamed_uses(scope: Scope, consumer: Procedure) -> Iterator[tuple[str, RequiredInput]]:
    """Yield the uses of a document that providers do not know of, with the path of the provider."""
    if consumer.kind != "procedure" or not consumer.is_judged or consumer.status in UNCOUNTED:
        return
    for wanted in consumer.contract.inputs:
        key, sources = artifact_key(wanted.name), providers(scope, consumer, wanted)
        for provider in filter(is_ready, sources if len(sources) == 1 else ()):
            name = promised(provider).get(key)
            if name and not knows(provider, consumer, key):
                why = wanted.remark or "a required input"
                yield provider.path, RequiredInput(consumer.path, consumer.title, name, why)


_SHOWN: Mapping[Part, str] = {
    "output": "the output",
    "input": "the input",
    "inputs": "the list of inputs",
    "ends": "the exit states or signals",
}


class Suspect(Struct, frozen=True):
    """A use of a contract whose text is not what the consumer has seen."""

    use: Use
    seen: Seen

    @property
    def what(self) -> str:
        """Name the part that changed."""
        if self.use.part == "text":
            return f"the section {self.use.name!r}" if self.use.name else "the list of sections"
        return _SHOWN[self.use.part] + (f" {self.use.name!r}" if self.use.name else "")


def find_suspects(scope: Scope, consumer: Procedure) -> Iterator[Suspect]:
    """Yield what changed under a document, in the order in which it speaks of it."""
    known = seen_parts(scope, consumer)
    if not known:
        return
    for use in read_uses(scope, consumer):
        seen = known.get(use.key)
        if seen is not None and not use.fits(seen):
            yield Suspect(use, seen)


def seen_parts(scope: Scope, consumer: Procedure) -> dict[Key, Seen]:
    """Return what a document has seen of the contracts of others."""
    return {seen_key(seen): seen for seen in receipts_of(scope.library.reviews, consumer.path).seen}


EdgeKind = Literal["needs", "input", "output", "calls", "lists", "links"]
_TABLED: tuple[Kind, ...] = ("index", "readme", "orchestration")
# No path holds it.
_BY_TITLE = "\0"


class Edge(Struct, frozen=True, array_like=True):
    """``source`` uses ``target``; the line is in the source, but for an output in the target, which promises it.

    Both are paths; the target may be a title without a document, as `of_title` writes it.
    """

    source: str
    target: str
    kind: EdgeKind
    line: int
    artifact: str = ""
    optional: bool = False


encode_edges = msgspec.msgpack.Encoder().encode
decode_edges = msgspec.msgpack.Decoder(list[Edge]).decode


def of_title(key: str) -> str:
    """Return how an edge names a title that no document has; whether it is announced is for the reader to know."""
    return _BY_TITLE + key


def title_of(target: str) -> str:
    """Return the key of the title that an edge leads to; empty where it leads to a document."""
    return target[1:] if target.startswith(_BY_TITLE) else ""


def read_edges(scope: Scope, procedure: Procedure) -> list[Edge]:
    """Return the edges that a document states, each once, in its order: a template states none."""
    if procedure.kind == "template":
        return []
    stated = _stated(scope, procedure)
    tabled = {edge.target for edge in stated if edge.kind in ("calls", "lists")}
    return list(dict.fromkeys((*stated, *_links(scope, procedure, tabled))))


def _stated(scope: Scope, procedure: Procedure) -> list[Edge]:
    """Return the edges of a document but its plain links; in one look they are asked for several times."""
    if procedure.path not in scope.stated:
        scope.stated[procedure.path] = _find_stated(scope, procedure)
    return scope.stated[procedure.path]


def _find_stated(scope: Scope, procedure: Procedure) -> list[Edge]:
    edges = [*_declared(scope, procedure), *_inputs(scope, procedure), *_consumers(scope, procedure)]
    return [*edges, *_tabled(scope, procedure)] if procedure.kind in _TABLED else edges


def _named(scope: Scope, name: str, near: Procedure) -> str:
    """Return what a name means: another document, else a title that none has; nothing where it means several."""
    procedures = scope.declared(name, near)
    if procedures:
        return procedures[0].path if len(procedures) == 1 and procedures[0] is not near else ""
    return of_title(title_key(name))


def _declared(scope: Scope, procedure: Procedure) -> Iterator[Edge]:
    for name in procedure.depends_on:
        target = _named(scope, name, procedure)
        if target:
            yield Edge(procedure.path, target, "needs", field_line(procedure, "depends_on"))


def _inputs(scope: Scope, procedure: Procedure) -> Iterator[Edge]:
    """Yield what inputs come from. Of several providers any one will do, so none of them must come first."""
    for wanted in procedure.contract.inputs:
        linked = [other.path for other in _linked(scope, procedure, wanted)]
        optional = is_optional(wanted) or len(linked) > 1
        for target in linked or filter(None, [_named(scope, _source(wanted), procedure)] if wanted.source else ()):
            yield Edge(procedure.path, target, "input", wanted.line, wanted.name, optional)


def _consumers(scope: Scope, procedure: Procedure) -> Iterator[Edge]:
    for consumer in procedure.contract.consumers:
        user = scope.library.lead(procedure, consumer.target)
        if user and user is not procedure:
            yield Edge(user.path, procedure.path, "output", consumer.line, consumer.artifact)


def promised_edges(procedure: Procedure, announced: dict[str, str]) -> Iterator[Edge]:
    """Yield what goes to announced titles: "**Loaf** is used by Tasting Procedure *(announced)*".

    Args:
        procedure: The document.
        announced: The ids of announced titles by key; where the longest title begins, only all of them can say.
    """
    for section in procedure.document.sections if procedure.speaks_of_announced else ():
        for item in (item for item in section.items if ANNOUNCED in item.raw):
            words = title_key(item.raw.partition(ANNOUNCED)[0]).split()
            keys = (" ".join(words[place:]) for place in range(len(words)))
            user = next((announced[key] for key in keys if key in announced), None)
            artifact = re.search(r"\*\*([^*]+)\*\*", item.raw)
            if user and artifact and not any(wanted.line == item.line for wanted in procedure.contract.inputs):
                yield Edge(user, procedure.path, "output", item.line, artifact[1])


def _tabled(scope: Scope, host: Procedure) -> Iterator[Edge]:
    kind: EdgeKind = "calls" if host.kind == "orchestration" else "lists"
    rows = entries(scope.library, host)
    for entry in rows:
        document = find_document(scope, host, entry)
        target = document.path if document else of_title(entry.key)
        if target != host.path:
            yield Edge(host.path, target, kind, entry.row.line)
    if host.kind == "orchestration" and not rows:
        yield from _called(scope, host)


def _called(scope: Scope, host: Procedure) -> Iterator[Edge]:
    """Yield what an orchestration without tables calls: what its lists name, and what its text links to."""
    calls: dict[str, int] = {}
    for each in read_items(scope.library, host):
        named = scope.library.by_key.get(each.key, ())
        calls.setdefault(each.path or (named[0].path if len(named) == 1 else of_title(each.key)), each.line)
    for link, target in scope.links[host.path]:
        if target.path and not link.image:
            calls.setdefault(target.path, link.line)
    for path, line in sorted(calls.items(), key=lambda call: call[1]):
        other = scope.library.by_path.get(path)
        if title_of(path) or (other is not None and other is not host and other.kind == "procedure"):
            yield Edge(host.path, path, "calls", line)


def _links(scope: Scope, procedure: Procedure, tabled: set[str]) -> Iterator[Edge]:
    """Yield plain links, one for each target."""
    seen = {*tabled, procedure.path}
    for link, target in scope.links[procedure.path]:
        path = target.path
        if path and path not in seen and path in scope.library.by_path:
            seen.add(path)
            yield Edge(procedure.path, path, "links", link.line)
