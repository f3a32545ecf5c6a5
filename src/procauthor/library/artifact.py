"""Artifacts that procedures hand to each other: which spellings mean the same, who promises them, and who uses them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from procauthor.library.contract import sections_of
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import relative
from procauthor.markdown.document import Block, Replacement
from procauthor.naming import title_key
from procauthor.procedure import DONE, UNCOUNTED, Artifact
from procauthor.template.pattern import Slot
from procauthor.template.render import Cleaner, render_pattern
from procauthor.template.spec import SectionSpec


@lru_cache(maxsize=65_536)
def artifact_key(name: str) -> str:
    """Return the key of an artifact: case, articles, emphasis and plurals do not count."""
    return " ".join(_singular(word) for word in title_key(name).split())


def _singular(word: str) -> str:
    """Return a word's stem; a key only has to be the same for one and for many."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - "bus", "api" are no plurals
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s").removesuffix("e")


def is_ready(procedure: Procedure) -> bool:
    """Say whether a document can be held to its contract: it is finished, and has a template."""
    return procedure.status in DONE and procedure.template is not None


def promised(procedure: Procedure) -> dict[str, str]:
    """Return the artifacts of the output contract by key."""
    return {artifact_key(a.name): a.name for a in procedure.contract.outputs}


def knows(provider: Procedure, consumer: Procedure, key: str) -> bool:
    """Say whether a provider names a consumer of an artifact; one whose template has no such section need not."""
    if provider.template is None or provider.template.of_role("consumers") is None:
        return True
    if any(
        artifact_key(c.artifact) == key and consumer.path in provider.resolve(c.target).paths
        for c in provider.contract.consumers
    ):
        return True
    return any(
        f" {key} " in f" {artifact_key(line)} " and f" {consumer.key} " in f" {title_key(line)} "
        for line in provider.contract.downstream
    )


_BULLET = re.compile(rb"[ \t]*(?:[-*+]|\d+[.)])[ \t]+")


@dataclass(frozen=True, slots=True)
class RequiredInput:
    """One required input of a consumer, under the name that its provider promises."""

    path: str
    title: str
    artifact: str
    why: str


def find_uses(library: Library) -> dict[str, list[RequiredInput]]:
    """Return the uses that providers do not know of, by the path of the provider, in the order of the consumers."""
    found: dict[str, list[RequiredInput]] = {}
    for consumer in library.of_kind("procedure"):
        if consumer.template is None or consumer.silent or consumer.status in UNCOUNTED:
            continue
        for wanted in consumer.contract.inputs:
            provider = _provider(library, consumer, wanted)
            if provider is None or not is_ready(provider):
                continue
            key = artifact_key(wanted.name)
            name = promised(provider).get(key)
            if name and not knows(provider, consumer, key):
                found.setdefault(provider.path, []).append(
                    RequiredInput(consumer.path, consumer.title, name, _why(wanted))
                )
    return found


def _provider(library: Library, consumer: Procedure, wanted: Artifact) -> Procedure | None:
    """Return the one document that an input is said to come from: by its link, else by its title."""
    if not wanted.source:
        return None
    if wanted.target:
        found = library.lead(consumer, wanted.target)
    else:
        named = library.by_key.get(title_key(wanted.source), ())
        found = named[0] if len(named) == 1 else None
    return found if found is not None and found.path != consumer.path else None


def _why(wanted: Artifact) -> str:
    return wanted.text.removeprefix(wanted.name).lstrip(" :–—-").strip() or "a required input"


def name_consumers(provider: Procedure, uses: list[RequiredInput]) -> Iterator[Replacement]:
    """Yield what gives each use a line, in the form of the template and in the manner of the lines that are there."""
    spec = provider.template.of_role("consumers") if provider.template else None
    section = next(iter(sections_of(provider.document, provider.template, "consumers")), None)
    if spec is None or section is None or not _is_plain(spec):
        return
    blocks = [block for block in section.blocks if block.kind == "list"]
    lines = [_line(provider, spec, use) for use in dict.fromkeys(uses)]
    newline = provider.document.source.newline
    if blocks:
        yield _append(provider, blocks[-1], lines, newline)
        return
    text = newline.join(f"- {line}" for line in lines)
    only = section.blocks[0] if len(section.blocks) == 1 else None
    none = spec.constraint.none
    if only is not None and none and only.kind == "paragraph" and only.text.strip() == none:
        yield Replacement(only.start, only.end, text + _tail(provider, only, newline))


def _is_plain(spec: SectionSpec) -> bool:
    """Say whether a line has one reference, and fields before and behind it: artifact, consumer, use."""
    slots = spec.pattern.slots if spec.kind == "list" and spec.pattern else ()
    return len(slots) == 3 and [slot.reference for slot in slots] == [False, True, False]  # noqa: PLR2004 - named above


def _line(provider: Procedure, spec: SectionSpec, use: RequiredInput) -> str:
    assert spec.pattern is not None
    slots: list[Slot] = list(spec.pattern.slots)
    values: Mapping[str, str] = dict(zip((s.name for s in slots), (use.artifact, use.title, use.why), strict=True))
    clean = Cleaner({use.title: relative(provider.path, use.path)})
    return render_pattern(spec.pattern, values, clean)


def _append(provider: Procedure, block: Block, lines: list[str], newline: str) -> Replacement:
    raw = provider.document.source.raw
    tops = [item for item in block.items if item.level == 0]
    bullet = _BULLET.match(raw, raw.rfind(b"\n", 0, tops[-1].start) + 1)
    sign = bullet[0].decode() if bullet and not any(c.isdigit() for c in bullet[0].decode()) else "- "
    # Where the last line ends with a full stop, so do the new ones.
    end = block.start + len(raw[block.start : block.end].rstrip())
    stop = "." if raw[end - 1 : end] == b"." else ""
    gap = newline * 2 if len(tops) > 1 and _is_loose(raw[tops[-2].start : tops[-1].start]) else newline
    text = "".join(f"{gap}{sign}{line.rstrip('.')}{stop}" if stop else f"{gap}{sign}{line}" for line in lines)
    return Replacement(end, end, text)


def _is_loose(between: bytes) -> bool:
    return bool(re.search(rb"\n[ \t]*\r?\n", between))


def _tail(provider: Procedure, block: Block, newline: str) -> str:
    return newline if provider.document.source.raw[block.start : block.end].endswith(b"\n") else ""
