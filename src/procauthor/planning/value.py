"""Values as plans write them: priorities, lifecycles with phases, statuses."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import cast

from procauthor.planning.effort import read_whole_effort
from procauthor.planning.field import plain_text
from procauthor.planning.line import sign_of
from procauthor.planning.plan import PRIORITIES, Priority
from procauthor.planning.words import choice, pattern, read_words
from procauthor.regex import lazy

PRIORITY_CODE = lazy(r"\bP\d\b", re.IGNORECASE)
# "Priority: 3.5" is a score.
_PRIORITY = lazy(r"\bP[\s:#-]{0,2}(?P<code>\d)\b|\bprio[^\W\d_]*[\s:#-]{0,2}(?P<number>\d)\b(?!\.\d)", re.IGNORECASE)
_COLOURS: dict[str, Priority] = {"🔴": "P0", "🟠": "P1", "🟡": "P2", "🟢": "P3"}
_NEGATED = r"\b(?:{})[\s-]+(?!have\b)\w+"
_LONGEST = 4
_PERCENT = r"(?<!\d)[1-9]?\d(?:\.\d+)?\s*%"
_PARTLY = lazy(_PERCENT)
_DASH = lazy(r"^(?:no|0|ø|[-–—]*)$", re.IGNORECASE)
_REMEMBERED = 1 << 16


@lru_cache(maxsize=_REMEMBERED)
def read_priority(text: str) -> Priority | None:
    """Return the priority that a text names: "P0 - Critical", "Priority 1", "Must have", "High"; "P7" counts as P3.

    Words count before colours.
    """
    found = _PRIORITY.search(text)
    number = (found["code"] or found["number"]) if found else text.strip()
    if len(number) == 1 and number.isdigit():
        return PRIORITIES[min(int(number), 3)]
    word = _ranks().search(pattern("no", _NEGATED).sub(" ", _spelled(text)))
    if word:
        ranks = read_words().priorities
        return cast("Priority", ranks.get(word[0]) or ranks[re.sub(r"\s", "-", word[0])])
    return next((_COLOURS[sign] for sign in text if sign in _COLOURS), None)


def is_priority(text: str) -> bool:
    """Say whether a text is a priority and nothing else: "P1", "High", "🔴 Critical", "P0 - Critical"."""
    return len(text.split()) <= _LONGEST and (bool(re.match(r"\W*P\d\b", text)) or names_only_priority(text))


def names_only_priority(text: str) -> bool:
    """Say whether all words of a text rank something."""
    rest, ranked = _ranks().subn("", _spelled(text))
    rest = re.sub(r"\bpriorit\w*", "", rest) if ranked else rest
    return bool(ranked) and not re.search(r"[^\W_]", rest)


def begins_with_priority(text: str) -> bool:
    """Say whether a text begins with words that rank something: "High (this week)", but not "High-risk areas"."""
    found = _ranks().match(_spelled(text))
    return found is not None and text[found.end() : found.end() + 1] != "-"


@lru_cache(maxsize=1)
def _ranks() -> re.Pattern[str]:
    words = choice(read_words().priorities).replace(r"\-", r"[-\s]")
    return re.compile(rf"\b(?:{words})(?![\w'])")


def _spelled(text: str) -> str:
    return text.casefold().replace("’", "'")


def read_lifecycle(text: str) -> tuple[str, int | str | None]:
    """Split "Feature Lifecycle - Phase 1" into its name without the word "Lifecycle", and its phase."""
    text = plain_text(text)
    phase = _phase().search(text)
    name = re.sub(r"[\s(\[,;:/–—-]+$", "", text[: phase.start()] if phase else text)
    name = pattern("lifecycle", r"\s*\b(?:{})\b\s*(?:\(.*\))?\s*$").sub("", name).strip()
    return ("" if is_nothing(name) else name), read_phase(phase[1] if phase else "")


def read_phase(text: str) -> int | str | None:
    """Return a phase: a number where it is one."""
    plain = plain_text(text)
    text = re.sub(rf"^(?:{_phases()})\s*", "", plain, flags=re.IGNORECASE).strip()
    leading = re.match(r"(\d+)(?:\s*[-–—:(].*\D.*)?$", text)
    return int(leading[1]) if leading else None if is_nothing(text) else text


@lru_cache(maxsize=1)
def _phases() -> str:
    return choice(label for label, key in read_words().labels.items() if key == "phase")


@lru_cache(maxsize=1)
def _phase() -> re.Pattern[str]:
    numbers = r"(\d+\w?(?:\s*(?:[-–,&/]|and)\s*\d+)*|[IVX]+\b)"
    return re.compile(rf"\b(?:{_phases()})s?\s*[:#]?\s*{numbers}", re.IGNORECASE)


def read_state(text: str) -> str:
    """Return the status of something that others wait for: "ready" and "available" say that it is there."""
    return read_status(text) or ("defined" if _says(pattern("there"), plain_text(text)) else "")


def is_yes(text: str) -> bool:
    """Say whether a cell or value means yes: "x", "yes", "✓", "true", 100 %."""
    return plain_text(text).strip("[] ").casefold() in read_words().lists["yes"] or sign_of(text) == "defined"


@lru_cache(maxsize=_REMEMBERED)
def read_status(text: str) -> str:
    """Return a status in the library's words, or an empty string; "Not yet created" is missing."""
    sign = sign_of(text)
    plain = re.sub(r"[-_]", " ", plain_text(text)).casefold()
    if plain in read_words().lists["exists"]:
        return "defined"
    if _absent().search(plain):
        return "missing"
    # What is in parentheses or behind a dash only adds to it: "done (superseded by 28)", "unblocked - guide complete".
    first = re.split(r"\(|\s[-–—]\s|;", plain_text(text))[0]
    first = re.sub(r"[-_]", " ", first).casefold().strip()
    parts = (first, plain) if first not in read_words().lists["waiting"] else (first,)
    said = next((status for part in parts for status, words in _statuses() if _says(words, part)), "")
    return said or ("in progress" if pattern("part").search(plain) or _PARTLY.search(plain) else sign)


def says_only_status(text: str) -> str:
    """Return the status of a text that says nothing else but, at most, a date: "done", "Completed 2025-01-02"."""
    status = read_status(text)
    rest = re.sub(r"[-_]", " ", plain_text(text)).casefold()
    for _, words in _statuses() if status else ():
        rest = words.sub("", rest)
    return "" if re.search(r"[^\W\d_]", rest) else status


@lru_cache(maxsize=1)
def _statuses() -> list[tuple[str, re.Pattern[str]]]:
    found = read_words().statuses.items()
    return [(status, re.compile(rf"\b(?:{choice(words)})\b", re.IGNORECASE)) for status, words in found]


@lru_cache(maxsize=1)
def _absent() -> re.Pattern[str]:
    """Return a pattern for "not yet created"."""
    made = pattern("made").pattern
    return pattern("no", rf"(?:\b|(?=n't))(?:{{}})\b.{{0,12}}{made}")


def _says(words: re.Pattern[str], text: str) -> bool:
    """Say whether a text has such a word, and none before it that makes it open work: "80 % complete", "to be done"."""
    before = pattern("open|no", rf"(?:\b(?:{{}})\b|{_PERCENT})[\s-]*(?:\w+\s+){{0,2}}$")
    behind = pattern("onward", r"\s+(?:{})\b")
    said = (found for found in words.finditer(text) if not behind.match(text, found.end()))
    return any(not before.search(text[: found.start()]) for found in said)


def is_nothing(text: str) -> bool:
    """Say whether a value says that there is nothing: empty, "None (entry point)", "N/A", a dash."""
    plain = text.strip().strip("*_().")
    if plain.casefold() in read_words().lists["nothing"] or _DASH.match(plain):
        return True
    return bool(_nothing().match(plain))


@lru_cache(maxsize=1)
def _nothing() -> re.Pattern[str]:
    """Return a pattern for "none (yet)" and "no hard dependencies"; "none, but the Dough Procedure" is something."""
    lists = read_words().lists
    needs = choice(label for label, key in read_words().labels.items() if key == "depends_on")
    nouns = choice(lists["nouns"])
    none = rf"(?:{choice(lists['nothing'])}|[-–—]+)(?:\s*$|\s*[(,.;:–—-]|(?!.*\b(?:{nouns})\b)\b)"
    return re.compile(rf"^(?:{none}|(?:{choice(lists['no'])})\s+(?:\w+\s+)?(?:{needs})\b)", re.IGNORECASE)


def is_remark(text: str) -> bool:
    """Say whether what is in parentheses behind a title is no part of it: a status, hours, a priority."""
    if read_status(text) or any(read_whole_effort(part) or is_priority(part) for part in re.split("[,;]", text)):
        return True
    return bool(_PRIORITY.search(text) or _phase().search(text) or pattern("aside_of_title").search(text))
