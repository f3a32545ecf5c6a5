"""Where links lead on the site that shows the documents: by rules as data. Its configuration is read, never run."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from procauthor.markdown.document import Document, Link
from procauthor.regex import lazy
from procauthor.settings import Conventions, Site

_FIELD = lazy(r"\{\{|\{%|<%")
# What a template puts before the path of a page: its address without the path.
_BASE = lazy(r"^\{\{-?\s*[\w.]*(?:base_?url|root_url|url)\s*-?\}\}(?=/|$)", re.IGNORECASE)
# A link whose target a template fills: it may hold spaces, so it is none by the rules of Markdown.
_FILLED = lazy(
    rb"\[(?P<text>[^\[\]\n]{0,300})\]\(\s{0,9}(?P<target>[^{}()\s]{0,300}\{(?:\{[^{}()\n]{1,300}\}|%[^{}()\n]{1,300}%)\}"
    rb"[^{}()\s]{0,300})\s{0,9}\)"
)
# What a shortcode, a tag or a filter makes of a path: the path itself, as the site counts it.
_NAMED = lazy(
    r"\{\{[<%]\s*(?:rel)?ref\s+[\"'`]?(?P<ref>[^\"'`<>%{}\s]+)[\"'`]?\s*[>%]\}\}"
    r"|\{%-?\s*\w+\s+[\"'](?P<tag>/[^\"'{}]*)[\"']\s*-?%\}"
    r"|\{\{-?\s*[\"'](?P<filter>/[^\"'{}]*)[\"']\s*\|\s*(?:relative_url|absolute_url|url)\s*-?\}\}"
)
_HTML = (".html", ".htm")
_DOCUMENTS = (".md", ".markdown", ".html.md", ".html.md.erb")
_FOLDERS = ("index", "_index", "README", "readme", "SUMMARY")


@dataclass(frozen=True, slots=True)
class Rules:
    """How a kind of site reads links.

    ``directories``: a page ``a/b.md`` is shown at ``a/b/``, and its links count from there. ``pages``: a document may
    be named without its ending, or with the ending of the page. ``routes``: links count from the root of the pages,
    too, and ``#/`` begins one. ``fields``: a template fills braces in links. ``shortcodes``: links by ``ref``.
    ``strict``: a link to a page is never read as one to a file beside the document. ``made``: the site makes pages that
    are no documents, and takes files from other folders. ``drafts``: a link without a target is a chapter that is to be
    written. ``addresses``: the keys of the front matter that say where a
    page is shown; ``last``: the one that says its last name only.
    """

    pages: bool = False
    directories: bool = False
    routes: bool = False
    fields: bool = False
    strict: bool = False
    made: bool = False
    drafts: bool = False
    addresses: tuple[str, ...] = ()
    last: str = ""


_ADDRESSES = ("permalink", "redirect_from")
_RULES: dict[Site, Rules] = {
    "mkdocs": Rules(pages=True, directories=True, fields=True, strict=True),
    "mdbook": Rules(pages=True, drafts=True),
    "hugo": Rules(pages=True, directories=True, fields=True, made=True, addresses=("url", "aliases"), last="slug"),
    "docsify": Rules(pages=True, routes=True),
    "middleman": Rules(pages=True, directories=True, fields=True, made=True),
    "jekyll": Rules(pages=True, directories=True, fields=True, made=True, addresses=_ADDRESSES),
    "eleventy": Rules(pages=True, directories=True, fields=True, made=True, addresses=_ADDRESSES),
}
_PLAIN = Rules()


def rules_of(site: Site) -> Rules:
    """Return how a kind of site reads links; one that shows files as they are has no rules of its own."""
    return _RULES.get(site, _PLAIN)


def read_links(document: Document, conventions: Conventions) -> tuple[Link, ...]:
    """Return the links of a document, those that a template fills among them, in the order of the text."""
    if not rules_of(conventions.site).fields or b"{" not in document.source.raw:
        return document.links
    known = {link.start for link in document.links}
    filled = (link for link in _filled(document) if link.start not in known)
    return tuple(sorted((*document.links, *filled), key=lambda link: link.start))


def _filled(document: Document) -> Iterator[Link]:
    """Yield the links in running text whose target a template fills."""
    source = document.source
    for match in _FILLED.finditer(source.raw):
        if document.is_text(match.start()):
            text, target = (match[key].decode(errors="replace") for key in ("text", "target"))
            image = source.raw[max(0, match.start() - 1) : match.start()] == b"!"
            yield Link(text, _name(target), image, match.start(), match.end(), source.line(match.start()))


def _name(target: str) -> str:
    """Return a target with the path that a template names in the place of the field, where it names one."""
    return _NAMED.sub(lambda match: next(filter(None, match.groups())), target)


def own_addresses(path: str, fields: Mapping[str, Sequence[str]], conventions: Conventions) -> Iterator[str]:
    """Yield where a site shows a document besides the place of its file, as paths from the library's root.

    Args:
        path: The path of the document.
        fields: The values in its front matter, by the keys that the rules of the site name.
        conventions: The kind of site, and where its pages are.
    """
    rules, root = rules_of(conventions.site), conventions.site_root
    home = posixpath.dirname(path)
    if posixpath.basename(path).partition(".")[0] in _FOLDERS:
        home = posixpath.dirname(home)
    for key, values in fields.items():
        for value in values:
            if value and not _FIELD.search(value) and "://" not in value:
                base = home if key == rules.last else root
                plain = posixpath.normpath(posixpath.join(base, value.strip("/")))
                yield plain.removesuffix("/index.html")


def plain_target(target: str, conventions: Conventions) -> str | None:
    """Return a target as a path from the root where a template only puts an address before it.

    None where nobody can say where it leads, because a template fills it.
    """
    rules = rules_of(conventions.site)
    if rules.routes and target.startswith("#/"):
        return target[1:]
    if not rules.fields or not _FIELD.search(target):
        return target
    rest = _BASE.sub("", target)
    return None if _FIELD.search(rest) else rest or "/"


def candidates(source: str, path: str, conventions: Conventions) -> Iterator[str]:
    """Yield the paths from the library's root that a link may mean, the nearest first; ``..`` leads out of it.

    Args:
        source: The document with the link.
        path: The path in the link, decoded, without anchor.
        conventions: The kind of site, and where its pages are.
    """
    for base in _bases(source, path, conventions):
        plain = posixpath.normpath(base)
        yield plain
        if rules_of(conventions.site).pages:
            yield from _documents(plain)


def _bases(source: str, path: str, conventions: Conventions) -> Iterator[str]:
    rules = rules_of(conventions.site)
    root = conventions.site_root
    if path.startswith("/"):
        yield posixpath.join(root, path.lstrip("/"))
        return
    stem, _ = posixpath.splitext(source)
    # Some write the slash of a page behind the name of a document.
    bare = path.rstrip("/")
    document = bare.lower().endswith(_DOCUMENTS)
    ending = posixpath.splitext(bare)[1]
    is_page = not document and (path.endswith("/") or not ending or ending in _HTML)
    if rules.directories and is_page:
        place = posixpath.dirname(stem) if posixpath.basename(stem) in _FOLDERS else stem
        yield _from_page(place, path, root)
        if rules.strict:
            return
    yield posixpath.join(posixpath.dirname(source), bare if document else path)
    if rules.routes:
        yield posixpath.join(root, path)


def _from_page(place: str, path: str, root: str) -> str:
    """Return where a link from the address of a page leads: above the root of a site there is nothing."""
    if root.startswith(".."):
        return posixpath.join(place, path)
    inside = posixpath.relpath(place or ".", root or ".")
    return posixpath.join(root, posixpath.normpath(f"/{posixpath.join(inside, path)}").lstrip("/"))


def may_be_made(target: str, files: Collection[str], conventions: Conventions) -> bool:
    """Say whether a link from the root of a site leads where no document is, so that the site may make its page.

    Nobody can tell then whether the page is there. Where documents are, one that is missing is missing.
    """
    target = plain_target(target, conventions) or ""
    first = target.lstrip("/").partition("#")[0].partition("/")[0]
    root = conventions.site_root
    return rules_of(conventions.site).made and target.startswith("/") and posixpath.join(root, first) not in files


def shows(source: str, conventions: Conventions) -> bool:
    """Say whether a document is one of the pages of the site, and not read as a file."""
    root = conventions.site_root
    return not root or root.startswith("..") or source.startswith(f"{root}/")


def _documents(path: str) -> Iterator[str]:
    stem, ending = posixpath.splitext(path)
    stems = (stem, path) if ending in _HTML else (path,)
    for each in stems:
        yield from (f"{each}{ending}" for ending in _DOCUMENTS)
        folder = "" if each == "." else f"{each}/"
        yield from (f"{folder}{name}.md" for name in _FOLDERS)
        if posixpath.basename(each) == "index":
            yield from (f"{posixpath.dirname(each)}/{name}.md".lstrip("/") for name in _FOLDERS)
