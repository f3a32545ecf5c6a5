"""The notation of a library: where titles and statuses are, in which words, and which words mean unfinished."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

from procauthor.adoption.form import count_words
from procauthor.adoption.guess import Guess
from procauthor.convention.word import (
    plain_name,
    plain_status,
    read_declared,
    read_status,
    read_title,
    status_text,
    table_text,
    title_heading,
    words,
)
from procauthor.library.thin import VAGUE_DAY, find_placeholders
from procauthor.markdown.document import Block, Document
from procauthor.naming import bare_name
from procauthor.procedure import Status
from procauthor.regex import any_of, lazy
from procauthor.settings import PlaceholderConventions, StatusConventions, TitleConventions
from procauthor.template.spec import section_key

Documents = Mapping[str, Document]
_Source = Literal["heading", "first-heading", "front-matter", "name"]
_FEWEST = 3
_HALF = 0.5
_BEFORE = lazy(r"([^\W\d_][\w /-]{1,30}?)\s*:\s+\S")
_NUMBERED = lazy(r"((?:[^\W\d_][\w /-]{0,20}\s*)?)#?(?<!\d)(\d{1,6})([.:)]?\s+|\s+[-–—]\s+|\s*:\s+)\S")
_BRACKETS = lazy(r"([\[(])([^\[\]()]{2,30})([\])])\s*$")
_TOKEN = lazy(r"[^\W_]+")
_REMARK = lazy(r"^(.{2,40}?)(?:\s+[-–—(:]|\s+\[|[.,;:(]|$)")
_SAMPLE = 2
# A mark that is once within a sentence may still be one.
_TWICE = 2
# What a text of more words says of itself is a remark.
_STUB = 40


@dataclass(frozen=True, slots=True)
class Found:
    """What a library writes, with the guesses that it rests on."""

    titles: TitleConventions
    status: StatusConventions
    placeholders: PlaceholderConventions
    guesses: tuple[Guess, ...]


def read_notation(documents: Documents) -> Found:
    """Return the conventions that the documents of a library show."""
    titles = _Titles(documents)
    status = _Statuses(documents, titles.conventions)
    placeholders = _Placeholders(documents, titles.conventions)
    every = (*titles.guesses, *status.guesses, *placeholders.guesses)
    return Found(titles.conventions, status.conventions, placeholders.conventions, every)


@dataclass
class _Titles:
    """Finds where titles are, and what is written around the names in them."""

    documents: Documents
    guesses: list[Guess] = field(default_factory=list)
    conventions: TitleConventions = TitleConventions()

    def __post_init__(self) -> None:
        self.conventions = TitleConventions(sources=tuple(self._sources()))
        written = {path: read_title(document, self.conventions) for path, document in self.documents.items()}
        patterns = tuple(dict.fromkeys(self._patterns({path: title for path, title in written.items() if title})))
        self.conventions = TitleConventions(sources=self.conventions.sources, patterns=patterns)

    def _sources(self) -> Iterator[_Source]:
        total = len(self.documents)
        headed = [p for p, d in self.documents.items() if title_heading(d, first=False)]
        fronted = [p for p, d in self.documents.items() if d.front_title]
        usual: list[tuple[_Source, list[str]]] = [("heading", headed), ("front-matter", fronted)]
        other = list(self.documents)
        # Where more documents have a title is where titles are: a heading in a few of them only is a chapter.
        for source, paths in sorted(usual, key=lambda each: -len(each[1])):
            own = set(paths).intersection(other)
            other = [path for path in other if path not in own]
            yield source
            if own:
                self._say(source, [path for path in paths if path in own], total)
        called = [p for p in other if self.documents[p].metadata.get("name")]
        first = [p for p in other if title_heading(self.documents[p], first=True) and p not in called]
        if called and len(called) >= len(other) * _HALF:
            yield "name"
            self._say("name", called, total)
        if first and len(first) >= (len(other) - len(called)) * _HALF:
            yield "first-heading"
            self._say("first-heading", first, total, len(first) / len(other))

    def _say(self, value: str, paths: list[str], total: int, confidence: float = 0.95) -> None:
        question = "" if confidence > _HALF else f"are titles also found as {value!r}?"
        guess = Guess("titles.sources", value, confidence, len(paths), total, tuple(paths[:_SAMPLE]), question)
        self.guesses.append(guess)

    def _patterns(self, titles: Mapping[str, str]) -> Iterator[str]:
        """Yield what is written around names: marks of a state, then words and numbers before the name."""
        known = _state_words()
        marks: dict[str, list[str]] = defaultdict(list)
        for path, title in titles.items():
            match = _BRACKETS.search(title)
            if match and plain_status(match[2]) in known:
                marks[f"{{name}} {match[1]}{match[2]}{match[3]}"].append(path)
        for pattern, paths in marks.items():
            yield self._pattern(pattern, paths, len(titles))
        bare = {path: plain_name(title, tuple(marks)) for path, title in titles.items()}
        yield from self._by_folder(bare, _number_pattern)
        yield from self._by_folder(bare, _word_pattern)

    def _by_folder(self, titles: Mapping[str, str], shape: Callable[[str], str]) -> Iterator[str]:
        """Yield the shapes that most titles of a folder share."""
        folders: dict[str, dict[str, str]] = defaultdict(dict)
        for path, title in titles.items():
            folders[PurePosixPath(path).parent.as_posix()][path] = title
        for inside in folders.values():
            shapes: dict[str, list[str]] = defaultdict(list)
            for path, title in inside.items():
                if shape(title):
                    shapes[shape(title)].append(path)
            shaped = sum(map(len, shapes.values()))
            if shaped < _FEWEST or shaped < len(inside) * _HALF:
                continue
            for pattern, paths in sorted(shapes.items(), key=lambda item: -len(item[1])):
                least = _FEWEST if "{number}" in pattern else max(_FEWEST, len(inside) * _HALF)
                if len(paths) >= least:
                    yield self._pattern(pattern, paths, len(inside))

    def _pattern(self, pattern: str, paths: list[str], total: int) -> str:
        confidence = 0.9 if len(paths) >= total * _HALF or "[" in pattern else 0.7
        self.guesses.append(Guess("titles.patterns", pattern, confidence, len(paths), total, tuple(paths[:_SAMPLE])))
        return pattern


def _number_pattern(title: str) -> str:
    match = _NUMBERED.match(title)
    return f"{match[1]}{{number}}{match[3]}{{name}}" if match else ""


def _word_pattern(title: str) -> str:
    match = _BEFORE.match(title)
    return f"{match[1].strip()}: {{name}}" if match else ""


def _state_words() -> dict[str, Status]:
    return {**words()["status"]["words"], **words()["survey"]["status_words"]}


@dataclass
class _Statuses:
    """Finds where statuses are declared, and what their words mean."""

    documents: Documents
    titles: TitleConventions
    guesses: list[Guess] = field(default_factory=list)
    conventions: StatusConventions = StatusConventions()
    _places: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _unknown: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _remarks: bool = False

    def __post_init__(self) -> None:
        self._words: dict[str, Status] = {}
        self._said: dict[str, list[str]] = defaultdict(list)
        headings = tuple(self._headings())
        for path, document in self.documents.items():
            self._note(path, str(document.metadata.get("status") or ""), "metadata")
            self._note(path, table_text(document), "table")
            if headings:
                self._note(path, status_text(document, headings), "section")
        for word, paths in self._said.items():
            where = list(dict.fromkeys(paths))
            self.guesses.append(_seen("status.words", f"{word} = {self._words[word]}", 0.7, where, len(self.documents)))
        titles, folders = self._marks(), self._folders()
        sources: dict[Literal["title", "metadata", "table", "section", "folder"], object] = {
            "title": titles,
            "metadata": True,
            "table": len(self._places["table"]) >= _FEWEST,
            "section": headings and self._places["section"],
            "folder": folders,
        }
        chosen = tuple(source for source, there in sources.items() if there)
        self.conventions = StatusConventions(
            sources=chosen,
            sections=headings if "section" in chosen else (),
            words=self._words,
            remarks=self._remarks,
            titles=titles,
            folders=folders,
            unfinished="in progress" in self._words.values() or any(self._drafts()),
        )
        for word, paths in self._unknown.items():
            if len(paths) >= _FEWEST:
                question = f"which state does the status {word!r} mean?"
                guess = Guess("status.words", word, 0.3, len(paths), len(self.documents), tuple(paths[:2]), question)
                self.guesses.append(guess)

    def _drafts(self) -> Iterator[bool]:
        """Say of each document whether its front matter says that it is in progress."""
        for path, document in self.documents.items():
            yield read_declared(path, document, "", StatusConventions()) == "in progress"

    def _headings(self) -> Iterator[str]:
        """Yield the headings below which a status is: of those that ship, with a known word in most documents."""
        for heading in words()["survey"]["status_headings"]:
            texts = [text for d in self.documents.values() if (text := status_text(d, (heading,)))]
            known = [text for text in texts if _word_in(text)]
            if known and len(known) >= len(texts) * _HALF:
                yield heading

    def _note(self, path: str, text: str, source: str) -> None:
        if not text:
            return
        word = _word_in(text)
        if not word:
            match = _REMARK.match(plain_status(text))
            if match and source == "metadata":
                self._unknown[match[1]].append(path)
            return
        self._places[source].append(path)
        if read_status(word) is None:
            self._words[word] = _state_words()[word]
            self._said[word].append(path)
        self._remarks = self._remarks or plain_status(text) != word

    def _marks(self) -> dict[str, Status]:
        """Return the pieces of titles that say a state, such as ``[Deprecated]``."""
        result: dict[str, Status] = {}
        for path, document in self.documents.items():
            match = _BRACKETS.search(read_title(document, self.titles))
            word = plain_status(match[2]) if match else ""
            if match and word in _state_words() and match[0].strip() not in result:
                result[match[0].strip()] = _state_words()[word]
                guess = Guess("status.titles", match[0].strip(), 0.9, 1, len(self.documents), (path,))
                self.guesses.append(guess)
        return result

    def _folders(self) -> dict[str, Status]:
        """Return the folders whose name says that what is in them is out of use."""
        result: dict[str, Status] = {}
        for path in self.documents:
            for parent in PurePosixPath(path).parents:
                tokens = {token.casefold() for token in _TOKEN.findall(parent.name)}
                if "deprecated" in map(_state_words().get, tokens) and parent.as_posix() not in result:
                    result[parent.as_posix()] = "deprecated"
                    guess = Guess("status.folders", parent.as_posix(), 0.8, 1, len(self.documents), (path,))
                    self.guesses.append(guess)
        return result


def _word_in(text: str) -> str:
    """Return the known word that a declared status begins with, or an empty string."""
    plain = plain_status(text[:100])
    fitting = (word for word in _state_words() if re.match(rf"{re.escape(word)}\b", plain))
    return max(fitting, key=len, default="")


@dataclass
class _Placeholders:
    """Finds the words that say that a text is not finished, and those that mean something else here."""

    documents: Documents
    titles: TitleConventions
    guesses: list[Guess] = field(default_factory=list)
    conventions: PlaceholderConventions = PlaceholderConventions()

    def __post_init__(self) -> None:
        own = tuple(self._own())
        code = self._code()
        self.conventions = PlaceholderConventions(words=own, code=code)
        self.conventions = PlaceholderConventions(words=own, ignore=tuple(self._ignored()), code=code)

    def _own(self) -> Iterator[str]:
        """Yield sentences that ship and are alone in a paragraph or an item here, and what stubs say of themselves."""
        known = {sentence.casefold() for sentence in words()["survey"]["placeholders"]}
        places: dict[str, list[str]] = defaultdict(list)
        for path, document in self.documents.items():
            said = {text.strip(" \t\n.*_>[]()…") for text in _pieces(document)}
            for sentence in sorted({each for each in said if each.casefold() in known}.union(_stubs(document))):
                places[sentence].append(path)
        for sentence, paths in places.items():
            yield sentence
            self.guesses.append(_seen("placeholders.words", sentence, 0.8, paths, len(self.documents)))

    def _code(self) -> bool:
        """Say whether marks begin pieces of code, where the author wanted them to be seen."""
        in_code = PlaceholderConventions(code=True)
        places: list[str] = []
        for path, document in self.documents.items():
            plain = {left.start for left in find_placeholders(document)}
            marks = [left for left in find_placeholders(document, in_code) if left.start not in plain]
            places += [f"{path}:{document.source.line(left.start)}" for left in marks]
        if places:
            self.guesses.append(_seen("placeholders.code", "true", 0.8, places, len(self.documents)))
        return bool(places)

    def _ignored(self) -> Iterator[str]:
        """Yield words that ship and mean something else here: names of documents, words that are spoken, vague days."""
        places: dict[str, list[tuple[str, bool]]] = defaultdict(list)
        named: Counter[str] = Counter()
        days: dict[str, bool] = {}
        for path, document in self.documents.items():
            fields = {str(value).strip() for value in document.metadata.values()}
            quotes = [(b.start, b.end) for b in document.blocks if b.kind == "quote"]
            for left in find_placeholders(document, self.conventions):
                spoken = any(start <= left.start < end for start, end in quotes)
                if left.text.endswith(VAGUE_DAY):
                    days[path] = days.get(path, True) and left.text in fields
                    continue
                places[left.text].append((f"{path}:{document.source.line(left.start)}", spoken))
                named[left.text] += left.text in _marks() and not left.sure
        if len(days) >= max(_FEWEST, len(self.documents) * _HALF) and all(days.values()):
            yield VAGUE_DAY
            self.guesses.append(_seen("placeholders.ignore", VAGUE_DAY, 0.9, list(days), len(self.documents)))
        names = _names(self.documents, self.titles)
        for word, result in sorted(places.items()):
            where = [place for place, _ in result]
            if word in names:
                yield word
                self.guesses.append(_seen("placeholders.ignore", word, 0.9, where, len(result)))
            elif word in self.conventions.words:
                continue
            elif all(spoken for _, spoken in result) or named[word] >= max(_TWICE, len(result) * _HALF):
                yield word
                question = f"is {word!r} a name or spoken in {where[0]}, and no mark of an unfinished text?"
                guess = _seen("placeholders.ignore", word, 0.5, where, len(result))
                self.guesses.append(replace(guess, question=question))


def _marks() -> set[str]:
    """Return the marks of an unfinished text that may be names as well: notes such as "TODO" are none."""
    table = words()["placeholders"]
    return {*table["words"]}.difference(table["notes"])


def _seen(subject: str, value: str, confidence: float, places: list[str], total: int) -> Guess:
    return Guess(subject, value, confidence, len(places), total, tuple(places[:_SAMPLE]))


def _names(documents: Documents, titles: TitleConventions) -> set[str]:
    """Return the words in the names of documents: of files, and in titles."""
    stems = {bare_name(path) for path in documents}
    return stems.union(*(_TOKEN.findall(read_title(document, titles)) for document in documents.values()))


def _pieces(document: Document) -> Iterator[str]:
    for block in document.blocks:
        yield from _texts(document, block)


def _stubs(document: Document) -> Iterator[str]:
    """Yield what a document says of itself that says little else: "This page is a work in progress"."""
    if count_words(document) <= _STUB:
        for text in _pieces(document):
            yield from (" ".join(match[0].split()) for match in _unfinished().finditer(text))


@lru_cache(maxsize=1)
def _unfinished() -> re.Pattern[str]:
    table = words()["survey"]["stubs"]
    this, pages, verbs, states = (any_of(table[key]) for key in ("this", "pages", "verbs", "states"))
    return re.compile(
        rf"\b(?:{this})\s+(?:{pages})\s+(?:{verbs})(?:\s+[^\W\d_]+){{0,3}}?\s+(?:{states})\b", re.IGNORECASE
    )


def _texts(document: Document, block: Block) -> Iterable[str]:
    if block.kind == "list":
        return (item.text for item in block.items)
    return (document.source.slice(block.start, block.end),) if block.kind in ("paragraph", "quote") else ()


def commonest(values: Iterable[str]) -> str:
    """Return the value that is there most often, the first in order of several."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value), default="")


def is_page(stem: str) -> bool:
    """Say whether a file of that name commonly shows its folder."""
    return stem.casefold() in words()["survey"]["pages"]


def is_template_name(path: str) -> bool:
    """Say whether a path says that it shows a form."""
    tokens = {section_key(part) for part in re.split(r"[/._-]", path.rpartition(".")[0])}
    return not tokens.isdisjoint(map(section_key, words()["survey"]["templates"]))


def ends_as_template(path: str) -> bool:
    """Say whether the name of a file ends with the word for a form: what it is about comes before it."""
    *_, last = re.split(r"[/._-]", path.rpartition(".")[0])
    return is_template_name(f"{last}.md")
