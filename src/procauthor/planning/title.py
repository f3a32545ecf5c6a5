"""Titles as plans write them: behind a number, a code or a verb, in quotes or brackets, with remarks behind them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from procauthor.naming import title_key
from procauthor.planning.line import plain_text, strip_pictures
from procauthor.planning.value import is_remark
from procauthor.planning.words import bucket_pattern, choice, ends_in_noun, pattern, read_words
from procauthor.regex import lazy

_KIND_FIRST = lazy(
    r"^(?:(?:the|an?)\s+)?(?:(?-i:new)\s+)?procedure\s*(?::|\s[-–—])\s+(?![~≈(\d])(?P<name>\S.*)$", re.IGNORECASE
)
_TAIL = lazy(
    r"\s+(?:[-–—|]|:)\s+(?:.*\b(?:P\d|hours?|defined?|placeholder|missing|create[ds]?|done|draft|moved|write|update[ds]?)\b.*)$|:\s*(?:define[d]?|done)$",
    re.IGNORECASE,
)
_COUNTER = lazy(r"^(?:P\d(?:[-.]\d+)?\s*[.):-]|[\[(]P\d[\])]\s*:?|\d+(?:\.\d+)+[.):]?|\[[ xX]\])\s+", re.IGNORECASE)
_BEHIND = lazy(r"(?<=\bprocedure)\s*(?:\s[-–—|]|:)\s.*$", re.IGNORECASE)
_REMARK = lazy(r"\s*[(\[]([^()\[\]]*)[)\]]\s*$")
_QUOTED = lazy(r"[\"“”„«»]|(?<!\w)['‘](?P<inside>\w[^'‘’]*)['’](?!\w)")
_MARKUP = lazy(r"\s*\{[#.:][^{}]*\}\s*$|</?[a-zA-Z][^<>]*>")
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by", "&", "/", "-"})
_EDGES = " .:;,–—-*_"

_TO = r"(?:[-–—‐‑−]|to|through|and|&|,)"
_NUMBER = lazy(
    rf"^[(\[]?#?(?P<first>\d{{1,9}})(?:\s*{_TO}\s*#?(?P<last>\d{{1,4}}))?"
    r"(?P<dot>\s*[.):\]]+|\s+[-–—])?(?:\s+|(?<=[.):\]])(?=[^\W\d]))(?P<title>\S.*)$",
    re.IGNORECASE,
)
_DOTTED = lazy(r"^[(\[]?#?(?P<code>\d{1,4}(?:\.\d{1,4})+[a-z]?)[.):\]]*(?:\s+[-–—])?\s+(?P<title>\S.*)$", re.IGNORECASE)
# "T001" and "RB-1" are codes by themselves; "S3 Bucket" is a name unless a colon or the like follows.
_CODE = (
    r"(?:P\d[-.]\d{1,4}[a-z]?|[A-Z][A-Z0-9]{0,9}(?:[-_][A-Z0-9]{1,10})*[-_][A-Z]{0,3}\d{1,5}(?:[.-](?:\d{1,4}|[A-Z])\b)*|"
    r"[A-Z]{1,5}\d{2,5}(?:\.\d{1,4})*|[A-Z]{1,4}\d(?:\.\d{1,4})+)"
)
_SHORT = r"(?!P\d\b(?!\.))[A-Z]{1,4}\d{1,5}(?:\.\d{1,4})*"
_CODED = lazy(
    rf"^[(\[]?(?:(?P<code>{_CODE})[)\]]?(?:\s*[.):–—-])?|(?P<short>{_SHORT})[)\]]?\s*[.):–—-])\s+(?P<title>\S.*)$"
)
# "3. REL-001 - Ids" has a number and a code.
_INNER = lazy(rf"^(?P<code>{_CODE})\s*(?:[:–—]|-\s)\s*(?P<title>\S.*)$")
_BOX = lazy(r"^\s*\[[ xX~/>-]\]\*?\s+")
_WORDED = lazy(r"^(?P<word>[^\W\d_]+)\s+(?=#?\d+\s*(?:[:.–—-])\s)")


# Numbers and codes


@dataclass(frozen=True, slots=True)
class Numbered:
    """A title behind its number, its range of numbers, or its code, and the word before these, such as "task".

    ``dot`` says that a dot or the like is between number and title.
    """

    first: int
    last: int
    title: str
    code: str = ""
    dot: bool = True
    unit: str = ""

    @property
    def form(self) -> str:
        """How it is written: "#" for digits of a code, "number" for a number with a dot, the word before it."""
        coded = "" if self.first else re.sub(r"[\d.]+", "#", self.code)
        form = coded or ("number" if self.dot else "")
        return f"{self.unit} {form}" if self.unit else form


def read_number(text: str, units: Collection[str] = ()) -> Numbered | None:
    """Read "1. Title", "#1 Title", "13-16: Title", "1️⃣ Title", "1.2 Title", "T001 Title" or "P0-1: Title".

    ``units`` are words that come before numbers in this plan, besides those that do in any.
    """
    text = strip_pictures(plain_text(_BOX.sub("", text).replace("\ufe0f\u20e3", ".").replace("\u20e3", ".")))
    # A list of files: "001.md - Title".
    text = re.sub(r"^(\d+)\.md\b", r"\1", text)
    unit, word = _unit().match(text), _WORDED.match(text)
    unit = word if word and word["word"].casefold() in units else unit
    name = unit[0].strip(" ([:").casefold() if unit else ""
    text = text[unit.end() :] if unit else text
    if coded := _DOTTED.match(text) or _CODED.match(text):
        return Numbered(0, 0, coded["title"].strip(), coded["code"] or coded["short"], unit=name)
    if not (match := _NUMBER.match(text)):
        return None
    first, title = int(match["first"]), match["title"].strip()
    inner = _INNER.match(title)
    code, title = (inner["code"], inner["title"]) if inner else ("", title)
    return Numbered(first, max(first, int(match["last"] or 0)), title, code, bool(match["dot"]), name)


def word_before_number(text: str) -> str:
    """Return "aktion" for "Aktion 1: Clean up", where it is not what items are put into; else an empty string."""
    text = strip_pictures(plain_text(text))
    word = _WORDED.match(text)
    return word["word"].casefold() if word and not bucket_pattern().match(text) else ""


@lru_cache(maxsize=1)
def _unit() -> re.Pattern[str]:
    """Return a pattern for what an item is called before its number, or any other word before one such as "1.2"."""
    units, buckets = (choice(read_words().lists[kind]) for kind in ("units", "buckets"))
    known = rf"(?:(?:priority|action|work)\s+)?(?:{units})s?\.?(?:\s*:)?\s+(?=[(\[#]?(?:[A-Z]{{1,10}}[-_]?)?\d)"
    return re.compile(rf"^[(\[]?(?:{known}|(?!{buckets}|version)[^\W\d_]+\s+(?=\d+\.\d))", re.IGNORECASE)


# Titles


@lru_cache(maxsize=1)
def _verb() -> re.Pattern[str]:
    """Return a pattern for the verbs before a title; one that could begin a title needs an article behind it."""
    article = r"(?:the|an?)\s+"
    define, draft = (choice(read_words().lists[kind]) for kind in ("define", "draft"))
    also = rf"(?:\s+(?:and|&)\s+(?-i:{define}|{draft}|publish|test|approve))?"
    sure = rf"(?:{define}){also}(?:\s*:)?\s+(?!or\b|and\b|&)(?:{article})?"
    return re.compile(rf"^(?:{sure}|(?:{draft})(?:\s*:\s+|\s+{article}))(?:(?-i:new|missing)\s+)?(?=\S)", re.IGNORECASE)


def names_task(title: str) -> bool:
    """Say whether a title asks for work on a document: "Define Data Design", "Oven runbook"."""
    name = clean_title(title)
    return bool(pattern("define|draft", r"^(?:{})\b").search(title)) or (" " in name and ends_in_noun(name))


def clean_title(text: str, known: Collection[str] = ()) -> str:
    """Return the procedure's title in a line: without verb, remarks, emphasis, quotes and signs.

    A verb stays where the title with it is ``known`` by its key, as in "Create or Update Procedure".
    """
    return _clean(text, known) if known else _cleaned(text)


@lru_cache(maxsize=1 << 16)
def _cleaned(text: str) -> str:
    return _clean(text, ())


def _clean(text: str, known: Collection[str]) -> str:
    text = _COUNTER.sub("", plain_text(_MARKUP.sub("", text)))
    text = _QUOTED.sub(lambda quoted: quoted["inside"] or "", text)
    bare = _verb().sub("", text)
    if title_key(bare) in known:
        return bare
    if (turned := _KIND_FIRST.match(bare)) and title_key(text) not in known:
        text = _named(turned["name"])
    text = _TAIL.sub("", _BEHIND.sub("", text)).rstrip(_EDGES).lstrip("*_ ")
    while (remark := _REMARK.search(text)) and is_remark(remark[1]):
        text = text[: remark.start()].rstrip(_EDGES)
    if title_key(text) in known:
        return text
    bare = strip_pictures(_verb().sub("", strip_pictures(text)).strip())
    named = (" " in bare and ends_in_noun(bare)) or is_capitalised(bare) or title_key(bare) in known
    return bare if named and title_key(bare) not in ("", "procedure", "procedures") else text


def _named(name: str) -> str:
    """Put the word "Procedure" behind a name, before any remark: "Procedure: Data Design (P0)"."""
    if re.search(r"\bprocedure\b", name, re.IGNORECASE):
        return name
    remark = _REMARK.search(name)
    end = remark.start() if remark else len(name)
    return f"{name[:end].rstrip(_EDGES)} Procedure{name[end:]}"


def asks_for(text: str, title: str) -> bool:
    """Say whether a line asks for a document of that title to be there, and for nothing else.

    "Define the Dough Procedure (2 h)" does; "Update the Dough Procedure", "Dough Procedure (Legal)" and "Train the team
    on the Dough Procedure" do not: that the document is there proves nothing of the kind.
    """
    plain = _COUNTER.sub("", plain_text(_MARKUP.sub("", text)))
    plain = re.sub(r"[(\[]([^()\[\]]*)[)\]]", lambda remark: " " if is_remark(remark[1]) else remark[0], plain)
    said, named = (Counter(re.findall(r"[^\W_]+", each.casefold())) for each in (plain, title))
    defining = read_words().lists["defining"]
    whole = all(word == "procedure" for word in named - said)
    return whole and all(word in defining or word.isdigit() or is_remark(word) for word in said - named)


def is_capitalised(title: str) -> bool:
    """Say whether all words of a title but the small ones begin with a capital or a digit."""
    return all(word.casefold() in _MINOR or word[0].isupper() or word[0].isdigit() for word in title.split())
