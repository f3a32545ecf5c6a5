"""Titles of procedures as plans write them: behind a verb, in quotes or brackets, with remarks behind them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from procauthor.naming import title_key
from procauthor.planning.field import plain_text
from procauthor.planning.line import strip_pictures
from procauthor.planning.value import is_remark
from procauthor.planning.words import choice, ends_in_noun, pattern, read_words
from procauthor.regex import lazy

_KIND_FIRST = lazy(r"^(?:(?:the|an?)\s+)?(?:(?-i:new)\s+)?procedure\s*(?::|\s[-–—])\s+(?P<name>\S.*)$", re.IGNORECASE)
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


@lru_cache(maxsize=1 << 16)
def _bare(text: str) -> str:
    return _verb().sub("", text)


def clean_title(text: str, known: Collection[str] = ()) -> str:
    """Return the procedure's title in a line: without verb, remarks, emphasis, quotes and signs.

    A verb stays where the title with it is ``known`` by its key, as in "Create or Update Procedure".
    """
    return _cleaned(text) if not known else _clean(text, known)


@lru_cache(maxsize=1 << 16)
def _cleaned(text: str) -> str:
    return _clean(text, ())


def _clean(text: str, known: Collection[str]) -> str:
    text = _COUNTER.sub("", plain_text(_MARKUP.sub("", text)))
    text = _QUOTED.sub(lambda found: found["inside"] or "", text)
    if title_key(bare := _bare(text)) in known:
        return bare
    if (
        (turned := _KIND_FIRST.match(_bare(text)))
        and not re.match(r"[~≈(\d]", turned["name"])
        and title_key(text) not in known
    ):
        text = turned["name"] if re.search(r"\bprocedure\b", turned["name"], re.IGNORECASE) else _named(turned["name"])
    text = _TAIL.sub("", _BEHIND.sub("", text)).rstrip(_EDGES).lstrip("*_ ")
    while (remark := _REMARK.search(text)) and is_remark(remark[1]):
        text = text[: remark.start()].rstrip(_EDGES)
    if title_key(text) in known:
        return text
    bare = strip_pictures(_bare(strip_pictures(text)).strip())
    named = " " in bare and ends_in_noun(bare)
    names = named or is_capitalised(bare) or title_key(bare) in known
    return bare if names and title_key(bare) not in ("", "procedure", "procedures") else text


def asks_for(text: str, title: str) -> bool:
    """Say whether a line asks for a document of that title to be there, and for nothing else.

    "Define the Dough Procedure (2 h)" does; "Update the Dough Procedure", "Dough Procedure (Legal)" and "Train the team
    on the Dough Procedure" do not: that the document is there proves nothing of the kind.
    """
    plain = _COUNTER.sub("", plain_text(_MARKUP.sub("", text)))
    plain = re.sub(r"[(\[]([^()\[\]]*)[)\]]", lambda remark: " " if is_remark(remark[1]) else remark[0], plain)
    said, named = (Counter(re.findall(r"[^\W_]+", each.casefold())) for each in (plain, title))
    if any(word != "procedure" for word in named - said):
        return False
    defining = read_words().lists["defining"]
    return all(word in defining or word.isdigit() or is_remark(word) for word in said - named)


def is_capitalised(title: str) -> bool:
    """Say whether all words of a title but the small ones begin with a capital or a digit."""
    words = title.split()
    return all(word.casefold() in _MINOR or word[0].isupper() or word[0].isdigit() for word in words)


def _named(name: str) -> str:
    """Put the word "Procedure" behind a name, before any remark: "Procedure: Data Design (P0)"."""
    remark = _REMARK.search(name)
    end = remark.start() if remark else len(name)
    return f"{name[:end].rstrip(_EDGES)} Procedure{name[end:]}"
