"""Where a link leads, where a document was before, and which file name follows from a title."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from msgspec import Struct

from procauthor.convention.site import by_address, candidates, plain_target, rules_of, shows
from procauthor.errors import InvalidTitleError
from procauthor.markdown.document import encode_path, escape, slugify
from procauthor.naming import title_key, unportable
from procauthor.regex import lazy
from procauthor.settings import Conventions

_SCHEME = lazy(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)")


class Target(Struct, frozen=True, array_like=True, gc=False):
    """A resolved link: a path relative to the library's root, or None outside of it; and an anchor.

    ``others`` are paths that a site may mean as well, the most likely first; ``..`` at the beginning leads out.
    """

    path: str | None
    anchor: str = ""
    external: bool = False
    escapes: bool = False
    others: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths within the library that may be meant."""
        inside = (path for path in self.others if path != ".." and not path.startswith("../"))
        return tuple(dict.fromkeys((*((self.path,) if self.path else ()), *inside)))


def resolve_on_site(source: str, target: str, conventions: Conventions, folder: str = "") -> Target:
    """Resolve a link as the site does that shows the documents; see `resolve` and `page_folder`.

    A whole address leads out of the library; what it may mean inside is among the other paths.
    """
    if conventions.addresses and _SCHEME.match(target):
        return Target(None, external=True, others=tuple(by_address(target, conventions)))
    if rules_of(conventions.site) == rules_of("github") or not shows(source, conventions):
        return resolve(source, target)
    plain = plain_target(target, conventions)
    if plain is None:
        return Target(None, external=True)
    plainly = resolve(source, plain)
    path = unquote(plain.partition("#")[0].partition("?")[0])
    if plainly.external or not path:
        return plainly
    first, *others = dict.fromkeys(candidates(source, path, conventions, folder))
    inside = not (first == ".." or first.startswith("../"))
    return Target(first if inside else None, plainly.anchor, escapes=not inside, others=tuple(others))


def resolve(source: str, target: str) -> Target:
    """Resolve a link target as written in the document at ``source``.

    Relative to the document; a leading slash means the root; the query is dropped, percent signs are decoded. An
    empty path with an anchor means the document itself.
    """
    if _SCHEME.match(target):
        return Target(None, external=True)
    path, _, anchor = target.partition("#")
    path = unquote(path.partition("?")[0])
    # What follows ":~:" marks words of the page, and is no part of the anchor.
    anchor = unquote(anchor.partition(":~:")[0])
    if not path:
        return Target(source, anchor)
    joined = _joined(source, path)
    if joined == ".." or joined.startswith("../"):
        return Target(None, anchor, escapes=True)
    return Target(joined, anchor)


def path_of(source: str, target: str) -> str:
    """Return where a link without a scheme leads, from the library's root; ``..`` at its beginning leads out."""
    return _joined(source, unquote(target.partition("#")[0].partition("?")[0]))


def _joined(source: str, path: str) -> str:
    return join("" if path.startswith("/") else source.rpartition("/")[0], path.lstrip("/"))


def join(folder: str, path: str) -> str:
    """Return the normal form of a path in a folder, both relative, as `posixpath.normpath` gives it.

    A library has many links, and nearly all of them only go up and down.
    """
    if "//" not in path:
        while folder and path.startswith("../"):
            folder, path = folder.rpartition("/")[0], path[3:]
    if "./" in path or "//" in path or path.endswith(("/", ".")) or not path:
        return posixpath.normpath(posixpath.join(folder, path))
    return f"{folder}/{path}" if folder else path


def relative(source: str, target: str) -> str:
    """Return the target of a link from one document to another, both by path from the root, as it is written."""
    folder, _, name = target.rpartition("/")
    way = _between(posixpath.dirname(source), folder)
    return encode_path(name if way == "." else f"{way}/{name}")


@lru_cache(maxsize=4096)
def _between(here: str, there: str) -> str:
    return posixpath.relpath(there or ".", here or ".")


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias document: its path and title, and further titles that lead to the same document."""

    path: str
    title: str
    more: Sequence[str] = ()


def alias_text(alias: Alias, target: str, link: str, newline: str) -> bytes:
    """Return the bytes of an alias document for the document at ``target``, with a link to it as readers follow it."""
    path, title = relative(alias.path, target), alias.title
    lines = [
        "---",
        f"alias_of: {json.dumps(path, ensure_ascii=False)}",
        "status: Alias",
        *(["aliases:"] if alias.more else []),
        *(f"  - {json.dumps(each, ensure_ascii=False)}" for each in alias.more),
        "---",
        "",
        f"# {escape(title)}",
        "",
        f"This document is now {link}.",
        "",
    ]
    return newline.join(lines).encode()


_MAX_TITLE = 120
_CODE = lazy(r"`([^`]+)`")
_BAD_TITLE = lazy(r"[\x00-\x1f\\<>{}`]|\.\.|\]\(|\[\[")
# Where a name ends within the name of a file.
_WORD_END = lazy(r"[^\W\d_]\Z")
_WORD_START = lazy(r"[^\W_]")


def check_title(title: str) -> str:
    """Return a title with its spaces folded, and without the marks of code around a word of it.

    Raises:
        InvalidTitleError: It is empty, too long, or holds what no title can hold.
    """
    clean = " ".join(_CODE.sub(r"\1", title).split())
    if not clean:
        message = "the title is empty"
        raise InvalidTitleError(message, 'name the procedure, for example "Threat Model Procedure"')
    if len(clean) > _MAX_TITLE:
        message = f"the title has {len(clean)} characters, more than {_MAX_TITLE}"
        raise InvalidTitleError(message)
    message = f"{title!r} cannot be the title of a procedure"
    sign = _BAD_TITLE.search(_CODE.sub(r"\1", title))
    if sign:
        raise InvalidTitleError(message, f"leave out {sign[0]!r}, which means something else in Markdown or in a path")
    if not clean.removeprefix(".")[:1].isalnum() or not slugify(clean).strip("-"):
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
        _join_name,
        _as_written,
    )
    for manner in manners:
        written, new = manner(old_title), manner(new_title)
        # A title of signs alone gives no name.
        before, old, after = stem.partition(written) if written and new else (stem, "", "")
        if old and not _WORD_END.search(before) and not _WORD_START.match(after):
            return f"{before}{new}{after}"
    return file_stem(new_title)


def _as_written(title: str) -> str:
    """Return the title itself, with its blanks and capitals; nothing where no file can be called so."""
    return "" if "/" in title or unportable(title) else title


def _join_name(title: str) -> str:
    """Return the words of a title as one word: ``Link Down`` gives ``LinkDown``."""
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[^\W_]+", title))
