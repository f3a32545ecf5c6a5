"""How the items of a list are mostly written: a name in bold, words behind it, and where it comes from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from procauthor.markdown.document import Item

_MOSTLY = 0.6
_MARKER = re.compile(r"^(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
_SOURCE = re.compile(r"\s*\((?P<word>[^\W\d_][^\W\d_ ]{0,20}):\s*[^()]*(?:\([^()]*\)[^()]*)?\)\s*$")
_NAMED = re.compile(r"\*\*[^*\n]{1,80}?(?P<inside>:?)\*\*(?P<gap>:?\s*(?:[-–—]\s+)?)(?P<rest>.*)$")
# What a name in bold and the words behind it are, by the role of their section.
_FIELDS = {"inputs": ("artifact", "description"), "outputs": ("artifact", "guarantee"), "exits": ("state", "meaning")}


def example_of(items: Sequence[Item], role: str) -> str:
    """Return an example of an item as most are written, with its marker; without any, the items are plain.

    ``- **Ticket**: what is wanted (From: Intake)`` gives ``- **{artifact}**: {description} (From: {provider?})`` in a
    section of inputs.
    """
    top = min((item.level for item in items), default=0)
    outer = [item for item in items if item.level == top]
    if not outer:
        return "- {item}"
    shapes = Counter(_shape(item, role) for item in outer)
    shape = max(shapes, key=lambda each: (shapes[each], each))
    ticked = sum(item.checked is not None for item in outer) > len(outer) / 2
    ordered = sum(item.number is not None for item in outer) > len(outer) / 2
    marker = "- [ ] " if ticked else "1. " if ordered else "- "
    return marker + (shape if shapes[shape] >= len(outer) * _MOSTLY else "{item}")


def _shape(item: Item, role: str) -> str:
    text = _MARKER.sub("", item.raw.split("\n")[0].strip())
    source = _SOURCE.search(text)
    named = _NAMED.match(text[: source.start()] if source else text)
    if named is None:
        return f"{{artifact}} ({source['word']}: {{source}})" if source else "{item}"
    name, words = ("artifact", "description") if source else _FIELDS.get(role, ("name", "text"))
    behind = f" ({source['word']}: {{provider?}})" if source else ""
    said = f"{named['gap'].rstrip()} {{{words}}}" if named["rest"].strip() else named["gap"].rstrip()
    return f"**{{{name}}}{named['inside']}**{said}{behind}"
