"""The status of a document, computed from its text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from procauthor.library.placeholder import SHIPPED, find_placeholders, find_template_text, is_placeholder
from procauthor.library.question import read_questions
from procauthor.library.thin import Thin, find_thin
from procauthor.library.unit import has_content, has_letters, read_units
from procauthor.markdown.document import Document, Link, Section
from procauthor.procedure import DONE, UNCOUNTED, Status
from procauthor.settings import PlaceholderConventions
from procauthor.template.key import section_key
from procauthor.template.spec import SectionSpec, Template

# A document with fewer of its sections filled than this share is a placeholder, not work in progress.
_PLACEHOLDER_SHARE = 0.25
_SIGNPOST_WORDS = 25
_SAYS_SO = re.compile(rb"\bplaceholder\b", re.IGNORECASE)
UNWRITTEN: frozenset[Status] = UNCOUNTED | {"placeholder", "missing"}
"""What nobody claims to be a text that can be worked by."""


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


def has_text(document: Document, section: Section, words: PlaceholderConventions = SHIPPED) -> bool:
    """Say whether a section or one below it holds text: placeholder words, signs and bare labels are none."""
    return any(has_letters(unit) and not is_placeholder(unit, words) for unit in read_units(document, section))


def is_signpost(document: Document, links: Sequence[Link]) -> bool:
    """Say whether a document only says where to read on: some words with one link, and no heading below the title."""
    targets = {link.target.partition("#")[0] for link in links if not link.image}
    below = [h for h in document.headings if h.level > 1]
    words = sum(len(run.text.split()) for run in document.runs if not run.heading)
    inside = not any("://" in target for target in targets)
    return len(targets) == 1 and inside and not below and words <= _SIGNPOST_WORDS


def is_silent(document: Document, status: Status, declared: Status | None) -> bool:
    """Say whether nobody claims that a document is finished. One that claims nothing and says much is not silent."""
    if status == "placeholder" and declared is None:
        return (
            not any(has_content(document, s) for s in document.sections)
            or _SAYS_SO.search(document.source.raw) is not None
        )
    return status in UNWRITTEN


def compute_status(
    document: Document, template: Template | None, declared: Status | None, words: PlaceholderConventions
) -> Status:
    """Return the status that the text supports, whatever it declares; a placeholder may call itself one."""
    metadata = document.metadata
    if metadata.get("alias_of") or declared == "alias":
        return "alias"
    if metadata.get("superseded_by") or declared == "deprecated":
        return "deprecated"
    if declared in ("rejected", "placeholder"):
        return declared
    if template is not None:
        return _by_sections(document, template, words)
    return declared if declared in ("proposed", "in progress") else _by_text(document, words)


def earn(text_status: Status, *, approved: bool = False, errors: int = 0) -> Status:
    """Return the status that counts: of a text with its status, with valid receipts for all of it, and with errors.

    Args:
        text_status: What the text supports.
        approved: Whether receipts for all its bytes are valid.
        errors: How many findings of severity error there are in it.
    """
    if text_status not in DONE:
        return text_status
    if errors:
        return "in progress"
    return "approved" if approved else text_status


def read_thin(document: Document, template: Template) -> tuple[Thin, ...]:
    """Return the sections that say less than the template asks for; they are looked for once."""
    kept = document.kept.get("thin")
    if not isinstance(kept, tuple) or kept[0] is not template:
        kept = template, find_thin(document, template, match_sections(document, template).sections)
        document.kept["thin"] = kept
    thin: tuple[Thin, ...] = kept[1]
    return thin


def lack_of(document: Document, template: Template, words: PlaceholderConventions) -> str:
    """Say what is between a text and "defined", but for listed questions and proposals; nothing where nothing is."""
    match = match_sections(document, template)
    reasons = (
        ("missing", [s.heading for s in match.missing]),
        ("empty", [s.heading for s in match.empty if not s.constraint.optional]),
        ("thin", [thin.heading for thin in read_thin(document, template)]),
    )
    said = [f"{word}: {', '.join(headings)}" for word, headings in reasons if headings]
    if any(find_placeholders(document, words)) or any(find_template_text(document, template)):
        said.append("words that are to be replaced")
    return "; ".join(said)


def _by_text(document: Document, words: PlaceholderConventions) -> Status:
    """Return the status of a document without a template."""
    if not any(has_content(document, section) for section in document.sections):
        return "placeholder"
    unfinished = read_questions(document, None, words) or any(find_placeholders(document, words))
    return "in progress" if unfinished else "defined"


def _by_sections(document: Document, template: Template, words: PlaceholderConventions) -> Status:
    match = match_sections(document, template)
    lacking = {s.key for s in (*match.missing, *match.empty) if not s.constraint.optional}
    filled = len(template.required) - len(lacking)
    if template.required and filled < max(1, len(template.required) * _PLACEHOLDER_SHARE):
        return "placeholder"
    if lacking or read_questions(document, template, words) or any(find_template_text(document, template)):
        return "in progress"
    return "in progress" if read_thin(document, template) else "defined"
