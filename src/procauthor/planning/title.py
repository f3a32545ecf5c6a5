"""What titles, headings and labels say: numbers, codes, verbs, remarks, priorities, phases, needs, counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache

from msgspec import Struct

from procauthor.naming import title_key
from procauthor.planning import value
from procauthor.planning.line import plain_text, strip_pictures
from procauthor.planning.value import bucket_pattern, ends_in_noun, names_document, pattern, read_words, words_of
from procauthor.regex import lazy

_KIND_FIRST = lazy(r"(?i)^(?:(?:the|an?)\s+)?(?:(?-i:new)\s+)?procedure\s*(?::|\s[-–—])\s+(?![~≈(\d])(?P<name>\S.*)$")
_COUNTER = lazy(r"^(?:P\d(?:[-.]\d+)?\s*[.):–—-]|[\[(]P\d[\])]\s*:?|\d+(?:\.\d+)+[.):]?|\[[ xX]\])\s+", re.IGNORECASE)
# What is behind a title: in parentheses, or behind a dash, a colon or a sign.
_PARENTHESES = lazy(r" ?[(\[]([^()\[\]]*)[)\]]$")
_JOINT = lazy(r" [-–—|] (?:[-–—|] )*| ?: | ?[✅☑✔❌🔄🚧⏳]\ufe0f? ?(?=[^\W\d_]+$)")
_QUOTED = lazy(r"[\"“”„«»]|(?<!\w)['‘](?P<inside>\w[^'‘’]*)['’](?!\w)")
_MARKUP = lazy(r"\s*\{[#.:][^{}]*\}\s*$|</?[a-zA-Z][^<>]*>")
_STRUCK = lazy(r"<(?:del|s|strike)>", re.IGNORECASE)
_EDGES = " .:;,–—-*_"

_DOTTED = lazy(
    r"^[(\[]?#?(?P<code>\d{1,4}(?:\.\d{1,4})+[a-z]?)[.):\]]*(?:\s+[-–—·])?\s+(?P<title>\S.*)$", re.IGNORECASE
)
# "T001" and "RB-1" are codes by themselves; "S3 Bucket" is a name unless a colon or the like follows.
_CODE = (
    r"(?:P\d[-.]\d{1,4}[a-z]?|[A-Z][A-Z0-9]{0,9}(?:[-_][A-Z0-9]{1,10})*[-_][A-Z]{0,3}\d{1,5}(?:[.-](?:\d{1,4}|[A-Z])\b)*|"
    r"[A-Z]{1,5}\d{2,5}(?:\.\d{1,4})*|[A-Z]{1,4}\d(?:\.\d{1,4})+)"
)
_SHORT = r"(?!P\d\b(?!\.))[A-Z]{1,4}\d{1,5}(?:\.\d{1,4})*"
_CODED = lazy(
    rf"^[(\[]?(?:(?P<code>{_CODE})[)\]]?(?:\s*[.):–—·-])?|(?P<short>{_SHORT})[)\]]?\s*[.):–—·-])\s+(?P<title>\S.*)$"
)
# "3. REL-001 - Ids" has a number and a code.
_INNER = lazy(rf"^(?P<code>{_CODE}|{_SHORT})\s*(?:[:–—]|-\s)\s*(?P<title>\S.*)$")
_BOX = lazy(r"^\s*\[[ xX~/>-]\]\*?\s+")
_WORDED = lazy(r"^(?P<word>[^\W\d_]+)\s+(?=#?\d+\s*(?:[:.–—-])\s)")

# "Pillar 1: Principles" is a heading over work, whatever the word.
_PARTED = lazy(r"^\W*[^\W\d_]+\s+(?:\d+|[A-Z])\s*[:.–—-]\s")
_SHORT_HEADING = 3
_TO_DO = ("missing", "in progress", "placeholder")


# "R1" and "M4b" of phases, behind a number of their own as in "2. R1" and "三、R1".
_ENUMERATED = lazy(r"^(?:\d+(?:\.\d+)*[.)]\s+|[一二三四五六七八九十]+、\s*)")
_GROUP_CODE = lazy(r"^(?P<code>[A-Z]{1,4}\d{1,3}[a-z]?)(?:\s*[:：.)–—-]\s*|\s+|$)(?P<title>.*)$")

# "A1 Bake" begins with a code where all lines beside it do so.
_LEADING_CODE = lazy(r"^(?P<code>(?!P\d\b)[A-Z]{1,4}\d{1,4}[a-z]?)\s+(?=\S)")
# "Release Lifecycle (10 procedures)" and "Release: 10 procedures", "10 release procedures", "Release Lifecycle (10)".
_BEHIND = r"(?:[^()]*\)\s*(?:[-–—:].*)?|\.?)$"
_COUNTS = (
    (
        "counted",
        rf"^(?P<name>.*?\S)\s*(?:[(:]|\s[-–—])\s*~?(?P<count>\d{{1,9}})\s+(?:\w+\s+){{0,2}}?(?:{{}})s?\b{_BEHIND}",
    ),
    ("counted", r"^~?(?P<count>\d{1,9})\s+(?P<name>\S.*?)\s+(?:{})s?\.?$"),
    ("lifecycle", r"^(?P<name>.*\b(?:{}))\s*\(~?(?P<count>\d{1,9})\)$"),
)


def tell_codes(titles: Sequence[str]) -> list[str]:
    """Return "A1: Bake" for "A1 Bake", where each of some titles begins with such a code of its own."""
    codes = {match["code"] for each in titles if (match := _LEADING_CODE.match(each))}
    return [_LEADING_CODE.sub(r"\g<code>: ", each) for each in titles] if len(codes) == len(titles) > 1 else [*titles]


class Numbered(Struct, frozen=True):
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
        coded = re.sub(r"[\d.]+", "#", self.code)
        form = coded or ("number" if self.dot else "")
        return f"{self.unit} {form}" if self.unit else form


def read_number(text: str, units: Collection[str] = ()) -> Numbered | None:
    """Read "1. Title", "#1 Title", "13-16: Title", "1️⃣ Title", "1.2 Title", "T001 Title" or "P0-1: Title".

    ``units`` are words that come before numbers in this plan, besides those that do in any.
    """
    text = _BOX.sub("", text).replace("\ufe0f\u20e3", ".").replace("\u20e3", ".")
    text = " ".join(strip_pictures(plain_text(text.replace("：", ": "))).split())
    # A list of files: "001.md - Title".
    text = re.sub(r"^(\d+)\.md\b", r"\1", text)
    unit, word = _unit().match(text), _WORDED.match(text)
    unit = word if word and word["word"].casefold() in units else unit
    name = unit[0].strip(" ([:").casefold() if unit else ""
    text = text[unit.end() :] if unit else text
    if coded := _DOTTED.match(text) or _CODED.match(text):
        return Numbered(0, 0, coded["title"].strip(), coded["code"] or coded["short"], unit=name)
    if not (match := _number().match(text)):
        return None
    first, title = int(match["first"]), match["title"].strip()
    inner = _INNER.match(title)
    code, title = (inner["code"], inner["title"]) if inner else ("", title)
    return Numbered(first, max(first, int(match["last"] or 0)), title, code, bool(match["dot"]), name)


def word_before_number(text: str) -> str:
    """Return "aktion" for "Aktion 1: Clean up", where it is not what items are put into; else an empty string."""
    text = strip_pictures(plain_text(text.replace("：", ": ")))
    word = _WORDED.match(text)
    return word["word"].casefold() if word and not bucket_pattern().match(text) else ""


@lru_cache(maxsize=1)
def _number() -> re.Pattern[str]:
    """Return a pattern for "1. Title", "13-16: Title", "4 to 6. Title"."""
    to = rf"(?:[-–—‐‑−,]|{words_of('through|joining')})"
    return re.compile(
        rf"^[(\[]?#?(?P<first>\d{{1,9}})(?: ?{to} ?#?(?P<last>\d{{1,4}}))?"
        r"(?P<dot> ?[.):\]]+| [-–—])?(?: |(?<=[.):\]])(?=[^\W\d]))(?P<title>\S.*)$",
        re.IGNORECASE,
    )


@lru_cache(maxsize=1)
def _unit() -> re.Pattern[str]:
    """Return a pattern for what an item is called before its number, or any other word before one such as "1.2"."""
    units, buckets = (words_of(kind) for kind in ("units", "buckets"))
    known = rf"(?:(?:priority|action|work)\s+)?(?:{units})s?\.?(?:\s*:)?\s+(?=[(\[#]?(?:[A-Z]{{1,10}}[-_]?)?\d)"
    return re.compile(rf"^[(\[]?(?:{known}|(?!{buckets}|version)[^\W\d_]+\s+(?=\d+\.\d))", re.IGNORECASE)


@lru_cache(maxsize=1)
def _verb() -> re.Pattern[str]:
    """Return a pattern for the verbs before a title; one that could begin a title needs an article behind it."""
    kinds = ("define", "draft", "articles", "joining", "or", "fresh")
    define, draft, articles, joining, either, fresh = (words_of(kind) for kind in kinds)
    also = rf"(?:\s+(?:{joining})\s+(?-i:{define}|{draft}))?"
    sure = rf"(?:{define}){also}(?:\s*:)?\s+(?!(?:{joining}|{either})(?!\w))(?:(?:{articles})\s+)?"
    begun = rf"(?:{draft})(?:\s*:\s+|\s+(?:{articles})\s+)"
    return re.compile(rf"^(?:{sure}|{begun})(?:(?-i:{fresh})\s+)?(?=\S)", re.IGNORECASE)


def names_task(title: str) -> bool:
    """Say whether a title asks for work on a document: "Define Data Design", "Oven runbook"."""
    name = clean_title(title)
    return bool(pattern("define|draft", r"^(?:{})\b").search(title)) or names_document(name)


def clean_title(text: str, known: Collection[str] = ()) -> str:
    """Return the procedure's title in a line: without verb, remarks, emphasis, quotes and signs.

    A verb stays where the title with it is ``known`` by its key, as in "Create or Update Procedure".
    """
    return _clean(text, known) if known else _cleaned(text)


def _clean(text: str, known: Collection[str]) -> str:
    text = _COUNTER.sub("", plain_text(_MARKUP.sub("", " ".join(text.split()))))
    text = _QUOTED.sub(lambda quoted: quoted["inside"] or "", text)
    bare = text if title_key(text) in known else _without_verb(text, known)
    if title_key(bare) in known:
        return bare
    if (turned := _KIND_FIRST.match(bare)) and title_key(text) not in known:
        text = turned["name"]
    text = _without_remarks(text, known).lstrip("*_ ")
    if turned and text != bare and not ends_in_noun(text):
        text = f"{text} Procedure"
    if title_key(text) in known:
        return text
    bare = strip_pictures(_without_verb(strip_pictures(text), known).strip())
    # All words but the small ones begin with a capital or a digit.
    capital = all(word.casefold() in _minor() or word[0].isupper() or word[0].isdigit() for word in bare.split())
    named = capital or names_document(bare) or title_key(bare) in known
    return bare if named and title_key(bare) not in ("", "procedure", "procedures") else text


def _without_verb(text: str, known: Collection[str]) -> str:
    """Cut a verb before a title, and one behind a kind of document or a known title: "Oven Runbook schreiben"."""
    ended = pattern("verbs_behind", _BEHIND_TITLE).sub("", text)
    ended = ended if title_key(ended) in known or names_document(ended) else text
    return _verb().sub("", ended)


@lru_cache(maxsize=1)
def _minor() -> frozenset[str]:
    return frozenset().union(*(read_words().lists[kind] for kind in ("minor", "articles", "joining")))


_cleaned = lru_cache(maxsize=value.REMEMBERED)(lambda text: _clean(text, ()))


# Signs of Japanese and Chinese stand without a space between them and what is before.
_BEHIND_TITLE = r"(?:\s+|(?=[\u3040-\u9fff]))(?:{})[.。!]?$"
# Each is looked for in all of a title.
_MOST_REMARKS = 20


def _without_remarks(text: str, known: Collection[str]) -> str:
    """Cut what is said behind a title: a status, hours, a priority, and anything behind its kind of document."""
    for _ in range(_MOST_REMARKS):
        text = text.rstrip(_EDGES)
        if not text or title_key(text) in known:
            break
        remark, joints = _PARENTHESES.search(text), list(_JOINT.finditer(text))
        if remark and value.is_remark(remark[1]):
            text = text[: remark.start()]
        elif joints and _is_behind(text[: joints[-1].start()], text[joints[-1].end() :]):
            text = text[: joints[-1].start()]
        else:
            break
    return text


def _is_behind(title: str, said: str) -> bool:
    bare = re.sub(r" ?\([^()]*\)$", "", said)
    remark = value.says_only_status(bare) or value.read_whole_effort(bare) or value.is_priority(bare)
    return bool(remark or pattern("define", r"^(?:{})d?$").match(bare)) or names_document(title)


def asks_for(text: str, title: str) -> bool:
    """Say whether a line asks for a document of that title to be there, and for nothing else.

    "Define the Dough Procedure (2 h)" does; "Update the Dough Procedure", "Dough Procedure (Legal)", "Dough Procedure:
    approved" and "Train the team on the Dough Procedure" do not: that the document is there proves nothing of the kind.
    """
    plain = _COUNTER.sub("", plain_text(_MARKUP.sub("", " ".join(text.split()))))
    plain = pattern("verbs_behind", _BEHIND_TITLE).sub("", plain) if title_key(plain) != title_key(title) else plain
    plain = re.sub(r"[(\[]([^()\[\]]*)[)\]]", lambda aside: " " if _adds_nothing(aside[1]) else aside[0], plain)
    said, named = (Counter(re.findall(r"[^\W_]+", each.casefold())) for each in (plain, title))
    defining = read_words().lists["defining"]
    # What is asked or struck through asks for nothing.
    sure = not (plain.endswith(("?", "？")) or _STRUCK.search(text))
    whole = sure and all(word == "procedure" for word in named - said)
    return whole and all(word in defining or word.isdigit() or _adds_nothing(word) for word in said - named)


def _adds_nothing(remark: str) -> bool:
    """Say whether all of a remark only says how long, how urgent, when or how far: "2 h, P1", "missing"."""
    aside = pattern("aside_of_title", r"^(?:{})$")
    return all(
        value.read_whole_effort(part)
        or value.is_priority(part)
        or value.says_only_status(part) in _TO_DO
        or aside.match(part)
        or (part[-1:].isdigit() and names_bucket(part) and not without_bucket(part))
        for part in map(str.strip, re.split(r"[,;]", remark))
    )


@lru_cache(maxsize=value.REMEMBERED)
def names_priority(text: str) -> bool:
    """Say whether a heading or a label names a priority: "P0 - Critical", "Priority 1", "Must have", "High"."""
    if value.read_priority(text) is None:
        return False
    # "Critical dependencies" and "High-risk areas" rank nothing.
    rest = re.sub(r"[(\[][^()\[\]]*[)\]]", " ", without_bucket(text)).lstrip(" .:)–—-")
    return _is_urgent(text) or (not names_aside(text) and value.begins_with_priority(rest))


def _is_urgent(text: str) -> bool:
    label = re.search(rf"\b(?:{value.labels('priority')})\b|\bhave\b", text, re.IGNORECASE)
    return bool(value.PRIORITY_CODE.search(text) or label)


@lru_cache(maxsize=value.REMEMBERED)
def names_aside(text: str) -> bool:
    """Say whether the lines below a heading or a label are no items: risks, a legend, success criteria, notes."""
    plain = strip_pictures(re.sub(r"\s*[(\[][^()\[\]]*[)\]]", "", plain_text(text))).strip(" .:!?")
    aside = pattern("asides", r"(?:^|[\s:&/-])(?:{})$").search(plain)
    # "Investigate Button on Alerts" is a title.
    short = aside and len(plain[: aside.start()].split()) < _SHORT_HEADING
    return bool(short) and not (_is_urgent(text) or _PARTED.match(plain))


@lru_cache(maxsize=value.REMEMBERED)
def names_work(text: str) -> bool:
    """Say whether a heading or a label is one over work: "Action items", "Next", "Open tasks (by priority)"."""
    plain = re.sub(r"\s*[(\[][^()\[\]]*[)\]]\s*$", "", text)
    return bool(pattern("work", r"(?:^|[\s:&/-])(?:{})\W*(?:$|\s[-–—]\s)").search(plain))


def names_needs(text: str) -> bool:
    """Say whether a heading or a label is one over dependencies: "4. Dependencies & order"."""
    number = read_number(text)
    return bool(_needs_label().match(number.title if number else plain_text(text)))


@lru_cache(maxsize=1)
def _needs_label() -> re.Pattern[str]:
    return re.compile(rf"(?:{value.labels('depends_on')})\b", re.IGNORECASE)


@lru_cache(maxsize=value.REMEMBERED)
def names_check(text: str) -> bool:
    """Say whether boxes below a heading are looked at and not worked off: "Pre-launch checklist", "Quality gates"."""
    plain, joining = plain_text(text), read_words().lists["joining"]
    # "Data and verification" has work as well.
    before = (plain[: match.start()].casefold().split()[-1:] for match in pattern("checks").finditer(plain))
    return any(joining.isdisjoint(word) for word in before) and not _PARTED.match(plain)


@lru_cache(maxsize=value.REMEMBERED)
def asks_for_documents(text: str) -> bool:
    """Say whether a heading is one over documents to write: "Runbooks to write", "Missing procedures"."""
    return bool(pattern("nouns", r"\b(?:{})(?:s|es)\b").search(text)) and not names_aside(text)


@lru_cache(maxsize=value.REMEMBERED)
def names_status(text: str) -> str:
    """Return the status that a heading says of all that is below it, as "✅ Completed" and "In progress" do, or ""."""
    words = re.findall(r"[^\W_]+", strip_pictures(plain_text(text)))
    # "V1 done definition" says nothing of the kind.
    ends = words and any(map(value.read_status, (words[0], words[-1], " ".join(words[:2]))))
    return value.read_status(" ".join(words)) if ends and len(words) <= _SHORT_HEADING else ""


@lru_cache(maxsize=value.REMEMBERED)
def names_bucket(text: str) -> bool:
    """Say whether a heading or a label names what items are put into: "Phase 2: Access", "Week 1"."""
    return bool(bucket_pattern().match(strip_pictures(plain_text(text))))


def group_keys(text: str) -> list[str]:
    """Return what the items below a heading or a label are called together.

    They are "phase 2" and "access" of "Phase 2: Access", "group 1" of "Task Group 1", "r1" of "R1: Repair".
    """
    text = _ENUMERATED.sub("", strip_pictures(plain_text(text)))
    bucket, rest = bucket_pattern().match(text), without_bucket(text)
    words = re.findall(r"[^\W_]+(?:\.\d+)*", bucket[0].casefold())[-2:] if bucket else []
    code = _GROUP_CODE.match(text)
    title = re.sub(r"\s*[(（].*", "", code["title"] if code else rest)
    codes = [words[-1]] if words and _GROUP_CODE.match(words[-1].upper()) else []
    codes += [code["code"].casefold()] if code else []
    return list(filter(None, (" ".join(words), *codes, title_key(title))))


def without_bucket(text: str) -> str:
    """Return "Verify scripts" for "Priority 1: Verify scripts"."""
    rest = bucket_pattern().sub("", strip_pictures(plain_text(text)), count=1).lstrip(" .:：)–—-/|")
    return re.sub(r"^\([^()]*\)\s*[:–—-]\s*", "", rest)


@lru_cache(maxsize=2)
def needs_pattern(*, of_code: bool = False) -> re.Pattern[str]:
    """What a line waits for, in words: "(depends on Data Design Procedure)"; ``of_code`` only "(depends on T001)"."""
    needs, after = (words_of(kind).replace(r"\ ", r"\s+") for kind in ("needs", "after"))
    # "Clean up after the feast" waits for nothing.
    article = rf"(?:(?:{words_of('articles')})\s?)?"
    joining = words_of("joining")
    number = rf"\d+(?:\.\d+)*\b(?!\s+(?!(?:{joining})\b)[^\W\d_])"
    bucket = rf"(?:{words_of('buckets')})\s+(?:\d|(?-i:[A-Z])\b)"
    after = rf"(?:{after})\s+(?={article}[(\[\"“*`]*(?:(?-i:[A-Z#])|{number}|{bucket}))"
    names = r"(?=#?\d|[A-Z]{1,10}[-_]?\d)" if of_code else ""
    names += r"(?P<names>[^()]+(?:\([^()]*\)[^()]*)*)"
    return re.compile(rf"(?:^|[\s([,;–—-])(?:(?:{needs})(?:\s*[:：]\s*|\s+)|{after}){names}", re.IGNORECASE)


def read_count(text: str) -> tuple[str, int] | None:
    """Return name and count of "Release Lifecycle (10 procedures)"."""
    # Of a long row of blanks each would be looked at again and again.
    text = " ".join(plain_text(text).split()) if any(map(str.isdigit, text)) else ""
    count = next((match for kind, form in _COUNTS if (match := pattern(kind, form).match(text))), None)
    return (count["name"].rstrip(" :–—-"), int(count["count"])) if count else None
