"""What a lifecycle is called: in the heading above its procedures, and by the folder that holds them."""

from __future__ import annotations

import re
from functools import lru_cache

from procauthor.convention.word import words
from procauthor.markdown.document import Document, Section
from procauthor.template.key import plain_heading
from procauthor.template.role import words as roles

_SIGNS = re.compile(r"^[^\w(]+|[^\w)]+$")
_REMARK = re.compile(r"\s*(?:[(\[:]|\s[-–—]\s).*$", re.DOTALL)
_NUMBER = re.compile(r"^\d{1,4}(?:[-_.]|\s)+")


def lifecycle_name(heading: str) -> str:
    """Return the name in a heading: without number, signs, remark, and the word "Lifecycle".

    ``8. API Lifecycle (3 of 7)`` gives ``API``.
    """
    text = _REMARK.sub("", plain_heading(_SIGNS.sub("", heading))).strip()
    return _ends().sub("", text).strip() or text


def folder_lifecycle(folder: str) -> str:
    """Return the name of a lifecycle by its folder: ``08-api-lifecycle`` gives ``Api``."""
    return lifecycle_name(_NUMBER.sub("", folder).replace("-", " ").replace("_", " ").title())


def lifecycle_above(document: Document, section: Section) -> str:
    """Return the name of the lifecycle that a section of an index is about: a phase belongs to the one above it."""
    while section.parent is not None and _phase().match(plain_heading(_SIGNS.sub("", section.title))):
        above = document.sections[section.parent]
        if above.level <= 1 or not above.title:
            break
        section = above
    return lifecycle_name(section.title)


@lru_cache(maxsize=1)
def _ends() -> re.Pattern[str]:
    table = words()["index"]["lifecycles"]
    ends, begins = ("|".join(map(re.escape, table[key])) for key in ("endings", "beginnings"))
    return re.compile(rf"\s+(?:{ends})$|^(?:{begins})\s+", re.IGNORECASE)


@lru_cache(maxsize=1)
def _phase() -> re.Pattern[str]:
    names = "|".join(map(re.escape, roles().steps))
    return re.compile(rf"(?:{names})\s+\d", re.IGNORECASE)
