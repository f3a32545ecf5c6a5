"""Carries receipts and provenance along when a refactoring moves documents, texts and contracts.

Receipts of approvals stay bound to bytes: they go where the same bytes go, and nowhere else. What a consumer has seen
of a contract follows the producer; where the refactoring itself reworded it, the new words count as seen, for
they mean the same. Who was a suspect stays one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain

from msgspec import Struct, field
from msgspec.structs import replace

from procauthor.checking.scope import Scope
from procauthor.checking.usage import Key, Use, read_uses, seen_key
from procauthor.library.change import Change, Edit, edit_provenance, edit_receipts, move_file
from procauthor.library.library import Library, Procedure
from procauthor.library.sidecar import (
    FOLLOWED,
    NONE,
    PROVENANCE,
    RECEIPTS,
    Origin,
    Provenance,
    Receipt,
    Receipts,
    Review,
    Seen,
    read_sidecar,
    receipts_of,
    sidecar_path,
    today,
)
from procauthor.procedure import Stamp
from procauthor.review.review import as_seen, rebind


class Fate(Struct, frozen=True):
    """What becomes of documents beyond new paths.

    Args:
        heirs: Who takes the place of a document in the contracts of others: it may promise something else.
        donors: From which document another one took text.
    """

    heirs: Mapping[str, str] = field(default_factory=dict)
    donors: Mapping[str, str] = field(default_factory=dict)


class Carriage(Struct, frozen=True, dict=True):
    """A refactoring, as far as sidecars are concerned: the library before and after, and what became of documents."""

    before: Scope
    after: Scope
    change: Change
    fate: Fate

    def edits(self) -> Iterator[Edit]:
        """Yield the edits of all sidecars."""
        yield from self._receipt_edits()
        yield from self._provenance_edits()
        yield from self._record_edits()

    def reviews(self) -> dict[str, Review]:
        """Return the receipts as they are afterwards, by the new paths."""
        kept = {path: self._receipts(path) for path in self._keepers()}
        return {path: Review(receipts, today()) for path, receipts in kept.items() if receipts != NONE}

    # Where documents are

    @cached_property
    def _origins(self) -> dict[str, str]:
        """The old path of every document that moved, by its new one."""
        return {edit.path: edit.origin for edit in self.change.edits if edit.origin}

    @cached_property
    def _homes(self) -> dict[str, str]:
        return {old: new for new, old in self._origins.items()}

    def _origin(self, path: str) -> str:
        """Return where a document was before; empty for one that is where another one was."""
        return self._origins.get(path, "" if path in self._homes else path)

    def _givers(self, path: str) -> tuple[str, ...]:
        """Return the documents from before of which a document holds text."""
        return tuple(filter(None, (self._origin(path), self.fate.donors.get(path, ""))))

    @cached_property
    def _merged(self) -> frozenset[str]:
        """The documents that went into another one as a whole."""
        return frozenset(old for new, old in self.fate.donors.items() if self.fate.heirs.get(old) == new)

    @cached_property
    def _reviews(self) -> Mapping[str, Review]:
        return self.before.library.reviews

    def _keepers(self) -> set[str]:
        """Return the paths, from after, of documents that have receipts or may get some."""
        own = {self._homes.get(path, path) for path in self._reviews if path not in self._merged}
        return own | {edit.path for edit in self.change.edits} & self.after.library.by_path.keys()

    def _record_edits(self) -> Iterator[Edit]:
        """Yield what moves the records of documents that were followed."""
        for new, old in self._origins.items():
            if new != old and new not in self._homes:
                yield from move_file(self.before.library.root, sidecar_path(FOLLOWED, old), sidecar_path(FOLLOWED, new))

    # Receipts

    def _receipt_edits(self) -> Iterator[Edit]:
        root = self.before.library.root
        for new, old in self._origins.items():
            if receipts_of(self._reviews, old).problem:
                yield from move_file(root, sidecar_path(RECEIPTS, old), sidecar_path(RECEIPTS, new))
        gone = {*self._merged, *(old for old in self._homes if old not in self._origins)}
        for path in sorted({*self._keepers(), *gone}):
            if any(receipts_of(self._reviews, p).problem for p in (path, self._origin(path)) if p):
                continue
            after = NONE if path in gone else self._receipts(path)
            edit = edit_receipts(root, path, lambda _, after=after: after)  # type: ignore[misc]
            if edit:
                yield replace(edit, origin=self._file_origin(path, edit))

    def _file_origin(self, path: str, edit: Edit) -> str | None:
        old = self._origins.get(path)
        moved = old is not None and edit.before is None and old in self._reviews and old not in self._origins
        return sidecar_path(RECEIPTS, old) if moved and old else None

    def _receipts(self, path: str) -> Receipts:
        own = receipts_of(self._reviews, self._origin(path))
        if own.problem:
            return own
        procedure = self.after.library.by_path.get(path)
        if procedure is None:
            return own
        return Receipts(tuple(self._approvals(procedure, own)), tuple(self._seen(procedure, own)))

    def _approvals(self, procedure: Procedure, own: Receipts) -> Iterator[Receipt]:
        """Yield approvals of the document's own, and those that came along with the same bytes."""
        hashes = {mark.key: mark.hash for mark in procedure.marks}
        taken = (new for new, old in self.fate.donors.items() if old == procedure.path)
        takers = filter(None, map(self.after.library.by_path.get, taken))
        away = {(mark.key, mark.hash) for mark in chain.from_iterable(taker.marks for taker in takers)}
        yield from (r for r in own.approvals if hashes.get(r.section) == r.hash or (r.section, r.hash) not in away)
        donor = self.fate.donors.get(procedure.path)
        for receipt in receipts_of(self._reviews, donor).approvals if donor else ():
            if hashes.get(receipt.section) == receipt.hash:
                yield receipt

    def _seen(self, procedure: Procedure, own: Receipts) -> Iterator[Seen]:
        used: set[Key] = set()
        before = self._uses(self._origin(procedure.path))
        for use in read_uses(self.after, procedure):
            used.add(use.key)
            if (seen := self._follow(use)) is not None:
                yield seen
        for seen in own.seen:
            left = Seen(self._homes.get(seen.source, seen.source), seen.part, seen.name, seen.text, seen.by, seen.on)
            # What is no longer used, or by another document now, is not this one's any more.
            if seen_key(left) not in used and seen_key(seen) not in before:
                yield left

    def _follow(self, use: Use) -> Seen | None:
        """Return what was seen of a part: as it was seen, or as it is now where it was not a suspect."""
        met = False
        for consumer in self._givers(use.consumer.path):
            uses = self._uses(consumer)
            known = {seen_key(s): s for s in receipts_of(self._reviews, consumer).seen}
            for producer, same in self._producers(use.producer.path):
                key = (producer, use.part, use.key[2])
                before, seen = uses.get(key), known.get(key)
                met = met or before is not None
                if seen is not None:
                    fits = same and before is not None and before.fits(seen)
                    text = use.text if fits else seen.text
                    return Seen(use.producer.path, use.part, seen.name, text, seen.by, seen.on)
        # A meeting that this refactoring brought about is written down; one from before waits for the next sync.
        return None if met or not use.is_there else as_seen(use)

    def _producers(self, path: str) -> Iterator[tuple[str, bool]]:
        """Yield the documents from before that a producer may have been, and whether it is the same contract."""
        if origin := self._origin(path):
            yield origin, True
        yield from ((old, False) for old, heir in self.fate.heirs.items() if heir == path)
        if donor := self.fate.donors.get(path):
            yield donor, True

    def _uses(self, path: str) -> Mapping[Key, Use]:
        if path not in self._kept_uses:
            procedure = self.before.library.by_path.get(path)
            uses = read_uses(self.before, procedure) if procedure else []
            self._kept_uses[path] = {use.key: use for use in uses}
        return self._kept_uses[path]

    @cached_property
    def _kept_uses(self) -> dict[str, Mapping[Key, Use]]:
        return {}

    # Provenance

    def _provenance_edits(self) -> Iterator[Edit]:
        root, after = self.before.library.root, self.after.library.by_path
        paths = {edit.path for edit in self.change.edits} | self._merged | self._homes.keys()
        for path in sorted(paths):
            stays = path in after and path not in self._merged and (path not in self._homes or path in self._origins)
            known = Provenance(tuple(self._known(after[path]))) if stays else Provenance()
            edit = edit_provenance(root, path, known)
            if edit:
                old = self._origins.get(path)
                moved = old is not None and edit.before is None and old not in self._origins
                place = sidecar_path(PROVENANCE, old) if moved and old else None
                yield replace(edit, origin=place if place and (root / place).is_file() else None)

    def _known(self, procedure: Procedure) -> Iterator[Origin]:
        origin, donor = self._origin(procedure.path), self.fate.donors.get(procedure.path)
        hashes = {mark.key: mark.hash for mark in procedure.marks}
        own = read_sidecar(self.before.library.root, origin, Provenance).sections if origin else ()
        others = read_sidecar(self.before.library.root, donor, Provenance).sections if donor else ()
        yield from (self._reworded(each, hashes, origin) for each in own if each.section in hashes)
        keys = {each.section for each in own}
        yield from (o for o in others if hashes.get(o.section) == o.hash and o.section not in keys)

    def _reworded(self, known: Origin, hashes: Mapping[str, Stamp], origin: str) -> Origin:
        """Bind what is known of a section to its new bytes, unless its document was taken apart."""
        rebuilt = {origin} & {*self.fate.donors, *self.fate.donors.values(), *self.fate.heirs}
        before = self.before.library.by_path.get(origin)
        if rebuilt or before is None:
            return known
        return rebind(known, {mark.key: mark.hash for mark in before.marks}, hashes)


def carry(before: Library, after: Library, change: Change, fate: Fate) -> tuple[Library, tuple[Edit, ...]]:
    """Return the library after a refactoring with its receipts, and the edits of all sidecars.

    Args:
        before: The library before.
        after: The library as the change leaves it.
        change: The edits of documents.
        fate: What becomes of documents beyond that.
    """
    carriage = Carriage(Scope(before), Scope(after), change, fate)
    return after.reviewed(carriage.reviews()), tuple(carriage.edits())
