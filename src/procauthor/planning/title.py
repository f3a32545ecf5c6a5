"""Titles of procedures as plans write them: behind a verb, in quotes or brackets, with remarks behind them."""

from __future__ import annotations

import re
from collections.abc import Collection

from procauthor.naming import title_key
from procauthor.planning.field import plain_text
from procauthor.planning.line import strip_pictures
from procauthor.planning.value import is_remark
from procauthor.planning.words import read_words

# The second half could as well begin a name ("Document Control Procedure"), so it needs an article behind it.
_SURE = (
    r"define|create|write|author|update|complete|finish|finali[sz]e|"
    r"implement|establish|develop|add|specify|formali[sz]e"
)
_UNSURE = r"document|draft|build|design|prepare|introduce|revise|review"
_ALSO = r"(?:define|create|write|document|draft|implement|establish|publish|review|test|approve|finali[sz]e)"
_VERB = re.compile(
    rf"^(?:(?:{_SURE})(?:\s+(?:and|&)\s+(?-i:{_ALSO}))?(?:\s*:)?\s+(?!or\b|and\b|&)(?:(?:the|an?)\s+)?"
    rf"|(?:{_UNSURE})(?:\s*:\s+|\s+(?:the|an?)\s+))(?:(?-i:new|missing)\s+)?(?=\S)",
    re.IGNORECASE,
)
_KIND_FIRST = re.compile(
    rf"^(?:(?:{_SURE})\s+)?(?:(?:the|an?)\s+)?(?:(?-i:new)\s+)?procedure\s*(?::|\s[-–—])\s+(?P<name>\S.*)$",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s+(?:[-–—|]|:)\s+(?:.*\b(?:P\d|hours?|defined?|placeholder|missing|create[ds]?|done|draft|moved|write|update[ds]?)\b.*)$|:\s*(?:define[d]?|done)$",
    re.IGNORECASE,
)
_COUNTER = re.compile(
    r"^(?:P\d(?:[-.]\d+)?\s*[.):-]|[\[(]P\d[\])]\s*:?|\d+(?:\.\d+)+[.):]?|\[[ xX]\])\s+", re.IGNORECASE
)
_BEHIND = re.compile(r"(?<=\bprocedure)\s*(?:\s[-–—|]|:)\s.*$", re.IGNORECASE)
_REMARK = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]\s*$")
_QUOTED = re.compile(r"[\"“”„«»]|(?<!\w)['‘](?P<inside>\w[^'‘’]*)['’](?!\w)")
_MARKUP = re.compile(r"\s*\{[#.:][^{}]*\}\s*$|</?[a-zA-Z][^<>]*>")
_DEFINING = frozenset(
    """define defined create created write written author draft implement establish develop add specify formalize
    formalise complete finish finalize finalise document and the a an new missing procedure item task no h hour hours
    day days""".split()  # noqa: SIM905 - read as words
)
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by", "&", "/", "-"})
_EDGES = " .:;,–—-*_"


def clean_title(text: str, known: Collection[str] = ()) -> str:
    """Return the procedure's title in a line: without verb, remarks, emphasis, quotes and signs.

    A verb stays where the title with it is ``known`` by its key, as in "Create or Update Procedure".
    """
    text = _COUNTER.sub("", plain_text(_MARKUP.sub("", text)))
    text = _QUOTED.sub(lambda found: found["inside"] or "", text)
    if title_key(bare := _VERB.sub("", text)) in known:
        return bare
    if (
        (turned := _KIND_FIRST.match(text))
        and not re.match(r"[~≈(\d]", turned["name"])
        and title_key(text) not in known
    ):
        text = turned["name"] if re.search(r"\bprocedure\b", turned["name"], re.IGNORECASE) else _named(turned["name"])
    text = _TAIL.sub("", _BEHIND.sub("", text)).rstrip(_EDGES).lstrip("*_ ")
    while (remark := _REMARK.search(text)) and is_remark(remark[1]):
        text = text[: remark.start()].rstrip(_EDGES)
    if title_key(text) in known:
        return text
    bare = strip_pictures(_VERB.sub("", strip_pictures(text)).strip())
    names = read_words().noun.search(bare) or is_capitalised(bare) or title_key(bare) in known
    return bare if names and title_key(bare) not in ("", "procedure", "procedures") else text


def asks_for(text: str, title: str) -> bool:
    """Say whether a line asks for a document of that title to be there, and for nothing else.

    "Define the Dough Procedure (2 h)" does; "Update the Dough Procedure", "Dough Procedure (Legal)" and "Train the team
    on the Dough Procedure" do not: that the document is there proves nothing of the kind.
    """
    plain = _COUNTER.sub("", plain_text(_MARKUP.sub("", text)))
    at = plain.casefold().find(title.casefold())
    if at < 0:
        return title_key(clean_title(plain)) == title_key(title) and bool(
            _VERB.match(plain) or _KIND_FIRST.match(plain)
        )
    said = f"{plain[:at]} {plain[at + len(title) :]}"
    said = re.sub(r"[(\[]([^()\[\]]*)[)\]]", lambda remark: " " if is_remark(remark[1]) else remark[0], said)
    return all(word in _DEFINING or is_remark(word) for word in re.findall(r"[^\W\d_]+", said.casefold()))


def is_capitalised(title: str) -> bool:
    """Say whether all words of a title but the small ones begin with a capital or a digit."""
    words = title.split()
    return all(word.casefold() in _MINOR or word[0].isupper() or word[0].isdigit() for word in words)


def _named(name: str) -> str:
    """Put the word "Procedure" behind a name, before any remark: "Procedure: Data Design (P0)"."""
    remark = re.search(r"\s+[(\[][^()\[\]]*[)\]]\s*$", name)
    end = remark.start() if remark else len(name)
    return f"{name[:end].rstrip(_EDGES)} Procedure{name[end:]}"
