"""What a document relies on in the contracts of others, part by part, and as it is written there today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from procauthor.checking.artifact import providers
from procauthor.checking.scope import Scope, field_line
from procauthor.checking.table import find_document
from procauthor.library.artifact import artifact_key
from procauthor.library.index import entries
from procauthor.library.library import Procedure, follow
from procauthor.library.receipt import Part, Seen
from procauthor.procedure import UNCOUNTED, Artifact

Key = tuple[str, Part, str]
_KINDS = frozenset({"procedure", "orchestration", "standard", "other"})


@dataclass(frozen=True, slots=True)
class Use:
    """One part of a producer's contract that a consumer relies on.

    ``name`` is the artifact, empty for a part that is no single one; ``line`` is where the consumer says so; ``text``
    is what stands in the producer, empty where nothing does.
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
    """Return what a document relies on, in its order; a placeholder, or what has no template, relies on nothing."""
    if consumer.template is None or consumer.silent or consumer.kind not in _KINDS:
        return []
    found: dict[Key, Use] = {}
    for use in (
        *_inputs(scope, consumer),
        *_given(scope, consumer),
        *_waits(scope, consumer),
        *_calls(scope, consumer),
    ):
        found.setdefault(use.key, use)
    return list(found.values())


def _inputs(scope: Scope, consumer: Procedure) -> Iterator[Use]:
    """Yield outputs that the required inputs come from, and how their producers end."""
    for wanted in consumer.contract.inputs:
        for producer in _kept(scope, consumer, providers(scope, consumer, wanted)):
            text = _texts(producer.contract.outputs, wanted.name)
            yield Use(consumer, producer, "output", wanted.name, wanted.line, text)
            yield from _ends(consumer, producer, wanted.line)


def _given(scope: Scope, consumer: Procedure) -> Iterator[Use]:
    """Yield inputs of others that this document says it feeds."""
    for line in consumer.contract.consumers:
        found = scope.library.lead(consumer, line.target)
        for other in _kept(scope, consumer, (found,) if found else ()):
            text = _texts(other.contract.inputs, line.artifact)
            yield Use(consumer, other, "input", line.artifact, line.line, text)


def _waits(scope: Scope, consumer: Procedure) -> Iterator[Use]:
    """Yield how those end that the metadata say this document depends on."""
    for title in consumer.depends_on:
        named = scope.declared(title, consumer)
        for producer in _kept(scope, consumer, named if len(named) == 1 else ()):
            yield from _ends(consumer, producer, field_line(consumer, "depends_on"))


def _calls(scope: Scope, consumer: Procedure) -> Iterator[Use]:
    """Yield what the procedures that an orchestration calls must be given, and how they end."""
    for entry in entries(consumer) if consumer.kind == "orchestration" else ():
        found = find_document(scope, consumer, entry)
        for called in _kept(scope, consumer, (found,) if found else ()):
            names = tuple(sorted(wanted.name for wanted in called.contract.inputs))
            yield Use(consumer, called, "inputs", "", entry.row.line, names)
            yield from _ends(consumer, called, entry.row.line)


def _ends(consumer: Procedure, producer: Procedure, line: int) -> Iterator[Use]:
    contract = producer.contract
    yield Use(consumer, producer, "ends", "", line, _all([*contract.signals, *contract.exits]))


def _kept(scope: Scope, consumer: Procedure, named: Sequence[Procedure]) -> Iterator[Procedure]:
    """Follow aliases, and leave out the document itself and what is out of use or not written yet."""
    library = scope.library
    for each in named:
        found = follow(each, library.by_path, library.by_key) if each.status == "alias" else each
        if found.path != consumer.path and found.status not in UNCOUNTED and not found.silent:
            yield found


def _texts(artifacts: Sequence[Artifact], name: str) -> tuple[str, ...]:
    """Return what stands at an artifact, by its key; several times where it is listed so."""
    key = artifact_key(name)
    return _all([artifact for artifact in artifacts if artifact_key(artifact.name) == key])


def _all(artifacts: Sequence[Artifact]) -> tuple[str, ...]:
    """Return what stands at artifacts; their order does not count."""
    return tuple(sorted(artifact.text for artifact in artifacts))
