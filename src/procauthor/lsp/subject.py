"""What a place in a document speaks of: a document, perhaps one of its headings, or an artifact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from procauthor.checking.scope import Scope
from procauthor.checking.usage import providers
from procauthor.library.artifact import artifact_key
from procauthor.library.library import Library, Procedure
from procauthor.naming import title_key
from procauthor.procedure import Artifact
from procauthor.refactoring.name import find_mentions

_NAMING = ("depends_on", "superseded_by", "alias_of", "translation_of")
# A name that is looked for around a place is no longer than this, in bytes.
_AROUND = 400
_FENCE = 3


@dataclass(frozen=True, slots=True)
class Meant:
    """What a span of a document speaks of.

    Attributes:
        start: Where the words begin, as a byte offset.
        end: Where they end.
        document: The document that is meant; of an artifact the one that makes it, as far as that is known.
        anchor: The anchor of the heading that is meant.
        artifact: The name of the artifact that is meant.
    """

    start: int
    end: int
    document: Procedure
    anchor: str = ""
    artifact: str = ""


def find_subject(scope: Scope, host: Procedure, offset: int) -> Meant | None:
    """Return what the place speaks of: by a link, by the metadata, as an artifact, by the title, or by a name."""
    for find in (_linked, _named_in_metadata, _artifact, _title, _mentioned):
        meant = find(scope, host, offset)
        if meant is not None:
            return meant
    return None


def _linked(scope: Scope, host: Procedure, offset: int) -> Meant | None:
    for subject in links_of(scope.library, host):
        if subject.start <= offset <= subject.end:
            return subject
    return None


def links_of(library: Library, host: Procedure) -> Iterator[Meant]:
    """Yield what the links of a document lead to, as far as that is a document."""
    for link, target in zip(host.links, host.resolved, strict=True):
        settled = library.settle(target)
        document = library.by_path.get(settled.path or "")
        if document is not None:
            yield Meant(link.start, link.end, document, settled.anchor)


def _named_in_metadata(scope: Scope, host: Procedure, offset: int) -> Meant | None:
    return next((s for s in metadata_of(scope, host) if s.start <= offset <= s.end), None)


def metadata_of(scope: Scope, host: Procedure, path: str = "") -> Iterator[Meant]:
    """Yield the documents that the metadata name; with a path, only the one that is there."""
    raw = host.source.raw
    for key in (key for key in _NAMING if key.encode() in raw):
        for name in _named_under(host, key):
            named = scope.declared(name, host)
            if len(named) == 1 and path in ("", named[0].path):
                # Last, because a document that is not open has to be parsed again for its fields.
                field = host.document.fields.get(key)
                place = raw.find(name.encode(), field.start, field.end) if field else -1
                if place >= 0:
                    yield Meant(place, place + len(name.encode()), named[0])


def _named_under(host: Procedure, key: str) -> Iterator[str]:
    """Yield the names of documents under a key of the metadata."""
    names: tuple[str, ...] = host.depends_on
    if key != "depends_on":
        names = (str(host.document.metadata.get(key) or ""),)
    yield from filter(None, names)


def _title(scope: Scope, host: Procedure, offset: int) -> Meant | None:
    span = title_span(host)
    return Meant(*span, scope.library.by_path.get(host.path, host)) if span[0] <= offset <= span[1] else None


def title_span(procedure: Procedure) -> tuple[int, int]:
    """Return where the title of a document is written, as byte offsets."""
    raw = procedure.source.raw
    start = procedure.source.line_starts[procedure.title_line - 1]
    end = raw.find(b"\n", start)
    end = end if end >= 0 else len(raw)
    name = procedure.title.encode()
    place = raw.find(name, start, end)
    return (place, place + len(name)) if place >= 0 else (start, len(raw[:end].rstrip()))


def _mentioned(scope: Scope, host: Procedure, offset: int) -> Meant | None:
    around = host.source.raw[max(offset - _AROUND, 0) : offset + _AROUND]
    for document in scope.library.procedures:
        name = document.title.encode()
        if document.path != host.path and name and name in around:
            for start, end in mentions_of(scope, host, document):
                if start <= offset <= end:
                    return Meant(start, end, document)
    return None


def mentions_of(scope: Scope, host: Procedure, document: Procedure) -> Iterator[tuple[int, int]]:
    """Yield where running text names a document, outside of links."""
    if _is_outside_links(host, document.title.encode()):
        for mention in find_mentions(scope, host, document):
            span = mention.span(0, len(mention.text))
            if span is not None:
                yield span


def _is_outside_links(host: Procedure, name: bytes) -> bool:
    """Say whether a name is written in a document outside of its links and its front matter."""
    raw = host.source.raw
    if name not in raw:
        return False
    start = max(raw.find(b"\n---", _FENCE), 0) if raw.startswith(b"---") else 0
    spans = [(link.start, link.end) for link in host.links]
    while (place := raw.find(name, start)) >= 0:
        start = place + len(name)
        if not any(first <= place < last for first, last in spans):
            return True
    return False


# Artifacts


def artifacts_of(procedure: Procedure) -> Iterator[Artifact]:
    """Yield all that a document needs and makes, in its contract and in its steps."""
    contract = procedure.contract
    yield from (*contract.inputs, *contract.outputs)
    for step in contract.steps:
        yield from (*step.inputs, *step.outputs)


def span_of(procedure: Procedure, artifact: Artifact) -> tuple[int, int] | None:
    """Return where the name of an artifact is written, or None where it is divided by other signs."""
    raw = procedure.source.raw
    end = raw.find(b"\n", artifact.start)
    name = artifact.name.encode()
    place = raw.find(name, artifact.start, end if end >= 0 else len(raw))
    return (place, place + len(name)) if place >= 0 else None


def _artifact(scope: Scope, host: Procedure, offset: int) -> Meant | None:
    for artifact in artifacts_of(host):
        span = span_of(host, artifact)
        if span and span[0] <= offset <= span[1]:
            return Meant(*span, maker_of(scope, host, artifact.name), artifact=artifact.name)
    for item in host.contract.consumers:
        line = host.source.line_starts[item.line - 1]
        place = host.source.raw.find(item.artifact.encode(), line)
        if place >= 0 and place <= offset <= place + len(item.artifact.encode()):
            return Meant(place, place + len(item.artifact.encode()), host, artifact=item.artifact)
    return None


def maker_of(scope: Scope, host: Procedure, name: str) -> Procedure:
    """Return the document that an artifact comes from as another one knows it: a provider, else that document."""
    key = artifact_key(name)
    for wanted in host.contract.inputs:
        if artifact_key(wanted.name) == key:
            sources = providers(scope, host, wanted)
            return sources[0] if len(sources) == 1 else host
    return host


def uses_of(scope: Scope, maker: Procedure, name: str) -> Iterator[tuple[Procedure, Artifact]]:
    """Yield where an artifact is made and used: in the document that makes it, and in those that take it from there."""
    key = artifact_key(name)
    for procedure in _in_front(maker, scope.library.procedures):
        own = [a for a in artifacts_of(procedure) if artifact_key(a.name) == key]
        if own and maker_of(scope, procedure, name).path == maker.path:
            yield from ((procedure, artifact) for artifact in own)


def _in_front(first: Procedure, procedures: Iterable[Procedure]) -> Iterator[Procedure]:
    yield first
    yield from (procedure for procedure in procedures if procedure.path != first.path)


def users_of(library: Library, document: Procedure) -> Iterator[Procedure]:
    """Yield the other documents that link a document, or depend on it."""
    for procedure in library.procedures:
        named = document.key in map(title_key, procedure.depends_on)
        if procedure.path != document.path and (named or document.path in procedure.targets):
            yield procedure
