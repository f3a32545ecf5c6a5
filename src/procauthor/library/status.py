"""The status of a document, computed from its text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from procauthor.library.placeholder import SHIPPED, find_placeholders, find_template_text, is_placeholder
from procauthor.markdown.document import Block, Document, Link, Section
from procauthor.markdown.metadata import bold_fields
from procauthor.procedure import GONE, Status
from procauthor.settings import PlaceholderConventions
from procauthor.template.key import section_key
from procauthor.template.spec import SectionSpec, Template

# A document with fewer of its sections filled than this share is a placeholder, not work in progress.
_PLACEHOLDER_SHARE = 0.25
_SIGNPOST_WORDS = 25
_SAYS_SO = re.compile(rb"\bplaceholder\b", re.IGNORECASE)
_SILENT: frozenset[Status] = GONE | {"placeholder", "missing"}
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LABEL = re.compile(r"\*\*[^*\n]+\*\*:?")
# At the foot of a document these are said of all of it, and not of its last section.
_ABOUT_ALL = frozenset({"status", "id", "lifecycle", "phase", "owner", "author", "version", "date", "last_updated"})


@dataclass(frozen=True, slots=True)
class Match:
    """How a document fits its template: the section of each spec, by the spec's key."""

    sections: dict[str, Section]
    missing: tuple[SectionSpec, ...]
    empty: tuple[SectionSpec, ...]


def match_sections(document: Document, template: Template) -> Match:
    """Find the sections of the template in the document, by key at any level, the outermost first."""
    kept = document.kept.get("match")
    if not isinstance(kept, tuple) or kept[0] is not template:
        kept = template, _match_sections(document, template)
        document.kept["match"] = kept
    match = kept[1]
    assert isinstance(match, Match)
    return match


def _match_sections(document: Document, template: Template) -> Match:
    by_key: dict[str, list[Section]] = {}
    for section in document.sections:
        if section.heading and (section.level > 1 or section.title != document.title):
            by_key.setdefault(section_key(section.title), []).append(section)
    found: dict[str, Section] = {}
    inside: frozenset[int] = frozenset()
    # The steps come first: what stands below them is a part of a step, such as its "Purpose".
    for spec in sorted(template.sections, key=lambda spec: spec.kind != "steps"):
        candidates = [s for key in spec.keys for s in by_key.get(key, ()) if s.index not in inside]
        if candidates:
            section = found[spec.key] = min(candidates, key=lambda s: (s.level, s.index))
            if spec.kind == "steps":
                inside |= {s.index for s in document.family(section)}
    missing = tuple(s for s in template.required if s.key not in found)
    empty = tuple(
        s for s in template.sections if s.key in found and s.kind != "group" and not has_content(document, found[s.key])
    )
    return Match(found, missing, empty)


def has_content(document: Document, section: Section) -> bool:
    """Say whether a section or one below it holds anything but comments."""
    return any(_speaks(_own_blocks(document, part)) for part in document.family(section))


def has_text(document: Document, section: Section, words: PlaceholderConventions = SHIPPED) -> bool:
    """Say whether a section or one below it holds text: placeholder words, and labels without anything, are none."""
    return any(
        not is_placeholder(unit, words) and not _LABEL.fullmatch(unit)
        for part in document.family(section)
        for block in _own_blocks(document, part)
        for unit in _units(document, block)
    )


def _units(document: Document, block: Block) -> Iterator[str]:
    """Yield the pieces that a block is read in: items, rows, a paragraph."""
    if block.kind in ("rule", "html"):
        if _speaks((block,)):
            yield block.text
    elif block.kind == "list":
        yield from (item.text for item in block.items)
    elif block.kind == "table":
        yield from (" ".join(cell.text for cell in row.cells) for row in block.rows)
    else:
        yield document.source.slice(block.start, block.end).strip()


def _own_blocks(document: Document, section: Section) -> tuple[Block, ...]:
    """Return the blocks of a section without the metadata at the foot of its document."""
    blocks = section.blocks
    rule = next((at for at in reversed(range(len(blocks))) if blocks[at].kind == "rule"), None)
    if rule is None or section.index != len(document.sections) - 1:
        return blocks
    foot = blocks[rule + 1 :]
    fields = [{f.key for f in bold_fields(document.source, b)} if b.kind == "paragraph" else None for b in foot]
    return blocks[:rule] if all(fields) and _ABOUT_ALL.intersection(*(f or () for f in fields)) else blocks


def _speaks(blocks: tuple[Block, ...]) -> bool:
    for block in blocks:
        if block.kind == "rule":
            continue
        if block.kind != "html":
            return True
        if _COMMENT.sub("", block.text).strip():
            return True
    return False


def is_signpost(document: Document, links: Sequence[Link]) -> bool:
    """Say whether a document only says where to read on: some words with one link, and no heading below the title."""
    targets = {link.target.partition("#")[0] for link in links if not link.image and "://" not in link.target}
    below = [h for h in document.headings if h.level > 1]
    words = sum(len(run.text.split()) for run in document.runs if not run.heading)
    return len(targets) == 1 and not below and words <= _SIGNPOST_WORDS


def is_silent(document: Document, status: Status, declared: Status | None) -> bool:
    """Say whether nobody claims that a document is finished. One that claims nothing and says much is not silent."""
    if status == "placeholder" and declared is None:
        return (
            not any(has_content(document, s) for s in document.sections)
            or _SAYS_SO.search(document.source.raw) is not None
        )
    return status in _SILENT


def compute_status(
    document: Document, template: Template | None, declared: Status | None, words: PlaceholderConventions
) -> Status:
    """Return the status that the text supports, whatever it declares; a placeholder may call itself one."""
    metadata = document.metadata
    if metadata.get("alias_of") or declared == "alias":
        return "alias"
    if metadata.get("superseded_by") or declared == "deprecated":
        return "deprecated"
    if declared == "rejected":
        return "rejected"
    if declared == "placeholder":
        return "placeholder"
    if template is None:
        return declared if declared in ("proposed", "in progress") else _by_text(document, words)
    return _by_sections(document, template, words)


def _by_text(document: Document, words: PlaceholderConventions) -> Status:
    """Return the status of a document without a template."""
    if not any(has_content(document, section) for section in document.sections):
        return "placeholder"
    return "in progress" if any(find_placeholders(document, words)) else "defined"


def _by_sections(document: Document, template: Template, words: PlaceholderConventions) -> Status:
    match = match_sections(document, template)
    lacking = {s.key for s in (*match.missing, *match.empty) if not s.constraint.optional}
    filled = len(template.required) - len(lacking)
    if template.required and filled < max(1, len(template.required) * _PLACEHOLDER_SHARE):
        return "placeholder"
    if lacking or any(find_placeholders(document, words)) or any(find_template_text(document, template)):
        return "in progress"
    return "defined"
