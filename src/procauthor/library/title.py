"""Titles of procedures, and the file names that follow from them."""

from __future__ import annotations

import re

from procauthor.errors import InvalidTitleError
from procauthor.markdown.slug import slugify
from procauthor.naming import title_key, unportable

_MAX_TITLE = 120
_BAD_TITLE = re.compile(r"[\x00-\x1f\\<>{}\[\]|`]|\.\.")
# Where a name ends within the name of a file.
_WORD_END = re.compile(r"[^\W\d_]\Z")
_WORD_START = re.compile(r"[^\W_]")


def check_title(title: str) -> str:
    """Return a title with its spaces folded.

    Raises:
        InvalidTitleError: It is empty, too long, or holds what no title can hold.
    """
    clean = " ".join(title.split())
    if not clean:
        message = "the title is empty"
        raise InvalidTitleError(message, 'name the procedure, for example "Threat Model Procedure"')
    if len(clean) > _MAX_TITLE:
        message = f"the title has {len(clean)} characters, more than {_MAX_TITLE}"
        raise InvalidTitleError(message)
    if _BAD_TITLE.search(title) or not clean.removeprefix(".")[:1].isalnum() or not slugify(clean).strip("-"):
        message = f"{title!r} cannot be the title of a procedure"
        raise InvalidTitleError(message, "a title begins with a letter or a digit and is no path")
    return clean


def file_stem(title: str) -> str:
    """Return the name of the file for a title, without ending: ``Threat Model Procedure`` gives ``threat-model``."""
    stem = _dashed(title_key(title))
    return f"{stem}-procedure" if unportable(stem) else stem


def _dashed(text: str) -> str:
    return re.sub(r"-{2,}", "-", re.sub(r"[^\w]+", "-", text)).strip("-")


def stem_like(stem: str, old_title: str, new_title: str) -> str:
    """Return the name of the file for a new title, in the manner in which the old one follows from the old title.

    What is around it stays: a number before it, or another ending behind it, as in ``003-use-c`` and ``eval.sop``.
    """
    manners = (
        file_stem,
        lambda title: slugify(title).strip("-"),
        lambda title: file_stem(title).replace("-", "_"),
        lambda title: slugify(title).strip("-").replace("-", "_"),
        _dashed,
        lambda title: _dashed(title).replace("-", "_"),
        _joined,
    )
    for manner in manners:
        written = manner(old_title)
        # A title of signs alone gives no name.
        before, old, after = stem.partition(written) if written else (stem, "", "")
        if old and not _WORD_END.search(before) and not _WORD_START.match(after):
            return f"{before}{manner(new_title)}{after}"
    return file_stem(new_title)


def _joined(title: str) -> str:
    """Return the words of a title as one word: ``Link Down`` gives ``LinkDown``."""
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[^\W_]+", title))
