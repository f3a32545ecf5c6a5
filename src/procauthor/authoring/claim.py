"""What a text claims: commands, paths, addresses, tools, roles, names of procedures, and quantities, as they are in it.

The words by which they are seen are in ``claim.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

from procauthor.authoring.public import QUOTED, find_places
from procauthor.checking.phrase import find_phrases
from procauthor.convention.word import words
from procauthor.regex import any_of, lazy

Kind = Literal["command", "path", "URL", "address", "name", "place", "tool", "role", "procedure", "number"]

FENCED = lazy(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[^\n]*)\n(?P<body>.*?)(?:^[ \t]*(?P=fence)[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
"""A block of code, with its language and its body."""
# Blocks in these are commands to type; a block of words is read as words, and all else is program text.
_TYPED_LANGUAGES = frozenset(("", "sh", "bash", "shell", "zsh", "console"))
WORDED_LANGUAGES = frozenset(("text", "txt", "md", "markdown"))
"""A block in one of these is words, and no code."""
_HERE = lazy(r"<<-?\s*['\"]?(?P<end>\w+)['\"]?")
_CODE = lazy(r"(`+)(.+?)\1", re.DOTALL)
_WITH_OPTION = lazy(r"\S.*\s--?[A-Za-z]", re.DOTALL)
# What is said or written: capital first, several words, a full stop, and no sign of a shell.
_SENTENCE = lazy(r"[\"“„'(]?[A-Z][^`|$={}<>\\]*(?:\s[^`|$={}<>\\\s]+){3,}[.!?…][\"”“')]?")
_CONTINUED_LINE = lazy(r"\\\r?\n\s*")
_PROMPT = lazy(r"^\s*(?:[$>%]\s|#.*)?\s*")
_URL = lazy(r"\b[a-z][a-z0-9+.-]{1,15}://[^\s<>\"'`)\]]+", re.IGNORECASE)
_EMAIL = lazy(r"\b[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
_CHANNEL = lazy(r"(?<![\w&/#])#[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+\b")
_HOST = lazy(
    r"(?<![\w@/.-])(?:(?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|cloud|internal|local|corp|lan|example|gov|edu|co|ai|sh)"
    r"|\d{1,3}(?:\.\d{1,3}){3})(?::\d{2,5})?(?![\w-])",
    re.IGNORECASE,
)


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: value.split() if isinstance(value, str) else value for name, value in data.items()}


def _any(name: str) -> str:
    """Return a pattern for any of some words."""
    return "|".join(_data()[name])


_FLAG = lazy(r"(?<![\w-])--[a-zA-Z][\w-]*")
_FLAGGED = lazy(r"(?<![\w/.-])[a-z][\w./-]*(?:\s+--?[a-zA-Z][\w-]*(?:=[^\s,;]+)?)+")
_SNAKE = lazy(r"(?<![\w./@#-])[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+(?![\w/])")
_NUMBER = r"\d+(?:[.,]\d+)*"
# A year in front of a quantity is none itself: "from 2027 47 days".
_LISTED = rf"(?!(?:19|20)\d\d(?!\d)){_NUMBER}\s*(?:%|percent)?"
_LIST = rf"(?P<list>(?:{_LISTED}(?:,\s+(?:and\s+|or\s+)?|\s+(?:and|or|to)\s+|\s*[-–]\s*))*)"
_EXACT = lazy(r"\b(?:v\d+(?:\.\d+)+|\d+\.\d+\.\d+(?:[-+.][\w.]+)?|[Pp]ort \d{2,5})\b")
_JOINING = frozenset({"the", "a", "an", "and", "or", "of", "to", "for", "in", "on", "with", "by", "&", "/"})
_SHOWN = 120
MORE = "..."
"""What is shown for the rest of a long claim."""
_SINGLE = lazy(r"\d{1,9}(?:\.\d{1,9})?")
_MINUTES = {"second": 1 / 60, "minute": 1, "hour": 60, "day": 24 * 60, "working day": 24 * 60, "week": 7 * 24 * 60}
_LONGEST_LINE = 2000
# A sign that is no letter keeps the words at both sides apart.
_APART = " \u2022 "
# A verb that says that something is typed is so near to it.
_NEAR = 40

Quantity = tuple[str, str]


class Particular(Struct, frozen=True):
    """One fact as it is in a text. ``quantities`` holds number and unit, where it is a quantity."""

    kind: Kind
    text: str
    quantities: tuple[Quantity, ...] = ()
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it as an open question names it: ``command `foo --bar```, ``number "30 days"``."""
        return f"{self.kind} {self.quoted}"

    @property
    def quoted(self) -> str:
        """The fact in quotation marks; of a long one the beginning."""
        shown = self.text if len(self.text) <= _SHOWN else f"{self.text[:_SHOWN]}{MORE}"
        quote = "`" if self.kind in ("command", "path", "name", "place") and "`" not in shown else '"'
        return f"{quote}{shown}{quote}"


# A draft is looked at several times, and few of its texts are others then.
@lru_cache(maxsize=1024)
def find_claims(text: str) -> tuple[Particular, ...]:
    """Return what a text claims, each place once: what is in code first, then addresses, then words and numbers."""
    return tuple(_claims(text))


def _claims(text: str) -> Iterator[Particular]:
    yield from chain.from_iterable(map(_block_claims, FENCED.finditer(text)))
    text = _ends().sub("", FENCED.sub("\n", text))
    for match in _CODE.finditer(text):
        typed = bool(_typing().search(text, max(0, match.start() - _NEAR), match.start()))
        yield from _code_claims(" ".join(match[0].strip("`").split()), typed=typed)
    text = _CODE.sub(_APART, text)
    for kind, pattern in _patterns():
        text, pieces = _cut(text, pattern)
        yield from (Particular(kind, each.rstrip(".,;:!?")) for each in pieces)
    # Emphasis keeps the end of a label from being seen as one.
    yield from _named(text.replace("**", ""))
    for match in _quantity().finditer(text):
        yield Particular("number", " ".join(match[0].split()), tuple(_quantities(match)))


@lru_cache(maxsize=1)
def _ends() -> re.Pattern[str]:
    """Return the pattern of the words before the name of an exit state: a rule says whether there is such a state."""
    flow = words()["flow"]
    return re.compile(rf"\b(?:{any_of((*flow['exits'], *flow['ends']))})\s+(?=[A-Z])", re.IGNORECASE)


@lru_cache(maxsize=1)
def _role() -> re.Pattern[str]:
    """Return the pattern of a role with capitals, by the words that roles end with: "Chief Threat Officer"."""
    heads = any_of(head.capitalize() for head in words()["brief"]["roles"])
    return re.compile(rf"(?<=[a-z,] )(?:[A-Z][a-z]+[ -]){{1,3}}(?:{heads})\b")


@lru_cache(maxsize=1)
def _path() -> re.Pattern[str]:
    return re.compile(
        # /etc/x, ~/x, ./x, ../x, C:\\x
        r"(?<![\w/.:~)-])(?:(?:~|\.{1,2})?/[\w@{}$<>*.-]+(?:/[\w@{}$<>*.-]*)*|[A-Z]:\\[\w\\.-]+"
        # a/b.ext, b.ext; no system has longer names, and without an end each sign would be read up to the last one
        rf"|(?:[\w@{{}}$<>*.-]{{1,255}}/){{0,40}}[\w@{{}}$<>*-]{{1,255}}(?:\.[\w-]+)*\.(?:{_any('endings')})(?![\w-])"
        # a/b/c/, .github/x: a hidden folder, or a slash at the end
        r"|\.[a-z][\w-]*(?:/[\w.-]+)+/?|(?:[a-z0-9_.-]+/){1,}(?=[\s,;:)]|$))"
    )


@lru_cache(maxsize=1)
def _tool() -> re.Pattern[str]:
    """Return the pattern of a tool that something is done in: a product that is only named is public knowledge."""
    using = rf"\b(?i:(?:{_any('filing')})\b[^.;:|\n]{{1,40}}? (?:{_any('using')})|{_any('used')})"
    products = any_of(_data()["products"])
    camel = r"[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*|[a-z]{1,4}[A-Z][a-z]+[A-Za-z]*"
    return re.compile(rf"{using} ((?:{products}|{camel})\b(?![\w./@#-]\w)|[A-Z][a-z]\w+(?![\w-]| [A-Z]| (?:%|\d)))")


@lru_cache(maxsize=1)
def _typing() -> re.Pattern[str]:
    """Return the pattern of what says in front of code that it is a command."""
    return re.compile(rf"\b(?i:{_any('typed')})\s+\Z")


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[Kind, re.Pattern[str]], ...]:
    """Return the pattern of each kind, in the order in which claims are taken out of a text.

    Where a pattern has a group, that is the claim.
    """
    word = rf"(?!(?:{_any('stops')})\b)[\w@/{{}}<>$=:.-]*[\w/}}>]"
    typed = rf"\b(?i:{_any('typed')})\s+((?:{_any('programs')})(?:\s+{word}){{1,8}})"
    return (
        ("URL", _URL),
        ("address", _EMAIL),
        ("address", _CHANNEL),
        ("command", re.compile(typed)),
        ("command", _FLAGGED),
        ("address", _HOST),
        ("path", _path()),
        ("command", _FLAG),
        ("name", _SNAKE),
        ("role", _role()),
        ("tool", _tool()),
        ("number", re.compile(rf"(?:[$€£]\s?\d+(?:[.,]\d+)*[kKmM]?\b|\b{_NUMBER}\s?(?:{_any('currencies')})\b)")),
        ("number", _EXACT),
    )


@lru_cache(maxsize=1)
def _quantity() -> re.Pattern[str]:
    time = rf"(?:{_any('kinds')})?[ -]?(?:{_any('times')})"
    unit = rf"{time}|requests per (?:second|minute)|{_any('things')}"
    return re.compile(
        rf"(?<![\w.,/:-])(?:{_LIST}(?P<number>{_NUMBER})"
        rf"(?:\s*(?P<percent>%|per ?cent\b)|[ -]?(?P<unit>{unit})\b|(?P<short>ms|s|m|h|d|w)\b)"
        rf"|(?P<word>{'|'.join(_data()['numbers'])})[ -](?P<time>{time})\b)",
        re.IGNORECASE,
    )


def _cut(text: str, pattern: re.Pattern[str]) -> tuple[str, list[str]]:
    """Return the text with the matches taken out, and the matches: what was read once is not read as something else."""
    # Of a pattern with a group, that group is what is read.
    spans = [match.span(pattern.groups) for match in pattern.finditer(text)]
    edges = [0, *chain.from_iterable(spans), len(text)]
    kept = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    return _APART.join(kept), [text[start:end] for start, end in spans]


def _block_claims(block: re.Match[str]) -> Iterator[Particular]:
    """Yield what a block of code claims: what is typed line by line; of program text only places that a team has."""
    if language_of(block) in WORDED_LANGUAGES:
        yield from find_claims(block["body"])
    elif language_of(block) not in _TYPED_LANGUAGES:
        yield from _program_text(block["body"].splitlines())
    else:
        yield from _typed_lines(_CONTINUED_LINE.sub(" ", block["body"]).splitlines())


def _program_text(lines: Iterable[str]) -> Iterator[Particular]:
    yield from (Particular("name", line.strip()) for line in lines if any(find_places(line)))


def language_of(block: re.Match[str]) -> str:
    """Return the language that a block of ``FENCED`` names, in lower case."""
    return block["language"].strip().split(" ")[0].casefold()


def _typed_lines(lines: Iterable[str]) -> Iterator[Particular]:
    """Yield what is typed in some lines, one whose quotation goes on together with the next ones.

    What a line hands on as text (``<<'END'``) is text of a program, and so is what a quotation goes on with.
    """
    begun, end = "", ""
    for raw in lines:
        if end:
            end = "" if raw.strip() == end else end
            yield from _program_text([raw])
            continue
        begun = f"{begun} {raw.strip()}" if begun else " ".join(_PROMPT.sub("", raw).split())
        if re.search("[\"']", QUOTED.sub("", begun)) and len(begun) < _LONGEST_LINE:
            continue
        here = _HERE.search(begun)
        end = here["end"] if here else ""
        yield from _typed_line(begun)
        begun = ""
    yield from _typed_line(begun)


def _typed_line(line: str) -> Iterator[Particular]:
    if _SENTENCE.fullmatch(line):
        yield from find_claims(line)
    elif re.search(r"\w", line):
        yield Particular("command", line)


def _code_claims(code: str, *, typed: bool) -> Iterator[Particular]:
    """Yield what code in a sentence claims; several words are a command where they are typed or have an option."""
    if not re.search(r"\w", code):
        return
    if _SENTENCE.fullmatch(code):
        # Words to say are no command; what they claim is looked for as in any other text.
        yield from find_claims(code)
    elif _URL.fullmatch(code):
        yield Particular("URL", code)
    elif _EMAIL.fullmatch(code):
        yield Particular("address", code)
    elif code.startswith("-") or (" " in code and (typed or _WITH_OPTION.match(code))):
        yield Particular("command", code)
    elif _path().fullmatch(code):
        yield Particular("path", code)
    else:
        yield Particular("name", code)


def _named(text: str) -> Iterator[Particular]:
    """Yield names of documents. Of "Follow API Style Standards" each end that may be the name goes with it."""
    phrases = list(find_phrases(text))
    # "Go on with Procedure Deprecation Procedure" holds no name that ends with the first "Procedure".
    within = set(chain.from_iterable(phrase.starts[:-1] for phrase in phrases))
    for phrase in phrases:
        words = phrase.words if phrase.starts[-1] not in within else ()
        skips = [n for n in range(len(words) - 1) if n <= phrase.sentence_start or words[n - 1] in _JOINING]
        names = tuple(" ".join(words[skip:]) for skip in skips if words[skip] not in _JOINING)
        if names:
            yield Particular("procedure", names[-1], names=names)


def _quantities(match: re.Match[str]) -> Iterator[Quantity]:
    unit = _unit(match["percent"] or match["unit"] or match["short"] or match["time"])
    if match["word"]:
        yield str(_data()["numbers"][match["word"].casefold()]), unit
        return
    yield _number(match["number"]), unit
    for number in re.findall(_NUMBER, match["list"] or ""):
        yield _number(number), unit


def find_quantities(text: str) -> frozenset[Quantity]:
    """Return all quantities of a text as number and unit: ``30-day``, ``30 days`` and ``thirty days`` are the same."""
    return frozenset(chain.from_iterable(map(_quantities, _quantity().finditer(text))))


def find_minutes(text: str) -> list[float]:
    """Return the times that a text names, each once, in minutes: ``2 hours`` is 120, ``30 seconds`` is 0.5."""
    return sorted(set(filter(None, map(minutes_of, find_quantities(text)))))


def minutes_of(quantity: Quantity) -> float:
    """Return a time in minutes; 0 for what is no time, and for signs that are no single number: ``1.5.10``."""
    number, unit = quantity
    return round(float(number) * _MINUTES[unit], 4) if unit in _MINUTES and _SINGLE.fullmatch(number) else 0


def spellings(number: str) -> tuple[str, ...]:
    """Return how a normal number may be written."""
    return (number, *(word for word, value in _data()["numbers"].items() if str(value) == number))


def _number(text: str) -> str:
    """Return a number without thousands separators: ``10,000`` gives ``10000``, ``99,9`` gives ``99.9``."""
    text = re.sub(r",(?=\d{3}(?:\D|$))", "", text).replace(",", ".")
    return re.sub(r"\.0+$", "", text)


def _unit(text: str) -> str:
    unit = " ".join(text.casefold().replace("-", " ").split())
    if unit in ("%", "percent", "per cent"):
        return "%"
    unit = unit.replace("business ", "working ").removeprefix("calendar ")
    *before, last = unit.split(" ") if " per " not in unit else [unit]
    units = _data()["units"]
    last = last if last in units or last.endswith("ss") else last.removesuffix("s")
    return " ".join([*before, units.get(last, last)])


def names_of_unit(unit: str) -> set[str]:
    """Return the words by which a unit may be written, without the ending of the plural."""
    return {unit.removesuffix("y"), *(name for name, known in _data()["units"].items() if known == unit)}
