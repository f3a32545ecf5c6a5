"""What a request asks for and what the library says of it, fitted to the fields; and marked gaps for the unknown."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from procauthor.authoring.brief import Brief, Passage
from procauthor.data import ungrouped
from procauthor.library.status import OPEN
from procauthor.naming import title_key
from procauthor.regex import lazy
from procauthor.template.spec import Pattern, SectionSpec, Slot

_CLAUSE = lazy(r"(?<=[.;])\s")
_DEFINE = lazy(r"^(?:define|describe|specify|document|establish)\s+(?:the\s+|an?\s+)?(.+?)\.?$", re.IGNORECASE)
_EMPTY_TAIL = lazy(r"\s+(?:workflows?|creation|process(?:es)?|steps|activities)$", re.IGNORECASE)
_TAILS = (
    (lazy(r"planning$", re.IGNORECASE), "Plan"),
    (lazy(r"testing$", re.IGNORECASE), "Test Report"),
    (lazy(r"(identification|generation|implementation|review|migration)$", re.IGNORECASE), r"\1 Record"),
    (lazy(r"(strategy|design|documentation|plan|report|policy|model)$", re.IGNORECASE), r"\1"),
)
_SENTENCE = lazy(r"(?<=[.!?])\s+(?=[A-Z`])")
_MARKUP = lazy(r"^(?:[-*+]|\d+[.)]|>)\s+|\*\*|__")
_LINK = lazy(r"!?\[([^\]]*)\]\([^)]*\)")
_UNQUOTABLE = lazy(
    r"^[A-Z][\w ]{1,40}:|^This procedure\b|\bStep \d|\bFrom:|[|{}<>\[\]#]|\bPlaceholder\b|not defined yet"
)
_WORD = lazy(r"[a-z0-9]+")
_STOP = frozenset(
    ("the", "a", "an", "of", "and", "or", "to", "for", "in", "on", "with", "is", "are", "be", "by", "that", "this",
     "it", "as", "at", "from", "into", "its", "each")
)  # fmt: skip
# Shorter sentences say too little alone, longer ones do not fit a list item.
_LENGTH = range(40, 221)
_SHARED = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to be worked out, and the artifact that shows it."""

    name: str
    artifact: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence of a passage that speaks about a topic."""

    text: str
    passage: Passage


def subject(title: str) -> str:
    """Return a title without the word "Procedure"."""
    return re.sub(r"\s+procedure$", "", title.strip(), flags=re.IGNORECASE)


def topics(brief: Brief) -> tuple[Topic, ...]:
    """Return what the action items ask to define."""
    asked: list[Topic] = []
    for action in brief.request.actions:
        match = _DEFINE.match(action.strip())
        if match:
            name = _EMPTY_TAIL.sub("", match[1].strip())
            asked.append(Topic(name, _artifact(name)))
    unique = {title_key(topic.artifact): topic for topic in asked}
    return tuple(unique.values())[:6]


def _artifact(name: str) -> str:
    words = " ".join(word if word[:1].isupper() else word.capitalize() for word in name.split())
    words = re.sub(r"\b(For|And|Of|The|To|In)\b", lambda m: m[0].lower(), words)
    for pattern, tail in _TAILS:
        if pattern.search(words):
            return pattern.sub(tail, words)
    return f"{words} Record"


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text that carry meaning, cut to a stem of six letters."""
    return frozenset(word[:6] for word in _WORD.findall(text.casefold()) if word not in _STOP)


def quotes(brief: Brief, about: str, limit: int, used: Collection[str] = ()) -> tuple[Quote, ...]:
    """Return the sentences that share most words with a topic, the nearest passage first; at most one a passage.

    A sentence that was used before, or that speaks of this very procedure by name, is left out.
    """
    wanted = words_of(about)
    own = brief.request.title.casefold()
    weights = _weights(brief)
    scored: list[tuple[float, int, Quote]] = []
    for rank, passage in enumerate(brief.passages):
        usable = [s for s in _sentences(passage) if s not in used and own not in s.casefold()]
        best = max(usable, key=lambda s: _score(s, wanted, weights), default="")
        score = _score(best, wanted, weights)
        if score > 0:
            scored.append((-score, rank, Quote(best, passage)))
    return tuple(quote for _, _, quote in sorted(scored, key=lambda s: s[:2])[:limit])


@dataclass(frozen=True, slots=True)
class TopicRule:
    """A rule of a standard that speaks about a topic."""

    text: str
    rule: str
    standard: str


def rulings(brief: Brief, about: str, limit: int, used: Collection[str] = ()) -> tuple[TopicRule, ...]:
    """Return the rules that share most words with a topic, the rarest words first; none that was used or cut off."""
    wanted = words_of(about)
    rules = [
        (standard, rule, words_of(f"{rule.name} {rule.text}"))
        for standard, rule in ungrouped((each, each.rules) for each in brief.rules)
    ]
    held = Counter(chain.from_iterable(words for *_, words in rules))
    scored = [
        (-sum(math.log(1 + len(rules) / held[word]) for word in words & wanted) / (8 + len(words)), place)
        for place, (_, rule, words) in enumerate(rules)
        if len(words & wanted) > _SHARED and _first(rule.text) not in used and not rule.text.endswith("...")
    ]
    chosen = [rules[place] for _, place in sorted(scored)[:limit]]
    return tuple(TopicRule(_first(rule.text), rule.name, standard.title) for standard, rule, _ in chosen)


def _first(rule: str) -> str:
    """Return what a rule demands, without how it is measured."""
    return _CLAUSE.split(rule, maxsplit=1)[0].rstrip(";")


def _weights(brief: Brief) -> dict[str, float]:
    """Return how telling each word is: the fewer passages hold it, the more (inverse document frequency)."""
    held = Counter(chain.from_iterable(words_of(passage.text) for passage in brief.passages))
    return {word: math.log(1 + len(brief.passages) / count) for word, count in held.items()}


def _score(sentence: str, wanted: frozenset[str], weights: Mapping[str, float]) -> float:
    """Return the weight of shared words, damped by length; fewer than three shared words are chance."""
    words = words_of(sentence)
    shared = words & wanted
    if len(shared) < _SHARED:
        return 0.0
    return sum(weights.get(word, 0.0) for word in shared) / (8 + len(words))


def _sentences(passage: Passage) -> Iterator[str]:
    """Yield the sentences of a passage that make sense by themselves in another document."""
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)", passage.text):
        text = _LINK.sub(r"\1", " ".join(_MARKUP.sub("", line.strip()) for line in block.splitlines()))
        for sentence in _SENTENCE.split(text.strip()):
            clean = sentence.strip()
            if len(clean) in _LENGTH and clean[-1] in ".!?;" and not _UNQUOTABLE.search(clean):
                yield clean.rstrip(";")


def plain_heading(passage: Passage) -> str:
    """Return a passage's heading without number: "Step 3" of another document would mislead here."""
    return re.sub(r"^(?:step|phase)?\s*\d+(?:\.\d+)*\s*[.:)]\s*", "", passage.heading, flags=re.IGNORECASE)


def join(names: Sequence[str]) -> str:
    """Return names as a sentence lists them."""
    if len(names) < 2:  # noqa: PLR2004 - one name, or none
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


Facts = dict[str, Any]
"""What is known of one item, by the names that the shipped templates give to its fields, the most telling first."""


def fit_rows(spec: SectionSpec, facts: Sequence[Facts], titles: Collection[str]) -> list[Any]:
    """Return one value for each of the facts; those are left out that need a reference and have none.

    Args:
        spec: The section, or the part of a step.
        facts: What is known, an entry for each item.
        titles: The closed list of titles.
    """
    limit = spec.constraint.maximum or len(facts)
    if spec.kind == "table":
        patterns = [column.pattern for column in spec.columns]
    else:
        patterns = [spec.pattern] if spec.pattern else []
    single = spec.pattern.single if spec.pattern and spec.kind != "table" else None
    if single:
        return [str(each.get(single.name) or ": ".join(_plain(each))) for each in facts[:limit]]
    fitted = [fit(patterns, each, titles) for each in facts[:limit]]
    return [row for row in fitted if row is not None]


def fit(patterns: Sequence[Pattern], facts: Facts, titles: Collection[str]) -> Facts | None:
    """Return one item; None where it needs a reference and there is none to give, or a field that nothing is known of.

    A field takes the fact of its name; one of another name takes the next fact that no field has asked for.
    """
    slots = _slots(patterns)
    spare = iter([text for name, text in facts.items() if name not in slots and isinstance(text, str) and text])
    row: Facts = {}
    for slot in slots.values():
        value = facts.get(slot.name)
        if slot.reference:
            value = value if value in titles else None
        elif value is None:
            value = next(spare, None)
        if not value and not slot.optional:
            return None
        row[slot.name] = value
    return row


def _slots(patterns: Sequence[Pattern]) -> dict[str, Slot]:
    return {slot.name: slot for slot in chain.from_iterable(pattern.slots for pattern in patterns)}


def _plain(facts: Facts) -> list[str]:
    return [value for value in facts.values() if isinstance(value, str)]


TO_DO = "TODO"
"""The word that marks a gap; the check reports it, and a document with one is in progress."""


def gap_text(spec: SectionSpec) -> str:
    """Return the mark of a text that nothing is known for, with the words of the template that say what it wants."""
    slot = spec.pattern.single if spec.pattern else None
    return gap_words(slot) if slot else TO_DO


def gap_words(slot: Slot) -> str:
    """Return the mark of a field, with what the template says of it on one line."""
    hint = " ".join(slot.hint.split())
    return f"{TO_DO}: {hint}" if hint else f"{TO_DO} {slot.name.replace('_', ' ')}"


def gap_rows(spec: SectionSpec, titles: Collection[str], count: int = 0) -> list[Any]:
    """Return as many marked entries as the template asks for, one at least; none where each needs a reference."""
    wanted = count or max(1, spec.constraint.minimum)
    if spec.kind != "table" and spec.pattern and spec.pattern.single:
        return [gap_words(spec.pattern.single)] * wanted
    patterns = [column.pattern for column in spec.columns] or ([spec.pattern] if spec.pattern else [])
    row = gap_fields(patterns, titles)
    return [row] * wanted if row else []


def gap_fields(patterns: Sequence[Pattern], titles: Collection[str]) -> dict[str, Any] | None:
    """Return an item whose first field is marked, and the others left open; None where it cannot do without a title."""
    slots = _slots(patterns)
    if any(slot.reference and not slot.optional for slot in slots.values()) and titles:
        return None
    texts = [slot for slot in slots.values() if not slot.reference]
    row: dict[str, Any] = {slot.name: None for slot in slots.values() if slot.reference}
    row |= {slot.name: gap_words(slot) if slot is texts[0] else OPEN for slot in texts}
    return row or None


def holds_gap(value: Any) -> bool:
    """Say whether a field, or anything in it, is marked as a gap."""
    if isinstance(value, str):
        return value.startswith(TO_DO)
    if isinstance(value, Mapping):
        return any(map(holds_gap, value.values()))
    return isinstance(value, Sequence) and any(map(holds_gap, value))
