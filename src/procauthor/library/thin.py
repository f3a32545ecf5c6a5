"""What of a text says nothing or too little: filler, words that hold the place of a text to come, thin sections.

Whatever is in doubt is no thin section: a short text may be all that there is to say.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import chain, islice
from pathlib import Path

from msgspec import Struct

from procauthor.convention.word import words
from procauthor.markdown.document import Block, Document, Section
from procauthor.markdown.front import bold_fields
from procauthor.markdown.passage import read_prose
from procauthor.naming import title_key
from procauthor.regex import any_of, lazy
from procauthor.settings import PlaceholderConventions
from procauthor.template.spec import ITEMS, SectionSpec, Template, parse_pattern

_COMMENT = lazy(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BARE_LABEL = lazy(r"\*\*[^*\n]+\*\*:?")
_LETTER = lazy(r"[^\W_]")
# At the foot of a document these are said of all of it, and not of its last section.
_ABOUT_ALL = frozenset({"status", "id", "lifecycle", "phase", "owner", "author", "version", "date", "last_updated"})


def has_content(document: Document, section: Section) -> bool:
    """Say whether a section or one below it holds anything but comments."""
    return any(_speaks(_own_blocks(document, part)) for part in document.family(section))


def read_units(document: Document, section: Section) -> Iterator[str]:
    """Yield the pieces of a section and of those below it; labels without anything are left out."""
    for part in document.family(section):
        for block in _own_blocks(document, part):
            for unit in _units(document, block):
                if not (unit.startswith("**") and _BARE_LABEL.fullmatch(unit)):
                    yield unit


def has_letters(unit: str) -> bool:
    """Say whether a piece of text holds a letter or a digit."""
    return _LETTER.search(unit) is not None


def _units(document: Document, block: Block) -> Iterator[str]:
    if block.kind == "rule":
        return
    if block.kind == "html":
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
    if section.index != len(document.sections) - 1:
        return blocks
    rule = next((at for at in reversed(range(len(blocks))) if blocks[at].kind == "rule"), None)
    if rule is None:
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


_WORD = lazy(r"[^\W_]+")
_LABEL = lazy(r"^\*\*[^*\n]+?(?::\*\*|\*\*:)\s*(?=\S)")
# A section of more letters says something, whatever its words are.
_LONGEST = 600
# Fewer words may well be the same in several sections: "See the contract."
_SENTENCE = 4
_SECTIONS = 3
# Fewer words may well be in a guidance by chance.
_PHRASE = 4


class Thin(Struct, frozen=True):
    """A section that says too little, and why."""

    heading: str
    line: int
    reason: str


class _SectionText(Struct, frozen=True):
    """A section of the template in a document, with its pieces, labels left out."""

    spec: SectionSpec
    section: Section
    units: tuple[str, ...]


def find_thin(document: Document, template: Template, sections: Mapping[str, Section]) -> tuple[Thin, ...]:
    """Return the sections that say too little, in the order of the template; those without content are none.

    Args:
        document: The document.
        template: Its template.
        sections: Where its sections are, by the key of the template.
    """
    texts = [
        _SectionText(spec, section, tuple(_LABEL.sub("", unit) for unit in read_units(document, section)))
        for spec in template.sections
        if (section := sections.get(spec.key)) and spec.kind != "group" and has_content(document, section)
    ]
    title = frozenset(title_key(document.title).split())
    repeated = _repeated(texts)
    reasons = ((text, _reason(document, text, title, repeated)) for text in texts)
    return tuple(Thin(text.section.title, text.section.line, reason) for text, reason in reasons if reason)


def _reason(document: Document, text: _SectionText, title: frozenset[str], repeated: frozenset[str]) -> str:
    """Say why a section is thin; nothing where it is not."""
    if _is_none(text):
        return ""
    if _repeats_guidance(text):
        return "it holds the words of the template"
    lacking = _bounds(document, text)
    if lacking:
        return lacking
    if text.spec.key in repeated:
        return "it holds the same sentence as other sections"
    return _empty_words(text, title) if sum(map(len, text.units)) <= _LONGEST else ""


def _repeats_guidance(text: _SectionText) -> bool:
    """Say whether all pieces of a section are words of the template to its author."""
    if not text.spec.guidance or not text.units:
        return False
    guidance = _spoken(text.spec.guidance)
    # Mostly the first piece says that it is not.
    return all(len(said) >= _PHRASE and f" {' '.join(said)} " in guidance for said in map(_words, text.units))


@lru_cache(maxsize=256)
def _spoken(guidance: str) -> str:
    return f" {' '.join(_words(guidance))} "


def _empty_words(text: _SectionText, title: frozenset[str]) -> str:
    """Say that the words of a short section say nothing."""
    placeholders, joining = _filler()
    if all(" ".join(_words(unit)) in placeholders for unit in text.units):
        return "it holds no words"
    whole = " ".join(text.units).casefold()
    # To look for the words of the title is faster than to read all words, and mostly one of them is not there.
    if title and all(word in whole for word in title):
        words, own = frozenset(_words(whole)), title | frozenset(_words(text.section.title))
        if title <= words and not words - own - joining:
            return "it says no more than the title"
    return ""


def _bounds(document: Document, text: _SectionText) -> str:
    """Say that a section has fewer entries than its template asks for; in another form nothing can be counted."""
    least = text.spec.constraint.minimum
    count = count_entries(document, text.section, text.spec) if least > 1 else 0
    if count == 0 or count >= least:
        return ""
    return f"it has {count} of the {least} {entries_called(text.spec)} that the template asks for"


def entries_called(spec: SectionSpec) -> str:
    """Return what the entries of a section are called."""
    return {"steps": "steps", "table": "rows"}.get(spec.kind, "entries")


def count_entries(document: Document, section: Section, spec: SectionSpec) -> int:
    """Return the entries of a section that has the form of its template; of another form there are none."""
    family = list(document.family(section))
    if spec.kind == "steps":
        return sum(part.level == spec.step_level for part in family[1:])
    blocks = chain.from_iterable(part.blocks for part in family)
    if spec.kind == "table":
        return sum(len(block.rows) for block in blocks)
    items = chain.from_iterable(block.items for block in blocks) if spec.kind in ITEMS else ()
    return sum(item.level == 0 for item in items)


def _is_none(text: _SectionText) -> bool:
    """Say whether a section holds what its template wants where there is nothing to say."""
    none = text.spec.constraint.none.strip().rstrip(".")
    return bool(none) and any(unit.startswith(none) for unit in text.units)


def _repeated(texts: Sequence[_SectionText]) -> frozenset[str]:
    """Return the keys of the sections in which every piece holds one sentence that is all of another section."""

    @cache
    def spoken(unit: str) -> str:
        return f" {' '.join(_words(unit))} "

    alone = {_words(text.units[0]) for text in texts if len(set(text.units)) == 1}
    for sentence in sorted(said for said in alone if len(said) >= _SENTENCE):
        said = f" {' '.join(sentence)} "
        holding = [text.spec.key for text in texts if text.units and all(said in spoken(unit) for unit in text.units)]
        if len(holding) >= min(_SECTIONS, max(2, len(texts))):
            return frozenset(holding)
    return frozenset()


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.casefold()))


@lru_cache(maxsize=1)
def _filler() -> tuple[frozenset[str], frozenset[str]]:
    """Return the texts that announce a text to come, an empty one among them, and the words that only join others."""
    table = tomllib.loads((Path(__file__).parent / "filler.toml").read_text(encoding="utf-8"))
    return frozenset({"", *table["placeholders"]}), frozenset(table["joining"])


SHIPPED = PlaceholderConventions.bare()
"""The placeholder words of a library that says nothing of its own."""
# A day that is not filled in yet.
_DATE = r"20\d\d-(?:\d\d|XX)-XX"
# A library that ignores it has no placeholder words.
_NONE = "*"
VAGUE_DAY = "-XX"
"""How a day ends that is not filled in, also as a word that a library ignores."""
# A mark with a label before it is no text; a mark in a longer sentence is one in a text.
_FEW_WORDS = 8
# Behind one word, as in "If TODO condition", a note can as well hold the place of what is to come.
_FEWEST_BEFORE = 2
_SENTENCE_END = lazy(r"[.!?:;|]")
_SENTENCE_ENDS = lazy(r"[*_]*[.!?]?\s*\Z|[*_]*[.!?]\s")
_ARROW = lazy(r"[*`\s]{0,9}(?:[-=]>|→)")
_THING = lazy(r"[*`]{0,2}\s+[^\W\d_]{2}")
_APART = ("(", "[", "-", "–", "—", "*")
# So many characters before a mark hold the two words; to look further takes long in a text full of marks.
_NEAR = 64
# So far from a mark the signs around a quotation are looked for.
_QUOTED = 200
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "‘": "’"}
# Between two names in a row: a sign, or a short word.
_BETWEEN = r"[`'*]{0,2}(?:\s{0,3}[,/|;+&]\s{0,3}|\s{1,3}[a-z]{1,3}\s{1,3}){1,2}[`'*]{0,2}"
_LEADING_LABEL = lazy(r"\s*\*\*[^*\n]{1,80}(?::\*\*|\*\*:)\s*")
_FENCE = lazy(rb"^[ \t]{0,9}(?:`{3,}|~{3,})[^\n]*$", re.MULTILINE)
_CODE = lazy(rb"`[ \t]{0,9}([^`\n]{1,200})`")
# Brackets that lead nowhere.
_BRACKETS = lazy(r"\[[^\[\]\n]{1,60}\](?![(\[:])")
_BRACES = lazy(r"\{[^{}\n]+?\}")


class Leftover(Struct, frozen=True):
    """A piece of text that was meant to be replaced."""

    text: str
    start: int
    sure: bool = True
    """Whether nothing around it says that it may be talked about."""


class Signs(Struct, frozen=True):
    """What says that a text is not finished: pieces for a first look, with the patterns that then decide."""

    pieces: tuple[str, ...]
    words: re.Pattern[str]
    brackets: re.Pattern[str]
    filler: re.Pattern[str]
    fillers: tuple[str, ...]
    told: tuple[str, ...]
    spoken: tuple[str, ...]
    reader: frozenset[str]
    notes: tuple[str, ...]
    naming: frozenset[str]
    articles: frozenset[str]
    verbs: frozenset[str]
    before: re.Pattern[str]
    behind: re.Pattern[str]
    code: re.Pattern[str]

    def may_fill(self, text: str) -> bool:
        """Say whether a text may hold filler, in any case."""
        lower = text.lower()
        return not text.isascii() or any(filler in lower for filler in self.fillers)


@lru_cache(maxsize=16)
def _signs(conventions: PlaceholderConventions) -> Signs:
    shipped = words()["placeholders"]
    ignored = {word.casefold() for word in conventions.ignore}
    kept = [word for word in (*shipped["words"], *conventions.words) if word.casefold() not in ignored]
    marks = any_of(kept)
    dates = () if VAGUE_DAY.casefold() in ignored else (_DATE,)
    others = any_of((*shipped["words"], *shipped["comments"]))
    one = rf"[`'*]{{0,2}}(?P<mark>{others})[`'*]{{0,2}}"
    brackets = [word for word in shipped["brackets"] if f"[{word}]" not in ignored]
    begins = any_of(brackets)
    return Signs(
        # A line may end between two words, and within none.
        pieces=(*(max(word.split(), key=len, default=word) for word in kept), *([VAGUE_DAY] if dates else [])),
        words=re.compile(rf"(?<![\w/-])(?:{'|'.join((marks, *dates))})(?![\w/+-]|['’]\w)"),
        brackets=re.compile(rf"\[(?:{begins})\b[^\]\n]{{0,60}}\](?!\()", re.IGNORECASE),
        filler=re.compile(any_of(shipped["filler"]), re.IGNORECASE),
        fillers=tuple(map(str.lower, shipped["filler"])),
        told=tuple(f"[{word}" for word in shipped["told"]),
        spoken=tuple(f"[{word}" for word in shipped["spoken"]),
        reader=frozenset(shipped["reader"]),
        notes=tuple(shipped["notes"]),
        naming=frozenset(shipped["naming"]),
        articles=frozenset(shipped["articles"]),
        verbs=frozenset(shipped["verbs"]),
        before=re.compile(rf"(?<!\w){one}{_BETWEEN}\Z"),
        behind=re.compile(rf"{_BETWEEN}{one}(?!\w)"),
        code=re.compile(rf"(?:[#/;*-]{{1,3}}\s{{0,9}})?(?:{marks})(?![\w/-])"),
    )


def find_placeholders(document: Document, conventions: PlaceholderConventions = SHIPPED) -> Iterator[Leftover]:
    """Yield placeholder words in running text; links and comments are left alone, code unless the conventions say so.

    A word in quotes is talked about, and no placeholder.
    """
    if _NONE in conventions.ignore:
        return
    signs = _signs(conventions)
    prose = read_prose(document)
    text = prose.text
    # To look for a few pieces is much faster than to search for patterns, and there is hardly ever something to find.
    words_there = (signs.words,) if any(piece in text for piece in signs.pieces) else ()
    filler = (signs.filler,) if signs.may_fill(text) else ()
    brackets = (signs.brackets,) if "[" in text else ()
    for pattern in (*words_there, *brackets, *filler):
        for passage, place, shown in prose.search(pattern):
            end = place + len(shown)
            told = shown.startswith(signs.told) or _is_spoken(signs, shown, passage.text)
            note = shown in signs.notes and not passage.text.startswith(":", end)
            told = told or (note and _is_behind_code(document, passage.offset(place)))
            if not told and not _is_mentioned(signs, passage.text, place, end):
                yield Leftover(shown, passage.offset(place), _is_sure(signs, shown, passage.text, place))
    if conventions.code:
        yield from _in_code(document, signs)


def _is_behind_code(document: Document, at: int) -> bool:
    """Say whether a span of code is right before a place in its line: it says which note is meant."""
    raw = document.source.raw
    return raw[raw.rfind(b"\n", 0, at) + 1 : at].rstrip().endswith(b"`")


def _is_spoken(signs: Signs, shown: str, text: str) -> bool:
    """Say whether brackets in a sentence are for its reader to fill in: "this is [NAME]", "until [date you return]"."""
    to_reader = shown.isupper() and shown.startswith(signs.spoken)
    to_reader = to_reader or not signs.reader.isdisjoint(_words(shown)[1:])
    return to_reader and len(text.split()) > _FEW_WORDS


def _is_mentioned(signs: Signs, text: str, start: int, end: int) -> bool:
    """Say whether a text is about a mark, and does not use it: in quotes, by its name, or within a sentence."""
    before = text[max(0, start - _NEAR) : start].split()
    named = bool(before) and before[-1].casefold() in signs.naming
    # "The TBD label" is a thing as "the door" is one; "the owner is the TBD." is not.
    thing = bool(before) and before[-1].casefold() in signs.articles and _THING.match(text, end) is not None
    named = named or (thing and not text.startswith("[", start))
    in_sentence = text[start:end] in signs.notes and _is_in_sentence(signs, text, start, end)
    return named or in_sentence or _is_listed(signs, text, start, end) or _is_quoted(text, start, end)


def _is_sure(signs: Signs, shown: str, text: str, start: int) -> bool:
    """Say whether a mark is used: a note with a colon, or with no word before it but "is", and the only brackets.

    Any other mark is, but within a sentence.

    Several ones in a text describe a form, and a vague day may be all that is known.
    """
    if shown.startswith("["):
        # Behind other words, as in "as of [date]", a name or a day may be what is written about.
        before = text[max(0, start - _NEAR) : start].strip(" *_|")
        alone = not before or before.endswith((":", ".")) or not shown.upper().startswith(signs.spoken)
        return alone and len(list(islice(_BRACKETS.finditer(text), 2))) == 1
    if shown.endswith(VAGUE_DAY):
        return False
    if shown not in signs.notes:
        # Within a sentence, as in "Call TBD on the hotline", or before an arrow, a mark may as well be a name.
        end = start + len(shown)
        return not (_is_in_sentence(signs, text, start, end, fewest=1) or _ARROW.match(text, end))
    if text.startswith(":", start + len(shown)):
        return True
    before = text[max(0, start - _NEAR) : start].rstrip()
    word = before.rpartition(" ")[2]
    return word.casefold() in signs.verbs or not (word[-1:].isalnum() or word.endswith((",", ")")))


def _is_listed(signs: Signs, text: str, start: int, end: int) -> bool:
    """Say whether a mark is one of several different ones in a row, which are talked about: "TODO, FIXME or XXX"."""
    before = signs.before.search(text, max(0, start - _NEAR), start)
    behind = signs.behind.match(text, end)
    return any(match and match["mark"] != text[start:end] for match in (before, behind))


def _is_in_sentence(signs: Signs, text: str, start: int, end: int, fewest: int = _FEWEST_BEFORE) -> bool:
    """Say whether a note is a thing in a sentence: "look for TODO items".

    With a colon, at the end of its sentence, or as what is, it is used.
    """
    sentence = _SENTENCE_END.split(text[max(0, start - _NEAR) : start])[-1].rstrip()
    before = _WORD.findall(sentence)
    if (before and before[-1].casefold() in signs.articles) or text.startswith(", ", end):
        return True
    apart = text.startswith(":", end) or sentence.endswith(_APART) or _SENTENCE_ENDS.match(text, end) is not None
    return len(before) >= fewest and not apart and before[-1].casefold() not in signs.verbs


def _is_quoted(text: str, start: int, end: int) -> bool:
    """Say whether a piece of text is behind a quotation mark that is closed behind it, in the same passage."""
    before, behind = text[max(0, start - _QUOTED) : start], text[end : end + _QUOTED]
    return any(_is_open(before, begin, close) and close in behind for begin, close in _QUOTES.items())


def _is_open(before: str, begin: str, close: str) -> bool:
    """Say whether a text ends within a quotation: with as many signs that close one as open one, it does not."""
    opened = before.rfind(begin)
    if begin == close:
        return before.count(begin) % 2 == 1
    return opened >= 0 and close not in before[opened:]


def _in_code(document: Document, signs: Signs) -> Iterator[Leftover]:
    """Yield placeholder words that begin a span of code, or all lines of a block of code.

    Among other lines such a word is a comment of the code that is shown.
    """
    raw = document.source.raw
    blocks = [(b.start, b.end) for b in document.blocks if b.kind == "code"]
    for span in _CODE.finditer(raw):
        if not any(start <= span.start() < end for start, end in blocks):
            left = list(_leftover(signs, span[1], span.start(1)))
            # Among other words a bare mark, or a comment, is talked about: "collect all `TODO` notes".
            bare = left and (left[0].text.encode() == span[1].strip() or not left[0].text[0].isalpha())
            if left and (not bare or _is_alone(raw, span.start(), span.end())):
                yield from left
    for start, end in blocks:
        lines = [line for line in _FENCE.sub(b"", raw[start:end]).split(b"\n") if line.strip()]
        if lines and all(any(_leftover(signs, line, 0)) for line in lines):
            yield from _leftover(signs, lines[0], raw.index(lines[0], start))


def _is_alone(raw: bytes, start: int, end: int) -> bool:
    """Say whether a line holds no words but those of a span."""
    before = raw[raw.rfind(b"\n", 0, start) + 1 : start]
    after = raw[end:].partition(b"\n")[0]
    return not re.search(rb"[^\W\d]", before + after)


def _leftover(signs: Signs, raw: bytes, at: int) -> Iterator[Leftover]:
    text = raw.decode(errors="replace")
    match = signs.code.match(text.lstrip())
    if match:
        yield Leftover(match[0], at + len(raw) - len(raw.lstrip()))


def is_placeholder(text: str, conventions: PlaceholderConventions = SHIPPED) -> bool:
    """Say whether a piece of text holds no more than the mark of what is to be written there."""
    signs = _signs(conventions)
    there = _NONE not in conventions.ignore and any(piece in text for piece in signs.pieces)
    mark = signs.words.search(text) if there else None
    if mark is None:
        return False
    label = _LEADING_LABEL.match(text)
    begins = mark.start() in (0, label.end() if label else 0)
    return begins or "…" in text or len(text.split()) <= _FEW_WORDS


def find_template_text(document: Document, template: Template) -> Iterator[Leftover]:
    """Yield fields in braces that are in the document as they are in the template."""
    if "{" not in read_prose(document).text:
        return
    words = _fields(template.boilerplate)
    for run in document.runs:
        for match in _BRACES.finditer(run.text) if "{" in run.text else ():
            if match[0] in words or match[0].replace("?}", "}") in words:
                yield Leftover(match[0], run.start + len(run.text[: match.start()].encode()))


@lru_cache(maxsize=64)
def _fields(boilerplate: frozenset[str]) -> frozenset[str]:
    slots = chain.from_iterable(parse_pattern(line).slots for line in boilerplate)
    inside = chain.from_iterable((slot.name, slot.hint) for slot in slots)
    return frozenset(f"{{{text}}}" for text in inside if text)
