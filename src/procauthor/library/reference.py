"""Where a link leads, in files and on a site, where a document was before, and which file name follows from a title.

Sites are rules as data. The configuration of one is read, never run.
"""

from __future__ import annotations

import json
import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Literal
from urllib.parse import unquote

from msgspec import Struct

from procauthor.errors import InvalidTitleError
from procauthor.markdown.document import Document, Link, encode_path, escape, slugify
from procauthor.markdown.front import read_texts
from procauthor.naming import is_document, split_ending, title_key, unportable
from procauthor.regex import lazy
from procauthor.settings import Conventions, Site

_NO_LETTER = lazy(r"^[\W\d_]+(?=[^\W\d_])")
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
    r"|\{%-?\s*link\s+/?(?P<link>[^\s\"'{}%]+)\s*-?%\}"
    r"|\{\{-?\s*[\"'](?P<filter>/[^\"'{}]*)[\"']\s*\|\s*(?:relative_url|absolute_url|url)\s*-?\}\}"
)
_CHECKED = lazy(r"\{\{[<%]\s*(?:rel)?ref\s")
# Accents are no letters once they are apart.
_TOKEN = lazy(r"[^\W_]+")
_SIGNS = frozenset({"and", "amp", "quot", "lt", "gt", "39", "34"})
HTML = (".html", ".htm")
"""How the addresses of pages end."""
_DOCUMENTS = (".md", ".markdown", ".mdx", ".html.md", ".html.md.erb", ".md.erb")
# A number in front of a name, which says where it is among others.
_ORDER = lazy(r"(?:(?<=/)|^)\d+\s*[-_.]+\s*(?=[^\d/])")
# What Hugo leaves out of the addresses of pages, when blanks have become hyphens.
_LEFT_OUT = lazy(r"[^\w./#+~@-]+")
FOLDERS = ("index", "_index", "README", "readme", "SUMMARY")
"""Names of files, without ending, that are shown at the address of their folder."""


class Rules(Struct, frozen=True):
    """How a kind of site reads links.

    ``directories``: a page ``a/b.md`` is shown at ``a/b/``, and its links count from there. ``pages``: a document may
    be named without its ending, or with the ending of the page. ``routes``: links count from the root of the pages,
    too, and ``#/`` begins one. ``fields``: a template fills braces in links. ``shortcodes``: links by ``ref``.
    ``strict``: a link to a page is never read as one to a file beside the document. ``made``: the site makes pages that
    are no documents, and takes files from other folders. ``drafts``: a link without a target is a chapter that is to be
    written. ``addresses``: the keys of the front matter that say where a page is shown, the first of them where its
    links count from; ``last``: those that say its last name only. ``numbered``: names are shown without a number in
    front. ``plugins``: plug-ins make the anchors, each in its own way. ``folded``: names are shown in lower case, with
    hyphens for blanks. ``above``: links from the root may name the folder of the pages, too. ``anchors``: a pattern for
    anchors that the site makes without a heading. ``from_letter``: the anchor of a heading begins with its first
    letter. ``parts``: folders with pieces of pages, which are no documents. ``lists``: the site makes a page for
    all folders, or for the outermost.
    """

    pages: bool = False
    directories: bool = False
    routes: bool = False
    fields: bool = False
    strict: bool = False
    made: bool = False
    drafts: bool = False
    addresses: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    numbered: bool = False
    folded: bool = False
    above: bool = False
    anchors: str = ""
    from_letter: bool = False
    plugins: bool = False
    parts: tuple[str, ...] = ()
    lists: Literal["", "all", "outermost"] = ""


# What the front matter says of a page that is not shown.
_NONE = ("false", "true")
_ADDRESSES = ("permalink", "redirect_from")
_PARTS = ("_includes",)
_FOOTNOTE = r"fn(?:ref\d*)?:.+"
# Python-Markdown and its extensions give ids to footnotes, lines of code and tabs.
_MKDOCS_MADE = rf"__(?:codelineno|span|tabbed)[-_]\d[\d_-]*|{_FOOTNOTE}"
_RULES: dict[Site, Rules] = {
    "mkdocs": Rules(pages=True, directories=True, fields=True, strict=True, anchors=_MKDOCS_MADE),
    "mdbook": Rules(pages=True, drafts=True),
    "hugo": Rules(
        pages=True,
        directories=True,
        fields=True,
        made=True,
        addresses=("url", "aliases"),
        last=("slug",),
        folded=True,
        lists="outermost",
    ),
    "docsify": Rules(pages=True, routes=True),
    "middleman": Rules(pages=True, directories=True, fields=True, made=True, plugins=True),
    "jekyll": Rules(
        pages=True,
        directories=True,
        fields=True,
        made=True,
        addresses=_ADDRESSES,
        anchors=_FOOTNOTE,
        from_letter=True,
        parts=_PARTS,
    ),
    "eleventy": Rules(
        pages=True, directories=True, fields=True, made=True, addresses=_ADDRESSES, plugins=True, parts=_PARTS
    ),
    "docusaurus": Rules(pages=True, made=True, last=("slug", "id"), numbered=True, above=True, lists="all"),
    "vitepress": Rules(pages=True, made=True, plugins=True),
    "starlight": Rules(pages=True, directories=True, made=True, addresses=("slug",)),
    "gitbook": Rules(pages=True, plugins=True),
}
_PLAIN = Rules()


_NAVIGATION: dict[Site, tuple[str, ...]] = {
    "mkdocs": ("mkdocs.yml", "mkdocs.yaml"),
    "docusaurus": ("sidebars.js", "sidebars.ts"),
    "vitepress": tuple(
        f"{folder}.vitepress/config.{kind}" for folder, kind in product(("", "docs/"), ("js", "ts", "mts"))
    ),
    "jekyll": ("_data/navigation.yml", "_config.yml"),
}


def navigation_of(site: Site) -> tuple[str, ...]:
    """Return the files, no documents, in which a kind of site names its pages."""
    return _NAVIGATION.get(site, ())


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


def filled_paths(document: Document, conventions: Conventions) -> Iterator[tuple[int, int, str]]:
    """Yield where links whose target a template fills say their path, as spans of bytes, and what it means."""
    if not rules_of(conventions.site).fields:
        return
    known = {link.start for link in document.links}
    for match in _FILLED.finditer(document.source.raw):
        if match.start() in known:
            continue
        target = match["target"].decode(errors="replace")
        named = _NAMED.search(target)
        start, end = named.span(named.lastgroup or 0) if named else (0, len(target))
        if document.is_text(match.start()):
            first = match.start("target") + len(target[:start].encode())
            yield first, first + len(target[start:end].encode()), _said(named) if named else target


def _name(target: str) -> str:
    """Return a target with the path that a template names in the place of the field, where it names one."""
    return _NAMED.sub(_said, target)


def _said(named: re.Match[str]) -> str:
    """Return the path that a field names; one in the tag ``link`` is from the root."""
    return f"/{named['link']}" if named["link"] else named[named.lastgroup or 0]


def own_addresses(path: str, document: Document, conventions: Conventions) -> Iterator[str]:
    """Yield where a site shows a document besides the place of its file, as paths from the library's root."""
    rules = rules_of(conventions.site)
    for key in (*rules.addresses, *rules.last):
        for value in filter(_is_address, read_texts(document, key)):
            yield _address(path, key, value, conventions).removesuffix("/index.html")
    shown = _shown(split_ending(path)[0], conventions)
    if rules.numbered or shown != split_ending(path)[0]:
        yield posixpath.dirname(shown) if posixpath.basename(shown) in FOLDERS else shown


def _shown(path: str, conventions: Conventions) -> str:
    """Return a path as a site writes it in addresses: without the numbers of its names, or folded."""
    rules, root = rules_of(conventions.site), conventions.site_root
    if rules.numbered:
        return _ORDER.sub("", path)
    # Above the pages are the folders of the repository, which are in no address.
    start = len(root) + 1 if root and path.startswith(f"{root}/") else 0
    return path[:start] + _fold(path[start:]) if rules.folded else path


def _fold(path: str) -> str:
    return _LEFT_OUT.sub("", re.sub(r"\s+", "-", path.lower()))


def has_addresses(site: Site) -> bool:
    """Say whether a kind of site may show a document elsewhere than at the place of its file."""
    rules = rules_of(site)
    return bool(rules.addresses or rules.last or rules.numbered or rules.folded)


def page_folder(path: str, document: Document, conventions: Conventions) -> str:
    """Return the folder from which the links of a page count, where it is shown elsewhere than at its place.

    Its front matter says so, or its address is folded. It is a path from the root of the library; where the links count
    from the place of the file, nothing.
    """
    rules = rules_of(conventions.site)
    for key in (*rules.addresses[:1], *rules.last) if rules.directories else ():
        value = next(filter(_is_address, read_texts(document, key)), "")
        if value:
            place = _address(path, key, value, conventions)
            return (posixpath.dirname(place) or ".") if value.endswith(HTML) else place
    stem, _ = split_ending(path)
    shown = _shown(stem, conventions) if rules.folded else stem
    if shown == stem:
        return ""
    return posixpath.dirname(shown) if posixpath.basename(shown) in FOLDERS else shown


def _is_address(value: str) -> bool:
    """Say whether a value is the path of a page, and no pattern of one, no address elsewhere, and no word for none."""
    return bool(value) and not _FIELD.search(value) and ":" not in value and value.lower() not in _NONE


def _address(path: str, key: str, value: str, conventions: Conventions) -> str:
    rules, base = rules_of(conventions.site), conventions.site_root
    if key in rules.last and not value.startswith("/"):
        base = posixpath.dirname(_shown(path, conventions))
        if split_ending(posixpath.basename(path))[0] in FOLDERS:
            base = posixpath.dirname(base)
    return posixpath.normpath(posixpath.join(base, value.strip("/")))


def plain_target(target: str, conventions: Conventions) -> str | None:
    """Return a target as a path from the root where a template only puts an address before it.

    None where it cannot be told where it leads, because a template fills it.
    """
    rules = rules_of(conventions.site)
    if rules.routes and target.startswith("#/"):
        return target[1:]
    if not rules.fields or not _FIELD.search(target):
        return target
    rest = _BASE.sub("", target)
    return None if _FIELD.search(rest) else rest or "/"


def candidates(source: str, path: str, conventions: Conventions, folder: str = "") -> Iterator[str]:
    """Yield the paths from the library's root that a link may mean, the nearest first; ``..`` leads out of it.

    Args:
        source: The document with the link.
        path: The path in the link, decoded, without anchor.
        conventions: The kind of site, and where its pages are.
        folder: Where the links of the document count from, if not from its place, as `page_folder` gives it.
    """
    for base in bases(source, path, conventions, folder):
        plain = base.path_of(path)
        yield plain
        if rules_of(conventions.site).pages:
            yield from _documents(plain)


def by_address(target: str, conventions: Conventions) -> Iterator[str]:
    """Yield the paths from the library's root that a whole address may mean, where the settings know it."""
    for address, folder in conventions.addresses.items():
        match = _address_pattern(address).match(target)
        if match:
            rest = unquote(re.split(r"[?#]", target[match.end() :], maxsplit=1)[0]).strip("/")
            plain = posixpath.normpath(posixpath.join(folder, rest))
            yield plain
            if rules_of(conventions.site).pages:
                yield from _documents(plain)


@lru_cache(maxsize=16)
def _address_pattern(address: str) -> re.Pattern[str]:
    return re.compile(re.escape(address.rstrip("/")).replace(r"\*", "[^/]+") + r"(?=[/?#]|\Z)", re.IGNORECASE)


def is_named(path: str) -> bool:
    """Say whether the path in a link names a document by its file. Some write the slash of a page behind it."""
    return is_document(path.rstrip("/"))


class Base(Struct, frozen=True):
    """A folder that the paths in links count from; for a page there is nothing above the ``root`` of its site."""

    folder: str
    root: str | None = None

    def path_of(self, written: str) -> str:
        """Return where a path in a link leads, from the root of the library."""
        path = written.rstrip("/") if is_named(written) else written
        if self.root is None or self.root.startswith(".."):
            return posixpath.normpath(posixpath.join(self.folder, path.lstrip("/")))
        inside = posixpath.join("/", posixpath.relpath(self.folder or ".", self.root or "."), path)
        return posixpath.normpath(posixpath.join(self.root, posixpath.normpath(inside).lstrip("/")))


def bases(source: str, path: str, conventions: Conventions, folder: str = "") -> Iterator[Base]:
    """Yield what the path in a link may count from, the likeliest first; see `candidates`."""
    rules, root = rules_of(conventions.site), conventions.site_root
    if path.startswith("/"):
        yield Base(root)
        if rules.above and root:
            yield Base(posixpath.dirname(root))
        return
    is_page = not is_named(path) and (path.endswith("/") or posixpath.splitext(path)[1] in ("", *HTML))
    if folder and not is_named(path):
        yield Base(folder, root)
    elif rules.directories and is_page:
        stem, _ = split_ending(source)
        yield Base(posixpath.dirname(stem) if posixpath.basename(stem) in FOLDERS else stem, root)
        # A site may be built with pages that are files, too.
        if rules.strict and not path.endswith(HTML):
            return
    yield Base(posixpath.dirname(source))
    if rules.routes:
        yield Base(root)


def may_be_made(target: str, files: Collection[str], conventions: Conventions) -> bool:
    """Say whether a link from the root of a site leads where no document is, so that the site may make its page.

    Then it cannot be told whether the page is there. Where documents are, one that is missing is missing.
    """
    target = plain_target(target, conventions) or ""
    first = target.lstrip("/").partition("#")[0].partition("/")[0]
    places = {base.path_of(first) for base in bases("", target, conventions)}
    return rules_of(conventions.site).made and target.startswith("/") and places.isdisjoint(files)


def is_checked(written: str, site: Site) -> bool:
    """Say whether a site is only built where a link, as it is written, leads to one of its documents."""
    return site == "hugo" and _CHECKED.search(written) is not None


def link_kind(target: str) -> Literal["root", "page", "file"]:
    """Return what a link is by its target: one from the root of a site, to a page by its name, or to a file."""
    path = re.split(r"[?#]", target, maxsplit=1)[0]
    if path.startswith("/"):
        return "root"
    return "file" if is_named(path) or posixpath.splitext(path)[1] not in ("", *HTML) else "page"


def makes_anchor(anchor: str, known: Iterable[str], site: Site) -> bool:
    """Say whether a kind of site makes an anchor that differs from those of headings on GitHub.

    Args:
        anchor: The anchor in a link, without the number sign.
        known: The anchors that are there by the rule in the settings.
        site: The kind of site.
    """
    rules = rules_of(site)
    if rules.anchors and re.fullmatch(rules.anchors, anchor):
        return True
    # None of them leaves capitals.
    if rules.plugins and anchor == anchor.lower() and _letters(anchor) in set(map(_letters, known)):
        return True
    return rules.from_letter and anchor in {_NO_LETTER.sub("", each) for each in known}


def _letters(anchor: str) -> str:
    """Return what all anchors of a heading have in common, whatever made them: its letters, without accents.

    A sign may have become a hyphen, a word or what HTML writes for it.
    """
    plain = unicodedata.normalize("NFKD", anchor.lower())
    return "".join(token for token in _TOKEN.findall(plain) if token not in _SIGNS)


def is_part(path: str, site: Site) -> bool:
    """Say whether a file is a piece that pages of a kind of site take in, and no page."""
    return not set(rules_of(site).parts).isdisjoint(path.split("/")[:-1])


def shows(source: str, conventions: Conventions) -> bool:
    """Say whether a document is one of the pages of the site, and not read as a file."""
    root = conventions.site_root
    return not root or root.startswith("..") or source.startswith(f"{root}/")


def _documents(path: str) -> Iterator[str]:
    stem, ending = posixpath.splitext(path)
    stems = (stem, path) if ending in HTML else (path,)
    for each in stems:
        yield from (f"{each}{ending}" for ending in _DOCUMENTS)
        folder = "" if each == "." else f"{each}/"
        yield from (f"{folder}{name}.md" for name in FOLDERS)
        yield from (f"{folder}index{ending}" for ending in _DOCUMENTS[1:])
        if posixpath.basename(each) == "index":
            yield from (f"{posixpath.dirname(each)}/{name}.md".lstrip("/") for name in FOLDERS)


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


class Alias(Struct, frozen=True):
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
