"""Admonitions and tabs of MkDocs: a line that opens them, and a body that is set in by four spaces.

CommonMark takes such a body for code. Written as an item of a list, it is read as what it is, and no offset moves.
"""

from __future__ import annotations

import re

_OPENS = re.compile(r"""^[ ]*(?:!!![ ]+\w|\?\?\?\+?[ ]+\w|===[!+]?[ ]+["'])""", re.MULTILINE)
_LINE = re.compile(r"""(?P<indent>[ ]*)(?P<sign>(?:!!!|\?\?\?|===)(?P<more>[!+]?)[ ]+)(?=[\w"'])""")
_FENCE = re.compile(r"[ >]*(`{3,}|~{3,})")
_DEPTH = 4


def open_bodies(text: str) -> tuple[str, frozenset[int]]:
    """Return the text with each admonition and tab as the item of a list, and where these items are.

    Both have the same length in bytes; the places are byte offsets.
    """
    if not _OPENS.search(text):
        return text, frozenset()
    lines = text.splitlines(keepends=True)
    marker = "1)  " if any(line.lstrip().startswith("+") for line in lines) else "+   "
    places: set[int] = set()
    fence = ""
    position = 0
    for number, line in enumerate(lines):
        mark = _FENCE.match(line)
        if mark and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        match = None if fence else _LINE.match(line)
        if match and _has_body(lines, number, len(match["indent"]) + _DEPTH):
            # A longer sign leaves a letter behind, so that the body begins at the fourth column.
            rest = "." * (len(match["sign"]) - _DEPTH)
            lines[number] = match["indent"] + marker + rest + line[match.end() :]
            places.add(position + len(match["indent"]))
        position += len(line.encode())
    return "".join(lines), frozenset(places)


def _has_body(lines: list[str], number: int, depth: int) -> bool:
    places = range(number + 1, len(lines))
    following = next((lines[place] for place in places if lines[place].strip()), "")
    return following.startswith(" " * depth)
