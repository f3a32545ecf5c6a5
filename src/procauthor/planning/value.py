"""Words of plans in the known languages (``words.toml``), and values: priorities, statuses, phases and hours."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import chain, product
from pathlib import Path
from typing import cast

from msgspec import Struct, field

from procauthor.planning.line import plain_text, sign_of
from procauthor.planning.plan import PRIORITIES, Effort, Priority
from procauthor.regex import lazy

_FILE = Path(__file__).with_name("words.toml")


class Words(Struct, frozen=True):
    """The words of all languages together: what is meant by a word, and all other words by the name of their list.

    ``columns`` are "number" or "title"; ``statuses`` have their words in the order in which they count.
    """

    labels: dict[str, str] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    priorities: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, list[str]] = field(default_factory=dict)
    lists: dict[str, set[str]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def read_words() -> Words:
    """Read the words of all languages; of two languages that read a word in two ways, the first counts."""
    words = Words()
    for language in tomllib.loads(_FILE.read_text(encoding="utf-8")).values():
        for key, names in language.pop("labels").items():
            home = words.columns if key in ("number", "title") else words.labels
            home |= {name: key for name in _spellings(names) if name not in home}
        for priority, names in language.pop("priority").items():
            words.priorities.update(dict.fromkeys(_spellings(names), priority))
        for status, names in language.pop("status").items():
            words.statuses.setdefault(status, []).extend(_spellings(names))
        for kind, names in language.items():
            words.lists.setdefault(kind, set()).update(_spellings(names))
    return words


def _spellings(names: Iterable[str]) -> list[str]:
    """Return words with their accents, and without, as many people write them."""
    parts = ((name, unicodedata.normalize("NFD", name)) for name in names)
    bare = ((name, unicodedata.normalize("NFC", re.sub("[\u0300-\u0304\u0327]", "", text))) for name, text in parts)
    return list(dict.fromkeys(chain.from_iterable(bare)))


def choice(words: Iterable[str]) -> str:
    """Return a pattern that matches one of some words, the longest first."""
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


def words_of(kinds: str) -> str:
    """Return a pattern for the words of some lists, which are joined by "|"."""
    return choice(set().union(*(read_words().lists[kind] for kind in kinds.split("|"))))


@lru_cache(maxsize=256)
def pattern(kinds: str, form: str = r"\b(?:{})\b") -> re.Pattern[str]:
    """Return a pattern for the words of some lists; ``form`` says what is around a word."""
    return re.compile(form.replace("{}", words_of(kinds)), re.IGNORECASE)


def ends_in_noun(text: str) -> bool:
    """Say whether a title ends in a kind of document: "Oven runbook"."""
    return bool(pattern("nouns", r"(?:\b|-)(?:{})$").search(text))


def names_document(text: str) -> bool:
    """Say whether a text names a document, and not its kind alone: "Oven runbook", but not "Runbook"."""
    return " " in text.strip() and ends_in_noun(text)


@lru_cache(maxsize=1)
def bucket_pattern() -> re.Pattern[str]:
    """Return a pattern for what items are put into, with its number or name: "Phase 2", "Week 1-2", "Group A"."""
    place = r"(?:[A-Z]{0,2}\d+(?:\.\d+)?[A-Z]?(?:\s*[-–&/]\s*\d+)?|[IVX]+|[A-Z])"
    return pattern("buckets", rf"^(?:{{}})\s*#?{place}\b")


# The same headings, labels and names are asked about many times.
REMEMBERED = 1 << 16
# "P1-T004" is the code of an item.
PRIORITY_CODE = lazy(r"\bP\d\b(?!-[A-Z]+\d)", re.IGNORECASE)
_COLOURS: dict[str, Priority] = {"🔴": "P0", "🟠": "P1", "🟡": "P2", "🟢": "P3"}
_STATES = {"🟢": "defined", "🟡": "in progress", "🔴": "missing"}
_LONGEST = 4
_PERCENT = r"(?<!\d)[1-9]?\d(?:\.\d+)?\s*%"


@lru_cache(maxsize=REMEMBERED)
def read_priority(text: str) -> Priority | None:
    """Return the priority that a text names: "P0 - Critical", "Priority 1", "Must have", "High"; "P7" counts as P3.

    Words count before colours.
    """
    code = _priority().search(text)
    number = (code["code"] or code["number"]) if code else text.strip()
    if len(number) == 1 and number.isdecimal():
        return PRIORITIES[min(int(number), 3)]
    word = _ranks().search(pattern("no", r"\b(?:{})[\s-]+(?!have\b)\w+").sub(" ", _spelled(text)))
    if word:
        ranks = read_words().priorities
        return cast("Priority", ranks.get(word[0]) or ranks[re.sub(r"\s", "-", word[0])])
    return next((_COLOURS[sign] for sign in text if sign in _COLOURS), None)


def is_priority(text: str) -> bool:
    """Say whether a text is a priority and nothing else: "P1", "High", "🔴 Critical", "P0 - Critical"."""
    rest, ranked = _ranks().subn("", _spelled(text))
    ranks = ranked and not re.search(r"[^\W_]", re.sub(r"\bpriorit\w*", "", rest))
    return len(text.split()) <= _LONGEST and bool(ranks or re.match(r"\W*P\d\b", text))


def begins_with_priority(text: str) -> bool:
    """Say whether a text begins with words that rank something: "High (this week)", but not "High-risk areas"."""
    rank = _ranks().match(_spelled(text))
    return rank is not None and text[rank.end() : rank.end() + 1] != "-"


@lru_cache(maxsize=1)
def _priority() -> re.Pattern[str]:
    """Return a pattern for "P0" and "Priority 1"; "Priority: 3.5" is a score."""
    label = rf"\b(?:{labels('priority')})\w*[\s:#-]{{0,2}}(?P<number>\d)\b(?!\.\d)"
    return re.compile(rf"\bP[\s:#-]{{0,2}}(?P<code>\d)\b|{label}", re.IGNORECASE)


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
    text = re.sub(rf"^(?:{labels('phase')})\s*", "", plain_text(text), flags=re.IGNORECASE).strip()
    leading = re.match(r"(\d{1,9})(?:\s*[-–—:(].*\D.*)?$", text)
    if leading:
        return int(leading[1])
    return None if is_nothing(text) else text


@lru_cache(maxsize=4)
def labels(key: str) -> str:
    """Return a pattern for the labels of a field in all languages."""
    return choice(label for label, each in read_words().labels.items() if each == key)


@lru_cache(maxsize=1)
def _phase() -> re.Pattern[str]:
    numbers = r"(\d+\w?(?:\s*(?:[-–,&/]|and)\s*\d+)*|[IVX]+\b)"
    return re.compile(rf"\b(?:{labels('phase')})s?\s*[:#]?\s*{numbers}", re.IGNORECASE)


@lru_cache(maxsize=REMEMBERED)
def read_status(text: str) -> str:
    """Return a status in the library's words, or an empty string; "Not yet created" is missing."""
    plain = _plain_words(text)
    if plain.endswith("?"):
        return ""
    if plain in read_words().lists["exists"]:
        return "defined"
    if (colour := text.strip(" \ufe0f")) in _STATES:
        return _STATES[colour]
    if pattern("no", rf"(?:\b|(?=n't))(?:{{}})\b.{{0,12}}{pattern('made').pattern}").search(plain):
        return "missing"
    # What is in parentheses or behind a dash only adds to it: "done (superseded by 28)", "unblocked - guide complete".
    first = _plain_words(re.split(r"\(|\s[-–—]\s|;", plain_text(text))[0]).strip()
    parts = (first, plain) if first not in read_words().lists["waiting"] else (first,)
    said = next((status for part, (status, words) in product(parts, _statuses()) if _says(words, part)), "")
    return said or ("in progress" if pattern("part", rf"\b(?:{{}})\b|{_PERCENT}").search(plain) else sign_of(text))


def read_state(text: str) -> str:
    """Return the status of something that others wait for: "ready" and "available" say that it is there."""
    return read_status(text) or ("defined" if _says(pattern("there"), plain_text(text)) else "")


def says_only_status(text: str) -> str:
    """Return the status of a text that says nothing else but, at most, a date: "done", "Completed 2025-01-02"."""
    status, rest = read_status(text), _plain_words(text)
    for _, words in _statuses() if status else ():
        rest = words.sub("", rest)
    return "" if re.search(r"[^\W\d_]", rest) else status


def is_yes(text: str) -> bool:
    """Say whether a cell or value means yes: "x", "yes", "✓", "true", 100 %."""
    return plain_text(text).strip("[] ").casefold() in read_words().lists["yes"] or sign_of(text) == "defined"


def _plain_words(text: str) -> str:
    return re.sub(r"[-_]", " ", plain_text(text)).casefold()


@lru_cache(maxsize=1)
def _statuses() -> list[tuple[str, re.Pattern[str]]]:
    words = read_words().statuses.items()
    return [(status, re.compile(rf"\b(?:{choice(each)})\b", re.IGNORECASE)) for status, each in words]


def _says(words: re.Pattern[str], text: str) -> bool:
    """Say whether a text has such a word, and none before it that makes it open work: "80 % complete", "to be done"."""
    before = pattern("open|no|part", rf"(?:\b(?:{{}})\b|{_PERCENT})[\s-]*(?:\w+\s+){{0,2}}$")
    behind = pattern("onward", r"\s+(?:{})\b")
    said = (each for each in words.finditer(text) if not behind.match(text, each.end()))
    return any(not before.search(text[: each.start()]) for each in said)


def is_nothing(text: str) -> bool:
    """Say whether a value says that there is nothing: empty, "None (entry point)", "N/A", a dash."""
    # "None, but the Dough Procedure" is something, "no hard dependencies" is not.
    none = rf"(?:\s*$|\s*[(,.;:–—-]|(?!.*{pattern('nouns').pattern})\b)"
    plain = text.strip().strip("*_().").casefold()
    no = pattern("no", rf"^(?:{{}})\s+(?:\w+\s+)?(?:{labels('depends_on')})\b")
    return plain in ("", "no", "0", "ø") or bool(
        pattern("nothing", rf"^(?:{{}}|[-–—]+){none}").match(plain) or no.match(plain)
    )


def is_remark(text: str) -> bool:
    """Say whether what is in parentheses behind a title is no part of it: a status, hours, a priority."""
    if read_status(text) or any(read_whole_effort(part) or is_priority(part) for part in re.split("[,;]", text)):
        return True
    return bool(_priority().search(text) or _phase().search(text) or pattern("aside_of_title").search(text))


def read_remarks(text: str) -> list[str]:
    """Return what a line says besides its title: in parentheses, and behind a dash, a comma or a colon."""
    inside = [a or b for a, b in re.findall(r"\(([^()]*)\)|\[([^\[\]]*)\]", text)]
    outside = re.split(r"\s[-–—|]\s|[;,:|]\s|\s(?=[~≈])", re.sub(r"[(\[][^()\[\]]*[)\]]", "", plain_text(text)))[1:]
    return [remark.strip() for remark in chain.from_iterable(re.split(r"[;,]\s", each) for each in (*inside, *outside))]


# Hours: "2-3 hours", "1h 30m", "half a day", "between 1 and 2 days"
_NUMBER = r"(?:\d{1,4}:[0-5]\d|(?:\d{1,4}\s+)?\d/[1-9]|\d{1,9}(?:[.,]\d{1,9})?(?:\s?[½¼¾])?|[½¼¾])"
_WORKING = r"(?:(?:person|man|working|work|engineer(?:ing)?|business|staff|dev(?:eloper)?)[\s-]+)?"
_START = lazy(r"(?<![\w.,:/])(?=[\d½¼¾])")
_SIGN = r"[-–—‐‑‒−~]|\.{2,3}|…|,? ?max(?:imum)?\.?:?"
_SMALLER = lazy(r"(?: ?,)? ?(?:and |& ?)?(?=[\d½¼¾])")
_BEFORE = lazy(
    r"^(?:~|≈|about|around|approx(?:imately|\.)?|ca?\.|est(?:imated|\.)?|effort:?|estimate:?|\s)*$", re.IGNORECASE
)
_BEHIND = lazy(r"^\s*\.?\s*(?:(?:in\s+)?total|overall|together|each|per procedure)?\s*$", re.IGNORECASE)
# The lists of words for units of time, and how many hours one of each has.
_HOURS = {"minutes": 1 / 60, "hours": 1.0, "days": 8.0, "weeks": 40.0}
_QUARTERS = 4
_HALF_AN_HOUR = 0.5


def read_effort(text: str, unit: str = "") -> Effort | None:
    """Return hours; a day has 8, a week 40. A bare number counts in ``unit``, by itself in hours."""
    return _find_effort(text, unit or "h")[0]


def read_whole_effort(text: str) -> Effort | None:
    """Return the hours of a text that says nothing else, such as a remark "(about 2 hours)"."""
    effort, before, behind = _find_effort(text, "")
    return effort if _BEFORE.match(before) and _BEHIND.match(behind) else None


def effort_unit(label: str) -> str:
    """Return the unit that a label names, as in "Effort (days)", or an empty string."""
    unit = re.search(rf"\b{_unit()}", label, re.IGNORECASE)
    return unit["unit"] if unit else ""


def hours_text(effort: Effort, unit: str = "h") -> str:
    """Return an effort as people write it: "2 h", "2-3 h", and "20 min" of what takes less than half an hour."""
    bounds = effort.min, effort.max
    if effort.max < _HALF_AN_HOUR:
        unit, (low, high) = "min", (f"{round(bound * 60):d}" for bound in bounds)
    else:
        low, high = (f"{round(bound * _QUARTERS) / _QUARTERS:g}" for bound in bounds)
        unit += "s" if len(unit) > 1 and high != "1" else ""
    return f"{low} {unit}" if low == high else f"{low}-{high} {unit}"


def share(effort: Effort, parts: int) -> list[Effort]:
    """Divide hours evenly; where that is no round number, by quarters of an hour, so that the sum stays exact."""
    low, high = (_share(bound, parts) for bound in (effort.min, effort.max))
    return list(map(Effort, low, high))


def _share(hours: float, parts: int) -> list[float]:
    quarters = hours * _QUARTERS
    if (hours / parts * 16).is_integer() or not quarters.is_integer():
        return [hours / parts] * parts
    whole, rest = divmod(int(quarters), parts)
    return [(whole + (place < rest)) / _QUARTERS for place in range(parts)]


@lru_cache(maxsize=REMEMBERED)
def _find_effort(text: str, unit: str) -> tuple[Effort | None, str, str]:
    """Return the first effort of a text, and what is before and behind it; ``unit`` is that of a number without one."""
    text = " ".join(text.split())
    for words, number in _in_words():
        text = words.sub(number, text)
    place, range_of = 0, pattern("through|or", rf" ?(?:{_SIGN}|{{}}) ?(?=[\d½¼¾])")
    while start := _START.search(text, place):
        low, known, end = _amount(text, start.start())
        to = range_of.match(text, end)
        high, other, after = _amount(text, to.end()) if to else (low, known, end)
        before, behind, scale = text[: start.start()], text[after:], other or known
        if not scale and unit and not (before.strip(" ~≈") or behind.strip(" +")):
            scale = _hours_of(unit)
        if scale:
            bounds = sorted((low * (known or scale), high * (other or scale)))
            return Effort(round(bounds[0], 4), round(bounds[1], 4)), before, behind
        place = max(after, start.end() + 1)
    return None, text, ""


@lru_cache(maxsize=1)
def _unit() -> str:
    """Return a pattern for a unit of time in all languages: "days", "person-days", "Std"."""
    return rf"{_WORKING}(?P<unit>{words_of('|'.join(_HOURS))})(?![^\W\d_])"


@lru_cache(maxsize=1)
def _amounts() -> re.Pattern[str]:
    behind = rf"(?P<behind>\s*\+?\s*(?:\(?\s*{_unit()}\.?\s*\)?)?)"
    return re.compile(rf"(?P<number>{_NUMBER}){behind}", re.IGNORECASE)


@lru_cache(maxsize=1)
def _in_words() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what is said of numbers in words, and how that is written in digits."""
    lists = ("between", "joining", "half", "one")
    between, joining, half, one = (words_of(kind) for kind in lists)
    times = words_of("hours|days|weeks")
    number = rf"({_NUMBER}(?:\s*[^\W\d_]+)?)"
    return (
        (re.compile(rf"\b(?:{between})\s+{number}\s+(?:{joining})\s+", re.IGNORECASE), r"\1 to "),
        (re.compile(rf"\b(?:{half})[\s-]+(?=(?:{times})\b)", re.IGNORECASE), "0.5 "),
        (re.compile(rf"^\s*[~≈]?\s*(?:{one})\s+(?=(?:{times})\b)", re.IGNORECASE), "1 "),
    )


def _amount(text: str, place: int) -> tuple[float, float | None, int]:
    """Read "2", "2 hours" or "1h 30m" at a place: the number, how many hours one of it is, where it ends.

    Two units are one number of hours.
    """
    match = _amounts().match(text, place)
    assert match is not None
    number, unit, end = _number(match["number"]), match["unit"], match.end()
    if not unit:
        return number, None, len(text[: match.start("behind")].rstrip())
    hours, smaller = _hours_of(unit), _SMALLER.match(text, end)
    more, below, after = _amount(text, smaller.end()) if smaller else (0.0, 0.0, end)
    if below is None and hours == 1.0 and smaller and smaller.end() == end:
        below = _HOURS["minutes"]
    return (number * hours + more * below, 1.0, after) if below and below < hours else (number, hours, end)


def _number(text: str) -> float:
    hours, _, minutes = text.partition(":")
    parts = re.sub(r"([½¼¾])", r" \1", hours.replace(",", ".")).split()
    whole = sum(Fraction(unicodedata.normalize("NFKC", part).replace("\u2044", "/")) for part in parts)
    return float(whole) + int(minutes or 0) / 60


def _hours_of(unit: str) -> float:
    return next(hours for kind, hours in _HOURS.items() if unit.casefold() in read_words().lists[kind])
