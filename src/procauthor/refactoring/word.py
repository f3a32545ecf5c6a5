"""A new name in place of an old one, word by word: what the two have in common stays as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from procauthor.markdown.document import Replacement
from procauthor.markdown.passage import Shown
from procauthor.naming import NAME_EDGES, title_key
from procauthor.refactoring.relocation import NewName
from procauthor.regex import lazy

_LAST = lazy(r"\s+(?:Procedures?|Orchestrations?|Standards)$", re.IGNORECASE)
_PLURALS = {"procedures": "procedure", "orchestrations": "orchestration"}
_WORD = lazy(r"\S+")
# What may stand around a name in a text that is nothing else.
_EDGE = r"""[\[\](){}<>'"“”„‚‘’«».,;:!?\s]*"""
_ARTICLE = r"(?:(?:the|an|a)\s+)?"


@dataclass(frozen=True, slots=True)
class Swap:
    """Letters of a text from ``start`` to ``end``, and the words that take their place."""

    start: int
    end: int
    text: str


def find_swaps(text: str, name: NewName, *, whole: bool) -> Iterator[Swap]:
    """Yield what puts the new name in place of the old one in a text.

    Args:
        text: What a reader sees.
        name: The document and its new title.
        whole: Whether the text is of a link to the document, which may use a short form of the name.
    """
    if name.title == name.procedure.title:
        return
    old = r"\s+".join(map(re.escape, name.procedure.title.split()))
    alone = re.fullmatch(rf"{_EDGE}{_ARTICLE}{_EDGE}(?P<name>{old}){_EDGE}", text, re.IGNORECASE)
    short = re.fullmatch(rf"{_EDGE}{_ARTICLE}{_EDGE}(?P<name>.*?){_EDGE}", text, re.IGNORECASE | re.DOTALL)
    before, behind = NAME_EDGES
    if alone:
        yield Swap(*alone.span("name"), name.title)
    elif whole and short and title_key(short["name"]) == name.procedure.key:
        # "Test Plan" for the Test Plan Procedure: the short form stays short.
        yield Swap(*short.span("name"), name.title if _LAST.search(short["name"]) else _LAST.sub("", name.title))
    elif len(name.procedure.title.split()) > 1:
        yield from (Swap(m.start(), m.end(), name.title) for m in re.finditer(before + old + behind, text))


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
