"""Where a link leads."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

from msgspec import Struct

from procauthor.convention.site import candidates, plain_target, rules_of, shows
from procauthor.markdown.write import encode_path
from procauthor.settings import Conventions

_SCHEME = re.compile(r"^(?:[a-zA-Z][a-zA-Z0-9+.-]*:|//)")


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


def resolve_on_site(source: str, target: str, conventions: Conventions) -> Target:
    """Resolve a link as the site does that shows the documents; see `resolve`."""
    if rules_of(conventions.site) == rules_of("github") or not shows(source, conventions):
        return resolve(source, target)
    plain = plain_target(target, conventions)
    if plain is None:
        return Target(None, external=True)
    found = resolve(source, plain)
    path = unquote(plain.partition("#")[0].partition("?")[0])
    if found.external or not path:
        return found
    first, *others = dict.fromkeys(candidates(source, path, conventions))
    inside = not (first == ".." or first.startswith("../"))
    return Target(first if inside else None, found.anchor, escapes=not inside, others=tuple(others))


def resolve(source: str, target: str) -> Target:
    """Resolve a link target as written in the document at ``source``.

    Relative to the document; a leading slash means the root; the query is dropped, percent signs are decoded. An
    empty path with an anchor means the document itself.
    """
    if _SCHEME.match(target):
        return Target(None, external=True)
    path, _, anchor = target.partition("#")
    path = unquote(path.partition("?")[0])
    anchor = unquote(anchor)
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
    return encode_path(posixpath.relpath(target, posixpath.dirname(source) or "."))
