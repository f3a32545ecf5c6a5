"""Anchors of headings, after the rules of GitHub, GitLab and MkDocs, and how a link is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal
from urllib.parse import quote

from procauthor.regex import lazy

Flavour = Literal["github", "gitlab", "mkdocs"]
_ASCII_DROPPED = lazy(r"[^\w\- ]", re.ASCII)
_GITLAB_TIER = lazy(
    r"\s*\**\((?:core|starter|premium|ultimate|free|beta|experiment)"
    r"(?:\s+(?:only|all|self|saas))?(?:\s+(?:beta|experiment))?\)\**"
)
_MKDOCS_DROPPED = lazy(r"[^\w\s-]")
_MKDOCS_SPACE = lazy(r"[-\s]+")
_MKDOCS_COUNT = lazy(r"(.*)_(\d+)")
# GitLab makes an anchor of this much of a heading only.
_GITLAB_LONGEST = 255


def slugify(text: str) -> str:
    """Return the anchor of a heading's text on GitHub: lower case, punctuation dropped, spaces to hyphens."""
    lower = text.lower()
    if lower.isascii():
        return _ASCII_DROPPED.sub("", lower).replace(" ", "-")
    return "".join(c for c in lower if c in " -" or _in_word(c)).replace(" ", "-")


def _in_word(character: str) -> bool:
    """Say whether a character belongs to words: letters, marks, digits, connectors; ² and emoji do not."""
    category = unicodedata.category(character)
    return category[0] in "LM" or category in ("Nd", "Nl", "Pc")


def slugify_gitlab(text: str) -> str:
    """Return the anchor on GitLab: as on GitHub, but hyphens never repeat, and numbers get a word in front."""
    bare = _GITLAB_TIER.sub("", text[:_GITLAB_LONGEST].strip().lower())
    slug = re.sub("-{2,}", "-", slugify(bare))
    return f"anchor-{slug}" if slug.isdigit() else slug


def slugify_mkdocs(text: str) -> str:
    """Return the anchor in MkDocs (Python-Markdown): ASCII only, and runs of spaces and hyphens become one hyphen."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _MKDOCS_SPACE.sub("-", _MKDOCS_DROPPED.sub("", plain).strip().lower())


class Slugger:
    """Counts repeated anchors within one document: ``setup``, ``setup-1``, ``setup-2``."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def slug(self, text: str) -> str:
        """Return the anchor of the next heading with this text."""
        base = slugify(text)
        slug = base
        while slug in self._seen:
            self._seen[base] += 1
            slug = f"{base}-{self._seen[base]}"
        self._seen[slug] = 0
        return slug


def slugs(texts: Iterable[str], flavour: Flavour, taken: Iterable[str] = ()) -> list[str]:
    """Return the anchors of the headings of a document in order. ``taken`` are ids that raw HTML gives."""
    if flavour == "gitlab":
        return _gitlab(texts)
    if flavour == "mkdocs":
        return _mkdocs(texts, set(taken))
    slugger = Slugger()
    return [slugger.slug(text) for text in texts]


def _gitlab(texts: Iterable[str]) -> list[str]:
    """Count by text alone: a heading that is called ``setup-1`` does not matter."""
    seen: dict[str, int] = {}
    made = []
    for text in texts:
        base = slugify_gitlab(text)
        count = seen.get(base, 0)
        seen[base] = count + 1
        made.append(f"{base}-{count}" if count else base)
    return made


def _mkdocs(texts: Iterable[str], taken: set[str]) -> list[str]:
    """Count with an underscore from what is taken; an empty anchor becomes ``_1``."""
    made = []
    last: dict[str, int] = {}
    for text in texts:
        slug = slugify_mkdocs(text)
        if not slug or slug in taken:
            match = _MKDOCS_COUNT.fullmatch(slug)
            base, count = (match[1], int(match[2]) + 1) if match else (slug, 1)
            count = max(count, last.get(slug, 0) + 1)
            while f"{base}_{count}" in taken:
                count += 1
            last[slug] = count
            slug = f"{base}_{count}"
        taken.add(slug)
        made.append(slug)
    return made


# An underscore within a word is no emphasis; an ampersand alone is no entity.
_SIGNS = lazy(r"[\\`*\[\]|~]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|!(?=\[)|&(?=#?\w+;)", re.ASCII)
_UNSAFE = lazy(r"""[\x00-\x20\x7f()<>"'\\%?#|`\[\]]|&(?=#?\w+;)""")
_UNSAFE_IN_ANGLE = lazy(r"[\x00-\x1f<>\\%?#|]|&(?=#?\w+;)")
_SCHEME_LIKE = lazy(r"[^/]*:")


def label_key(label: str) -> str:
    """Return what tells the labels of reference definitions apart: neither case nor blanks."""
    return " ".join(label.split()).casefold()


def escape(text: str) -> str:
    """Return a text in one line as Markdown that shows it letter by letter, also in a heading, a link or a cell."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.split()))


def encode_path(path: str, *, angle: bool = False) -> str:
    """Return a path as it is written in the target of a link.

    Args:
        path: The path as the disk has it.
        angle: Whether the target is written between ``<`` and ``>``, where spaces and brackets stay.
    """
    unsafe = _UNSAFE_IN_ANGLE if angle else _UNSAFE
    text = unsafe.sub(lambda match: quote(match[0], safe=""), path)
    # "c:notes.md" would be read as an address of its own kind.
    return f"./{text}" if _SCHEME_LIKE.match(text) else text


def write_link(text: str, target: str) -> str:
    """Return a link that shows a text. ``target`` is written already, as `reference.relative` gives it."""
    return f"[{escape(text)}]({target})"
