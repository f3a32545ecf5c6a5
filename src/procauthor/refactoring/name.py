"""Finds and rewrites the names of documents: in headings, texts of links, running text and front matter."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from procauthor.checking.phrase import Phrase, Titles, find_phrases, odd_title
from procauthor.checking.scope import Scope
from procauthor.errors import LibraryError
from procauthor.library.library import Procedure
from procauthor.markdown.document import Link, Replacement, escape
from procauthor.markdown.front import Put, Scalar, edit_front_matter, read_scalars
from procauthor.markdown.passage import PlainText, Shown, read_parts, read_passages, read_shown
from procauthor.markdown.target import Spot, find_link, is_html, keep_label, read_titles
from procauthor.naming import NAME_EDGES, title_key
from procauthor.refactoring.relocation import NewName, Relocation
from procauthor.regex import lazy

_LAST = lazy(r"\s+(?:Procedures?|Orchestrations?|Standards)$", re.IGNORECASE)
_PLURALS = {"procedures": "procedure", "orchestrations": "orchestration"}
_WORD = lazy(r"\S+")
_CAPITALISED = lazy(r"\b[A-Z][a-z]+\b")
_ESCAPED = lazy(r"[\\&]")
# What may be around a name in a text that is nothing else.
_EDGE = r"""[\[\](){}<>'"“”„‚‘’«».,;:!?\s]*"""
_ARTICLE = r"(?:(?:the|an|a)\s+)?"


class Swap(Struct, frozen=True):
    """Letters of a text from ``start`` to ``end``, and the words that take their place."""

    start: int
    end: int
    text: str


def find_swaps(text: str, name: NewName) -> Iterator[Swap]:
    """Yield what puts the new name in place of the old one in the text of a link, which may use a short form of it."""
    if name.title == name.procedure.title:
        return
    alone = _find_alone(text, name.procedure.title, name.title)
    if alone is None:
        # "Test Plan" for the Test Plan Procedure: the short form stays short.
        alone = _find_alone(text, _LAST.sub("", name.procedure.title), _LAST.sub("", name.title))
    start, end = _without_signs(text, name.procedure.key)
    short = re.fullmatch(rf"{_ARTICLE}(?P<name>.+)", text[start:end], re.IGNORECASE | re.DOTALL)
    if alone:
        yield Swap(alone.start, alone.end, _cased_like(text[alone.start : alone.end], name, alone.text))
    elif short:
        title = name.title if _LAST.search(short["name"]) else _LAST.sub("", name.title)
        yield Swap(start + short.start("name"), end, _cased_like(short["name"], name, title))
    elif len(name.procedure.title.split()) > 1:
        before, behind = NAME_EDGES
        pattern = before + _spaced(name.procedure.title) + behind
        yield from (Swap(m.start(), m.end(), name.title) for m in re.finditer(pattern, text))


def _find_alone(text: str, old: str, new: str) -> Swap | None:
    """Return the swap of a text that is a name, perhaps with an article and with brackets, quotes or a point around."""
    match = re.fullmatch(rf"{_EDGE}{_ARTICLE}{_EDGE}(?P<name>{_spaced(old)}){_EDGE}", text, re.IGNORECASE)
    return Swap(*match.span("name"), new) if match else None


def _spaced(title: str) -> str:
    """Return the pattern of a title whose words may have any space between them."""
    return r"\s+".join(map(re.escape, title.split()))


def _without_signs(text: str, key: str) -> tuple[int, int]:
    """Return the span of a text that means the name and nothing else, without an arrow or the like; else nothing."""
    start, end = 0, len(text)
    if title_key(text) != key:
        return 0, 0
    while not text[start].isalnum() and title_key(text[start + 1 : end]) == key:
        start += 1
    while not text[end - 1].isalnum() and title_key(text[start : end - 1]) == key:
        end -= 1
    return start, end


def _cased_like(old: str, name: NewName, title: str) -> str:
    """Return a title in small or large letters where the words of the old one are, and are not so in the document."""
    if old in name.procedure.title or len(old.split()) == 1:
        return title
    if old.isupper():
        return title.upper()
    if not old.islower():
        return title
    return _CAPITALISED.sub(lambda word: word[0].lower(), title)


def write_swap(shown: Shown, swap: Swap) -> list[Replacement] | None:
    """Return the edits that a swap means; None where emphasis divides the name so that it cannot be told how."""
    core = narrow(shown.text, swap)
    if core.start == core.end:
        return []
    single = shown.replace(core.start, core.end, core.text)
    if single is not None:
        return [single]
    pieces = [shown.replace(each.start, each.end, each.text) for each in _word_by_word(shown.text, core)]
    edits = [piece for piece in pieces if piece is not None]
    return edits if pieces and len(edits) == len(pieces) else _poured(shown, core)


def _poured(shown: Shown, core: Swap) -> list[Replacement] | None:
    """Put all words into the one stretch of the name that has emphasis; what has none goes."""
    stretches = list(dict.fromkeys(shown.stretches[core.start : core.end]))
    marked = [stretch for stretch in stretches if stretch in shown.marked]
    if len(marked) != 1 or shown.fixed.intersection(stretches):
        return None
    edits = []
    for stretch in stretches:
        places = [place for place in range(core.start, core.end) if shown.stretches[place] == stretch]
        edits.append(shown.replace(places[0], places[-1] + 1, core.text if stretch in marked else ""))
    return [each for each in edits if each is not None] if None not in edits else None


def narrow(text: str, swap: Swap) -> Swap:
    """Return a swap without the words that old and new have in common at both ends; one word at least is left."""
    old = list(_WORD.finditer(text, swap.start, swap.end))
    words, new = [m[0] for m in old], swap.text.split()
    fold = str if [*map(_folded, words)] == [*map(_folded, new)] else _folded
    one, other = [fold(word) for word in words], [fold(word) for word in new]
    front = _common(one, other)
    back = _common(one[front:][::-1], other[front:][::-1])
    if words == new:
        return Swap(swap.start, swap.start, "")
    if front + back in (len(words), len(new)):
        # One of the two has no word left: the change goes to the word beside.
        front, back = (front - 1, back) if front else (front, back - 1)
    return Swap(old[front].start(), old[len(old) - back - 1].end(), " ".join(new[front : len(new) - back]))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two names have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (first, second) in enumerate(pairs) if first != second), min(len(one), len(other)))


def _folded(word: str) -> str:
    folded = word.casefold()
    return _PLURALS.get(folded, folded)


def _word_by_word(text: str, swap: Swap) -> Iterator[Swap]:
    old = list(_WORD.finditer(text, swap.start, swap.end))
    new = swap.text.split()
    if len(old) == len(new):
        yield from (Swap(m.start(), m.end(), word) for m, word in zip(old, new, strict=True) if m[0] != word)


_ARTICLES = frozenset({"the", "a", "an"})
# A capitalised word before a name is part of another name, unless one of these is between.
_MINOR = frozenset({"and", "or", "of", "the", "a", "an", "to", "for", "in", "on", "with", "by"})
_SPACE = lazy(r"[\s>]+")


class Mention(Struct, frozen=True):
    """A name in running text, and where it begins in its passage."""

    host: Procedure
    passage: PlainText
    start: int
    text: str

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the bytes of letters of the name; None where emphasis begins or ends between them."""
        first = self.passage.offset(self.start + start)
        last = _end_offset(self.passage, self.start + end)
        raw = self.host.document.source.raw[first:last].decode(errors="replace")
        plain = html.unescape(raw.replace("\\", ""))
        return (first, last) if _SPACE.sub(" ", plain) == _SPACE.sub(" ", self.text[start:end]) else None


def find_mentions(scope: Scope, host: Procedure, target: Procedure) -> Iterator[Mention]:
    """Yield where a document names another one, or itself, outside of links and code.

    A name that several documents share counts only where the one in reach is the target. A longer name that ends with
    the title is another name.
    """
    titles = Titles({target.title})
    odd = odd_title(target.title)
    for passage in read_passages(host.document):
        text = passage.text
        taken = [match.span() for match in odd.finditer(text)] if odd else []
        yield from (Mention(host, passage, start, text[start:end]) for start, end in taken)
        for phrase in find_phrases(text):
            if _overlaps(phrase.starts[0], phrase.end, taken):
                continue
            taken.append((phrase.starts[0], phrase.end))
            start = _start_of_name(scope, host, target, phrase)
            if start is not None:
                yield Mention(host, passage, start, text[start : phrase.end])
        for match in titles.search(text):
            if not _overlaps(*match.span(), taken):
                yield Mention(host, passage, match.start(), match[0])


def _overlaps(start: int, end: int, taken: Sequence[tuple[int, int]]) -> bool:
    return any(start < other and first < end for first, other in taken)


def _start_of_name(scope: Scope, host: Procedure, target: Procedure, phrase: Phrase) -> int | None:
    """Return where the name of the target starts: the longest end of the phrase that is a known name must be it."""
    ends = list(phrase.ends)
    for place, (start, words) in enumerate(ends):
        key = title_key(words)
        if key in scope.announced and key != target.key:
            return None
        meant = (host,) if key == host.key else scope.named(key, host)
        if meant:
            if meant != (target,) or not _begins(phrase, place):
                return None
            # The key of "The API Design Procedure" is that of the name without its article.
            skip = phrase.words[place].casefold() in _ARTICLES and title_key(words.partition(" ")[2]) == key
            return ends[place + 1][0] if skip else start
    return None


def _begins(phrase: Phrase, place: int) -> bool:
    """Say whether a name can begin there: of "Define Test Plan Procedure", the verb opens the sentence."""
    if place == 0 or phrase.words[place].casefold() in _ARTICLES or phrase.words[place - 1].casefold() in _MINOR:
        return True
    return place == 1 and phrase.sentence_start


def _end_offset(passage: PlainText, end: int) -> int:
    """Return the byte offset behind the last character before ``end``."""
    for run, start in zip(reversed(passage.runs), reversed(passage.starts), strict=True):
        if start < end:
            inside = end - start
            return run.end if inside >= len(run.text) else run.start + len(run.text[:inside].encode())
    return passage.runs[0].start


# Under these keys a value that means the document is its name, however it is spelled.
_REFERENCES = frozenset(
    {"depends_on", "superseded_by", "alias_of", "translation_of", "replaces", "replaced_by", "related", "see_also"}
)
_OWN = frozenset({"title", "id", "aliases", "alias", "status", "lifecycle", "phase", "tags", "keywords"})
_HTML_LINK_TEXT = lazy(rb"[^<>]*>([^<>]*)</a", re.IGNORECASE)


def rename_names(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    """Yield replacements of the old names in a document by the new ones."""
    yield from _link_texts(host, relocation)
    yield from _titles(host, relocation)
    yield from _scalars(scope, host, relocation)
    text = host.document.source.raw.decode(errors="replace").casefold()
    for name in relocation.names.values():
        # Titles are names only where documents are of a kind that has names.
        named = name.procedure.counted or name.procedure.kind == "standard"
        if named and all(word in text for word in name.procedure.key.split() if word != "and"):
            for mention in find_mentions(scope, host, name.procedure):
                yield from _mention(mention, name)


def _mention(mention: Mention, name: NewName) -> Iterator[Replacement]:
    core = narrow(mention.text, Swap(0, len(mention.text), name.title))
    if core.start < core.end:
        span = mention.span(core.start, core.end)
        yield from [Replacement(*span, escape(core.text), core.text)] if span else ()


# Texts of links


def _link_texts(host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    for link in host.document.links:
        name = relocation.name_of(host.path, link.target)
        if name is not None:
            yield from _link_text(host, link, relocation, name)


def _link_text(host: Procedure, link: Link, relocation: Relocation, name: NewName) -> Iterator[Replacement]:
    if link.image:
        return
    if is_html(host.document, link):
        yield from _html_text(host.document.source.raw, link, relocation, name)
        return
    container = find_link(host.document, link)
    if container is None or container.data["link_type"] in ("Autolink", "Email"):
        return
    shown = read_shown(host.document, read_parts(host.document).within("Link", link.start))
    edits: list[Replacement] = []
    for swap in _swaps(shown.text, relocation, name):
        written = write_swap(shown, swap)
        if written is None:
            message = f"{host.path}:{link.line}: the name in the link {link.text!r} is divided by emphasis or code"
            raise LibraryError(message, f"nothing was changed; write this link as you want it to read {name.title!r}")
        edits += written
    if edits:
        yield from edits
        yield from keep_label(host.document, container)


def _swaps(text: str, relocation: Relocation, name: NewName) -> Iterator[Swap]:
    """Yield what a text of a link to a document becomes: it may hold its name, or be its path."""
    path, bare = name.procedure.path, text.strip()
    new_path = relocation.targets.get(path, path)
    if bare and bare in (path, path.rpartition("/")[2]):
        start = text.index(bare)
        new = new_path if bare == path else new_path.rpartition("/")[2]
        yield from [Swap(start, start + len(bare), new)] if new != bare else ()
    else:
        yield from find_swaps(text, name)


def _html_text(raw: bytes, link: Link, relocation: Relocation, name: NewName) -> Iterator[Replacement]:
    match = _HTML_LINK_TEXT.match(raw, link.end)
    if match is None or raw[link.start : link.start + 2].lower() != b"<a":
        return
    text = match[1].decode()
    for swap in _swaps(text, relocation, name):
        core = narrow(text, swap)
        if core.start < core.end:
            start, end = (match.start(1) + len(text[:place].encode()) for place in (core.start, core.end))
            yield Replacement(start, end, html.escape(core.text, quote=False))


def find_titles(host: Procedure, relocation: Relocation) -> Iterator[tuple[Spot, str]]:
    """Yield each title of a link that holds an old name, and what it says instead; one with escapes is left alone."""
    for spot in read_titles(host.document):
        name = relocation.name_of(host.path, spot.target)
        text = spot.written
        if name is not None and not _ESCAPED.search(text):
            for swap in sorted(find_swaps(text, name), key=lambda swap: -swap.start):
                text = text[: swap.start] + swap.text + text[swap.end :]
            if text != spot.written:
                yield spot, text


def _titles(host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    for spot, text in find_titles(host, relocation):
        quote = host.document.source.raw[spot.end : spot.end + 1].decode()
        written = re.sub(r"[\\()]" if quote == ")" else rf"[\\{quote}]", r"\\\g<0>", text)
        yield Replacement(spot.start, spot.end, written)


# Front matter


def _scalars(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Replacement]:
    edits = list(_puts(scope, host, relocation))
    yield from edit_front_matter(host.document, host.path, edits) if edits else ()


def _puts(scope: Scope, host: Procedure, relocation: Relocation) -> Iterator[Put]:
    for scalar in read_scalars(host.document):
        if scalar.key in _OWN:
            continue
        parts = re.split(r"(\s*,\s*)", scalar.value) if scalar.key == "depends_on" else [scalar.value]
        value = "".join(_named(scope, host, scalar, part, relocation) for part in parts)
        if value != scalar.value:
            yield Put(scalar.key, value, scalar.index)


def _named(scope: Scope, host: Procedure, scalar: Scalar, value: str, relocation: Relocation) -> str:
    # A document does not mean itself there, even where it goes by the same name.
    others = tuple(p for p in scope.named(title_key(value), host) if p is not host)
    name = relocation.names.get(others[0].path) if len(others) == 1 else None
    if name is None:
        return value
    if value == name.procedure.id:
        return name.id or value
    exact = value.casefold() == name.procedure.title.casefold() and len(value.split()) > 1
    return name.title if exact or scalar.key in _REFERENCES else value
