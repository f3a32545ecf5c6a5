"""Keeps an answer short enough for a client: rows or text in pages, each text once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

MOST = 20_000
"""So many characters has an answer unless more are asked for; clients put longer ones into files."""
_RESERVE = 400
_LEAST = 1_000
_Piece = TypeVar("_Piece")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool returns.

    ``data`` is the structured content, and ``text`` what a reader sees besides it: it is no part of the data. ``rows``
    names the lists in the data that are cut into pages, one behind the other; where there is a text, the text is cut.
    """

    data: Mapping[str, Any]
    text: str = ""
    rows: tuple[str, ...] = ()


def fit(outcome: Outcome, page: int, most: int) -> Outcome:
    """Return one page of an outcome, with ``page`` and ``pages`` in its data where there are several.

    Args:
        outcome: The whole.
        page: Which page, counted from 1; a number behind the last page means the last one.
        most: How many characters data and text may have together.
    """
    rest = {name: value for name, value in outcome.data.items() if name not in outcome.rows}
    room = max(most - _size(rest) - _RESERVE, _LEAST)
    if outcome.text:
        lines, numbers = _page(_lines(outcome.text, room), _sent, room, page)
        return Outcome({**outcome.data, **numbers}, "".join(lines))
    if outcome.rows:
        every = chain.from_iterable(((name, row) for row in outcome.data[name]) for name in outcome.rows)
        shown, numbers = _page(every, _size, room, page)
        lists = {name: [row for whose, row in shown if whose == name] for name in outcome.rows}
        return Outcome({**outcome.data, **lists, **numbers})
    return outcome


def _size(value: object) -> int:
    return len(json.dumps(value, default=str)) + 2


def _sent(text: str) -> int:
    """Return how many characters a text takes in the JSON that is sent: a line end and a quotation mark take two."""
    return len(json.dumps(text, ensure_ascii=False)) - 2


def _lines(text: str, room: int) -> Iterable[str]:
    """Yield the lines of a text; one that is longer than a page in parts."""
    for line in text.splitlines(keepends=True):
        yield from (line[start : start + room] for start in range(0, len(line), room))


def _page(
    pieces: Iterable[_Piece], size: Callable[[_Piece], int], room: int, page: int
) -> tuple[list[_Piece], dict[str, int]]:
    """Return the pieces of one page, and the numbers of pages where there are several."""
    pages: list[list[_Piece]] = [[]]
    left = room
    for piece in pieces:
        need = size(piece)
        if need > left and pages[-1]:
            pages.append([])
            left = room
        pages[-1].append(piece)
        left -= need
    number = min(page, len(pages))
    return pages[number - 1], {"page": number, "pages": len(pages)} if len(pages) > 1 else {}
