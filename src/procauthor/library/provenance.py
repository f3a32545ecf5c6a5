"""Provenance: who wrote which section. Kept in ``provenance/``, a file for each document.

It only informs. Without it the answer is lost to that one question: what is not written down there was written by
people.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from msgspec import Struct

from procauthor.library import sidecar
from procauthor.procedure import Stamp

FOLDER = "provenance"


class SectionSource(Struct, frozen=True, omit_defaults=True):
    """What a section rests on: a passage by document, heading and the hash of its text, or something else by name."""

    name: str = ""
    path: str = ""
    heading: str = ""
    hash: Stamp | None = None

    @property
    def shown(self) -> str:
        """What to call the source."""
        return self.name or (f"{self.path}#{self.heading}" if self.heading else self.path)


class Origin(Struct, frozen=True, omit_defaults=True):
    """How one section came about: the bytes that were written, by which author, when, in which run, from what.

    ``by`` is ``offline``, a model as ``provider:name``, or ``hand-off`` with who that was in ``name``. ``prompt`` and
    ``template`` are hashes, empty where there was none.
    """

    section: str
    hash: Stamp
    by: str
    on: date
    name: str = ""
    run: str = ""
    prompt: str = ""
    template: str = ""
    sources: tuple[SectionSource, ...] = ()


class Provenance(Struct, frozen=True, omit_defaults=True):
    """What is known of the sections of one document."""

    sections: tuple[Origin, ...] = ()

    def of(self, key: str) -> Origin | None:
        """Return what is known of a section."""
        return next((origin for origin in self.sections if origin.section == key), None)


def read_provenance(root: Path, path: str) -> Provenance:
    """Return what is known of a document; a file that cannot be understood says nothing."""
    raw = sidecar.read_bytes(root / sidecar.sidecar_path(FOLDER, path))
    found = sidecar.decode(raw, Provenance)[0] if raw is not None else None
    return found or Provenance()


def encode(provenance: Provenance) -> bytes | None:
    """Return the file, or None where nothing is known."""
    sections: list[Origin] = sorted(provenance.sections, key=lambda origin: origin.section)
    return sidecar.encode({"sections": sections})
