"""Which site shows the documents: by its configuration, which is read and never run."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, product
from pathlib import Path

import yaml

from procauthor.adoption.guess import Guess
from procauthor.git import find_repository, host_address
from procauthor.markdown.document import Document
from procauthor.markdown.parse import parse
from procauthor.regex import lazy
from procauthor.settings import Site
from procauthor.system import read_regular

_LARGEST = 256 * 1024
_MOST_LEVELS = 3
_MOST_BRANCHES = 10_000


class _SiteLoader(yaml.SafeLoader):
    """Reads the settings of a site; what only its program can make is nothing here."""


_SiteLoader.add_multi_constructor("", lambda _loader, _tag, _node: None)


@dataclass(frozen=True, slots=True)
class _Sign:
    """How a kind of site is known: a file, words that it must hold, and where its pages are.

    ``place`` is a pattern for the setting with the folder of the pages, ``pages`` that folder where nothing is set.
    """

    kind: Site
    file: str
    words: str = ""
    place: str = ""
    pages: str = "."


_ELEVENTY = (".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs")
_INPUT = r"\binput:\s*[\"']([^\"']+)"
_HUGO = tuple(f"{name}.{kind}" for name, kind in product(("hugo", "config", "params"), ("toml", "yaml", "yml")))
_DOCUSAURUS = ("docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs")
_DOCS_PATH = r"\bdocs:\s*\{[^{}]*?\bpath:\s*[\"']([^\"']+)"
_VITEPRESS = tuple(
    f".{name}/config.{kind}" for name, kind in product(("vitepress", "vuepress"), ("js", "ts", "mjs", "mts"))
)
_SIGNS = (
    _Sign("mkdocs", "mkdocs.yml", place=r"(?m)^docs_dir:\s*[\"']?([^\s\"'#]+)", pages="docs"),
    _Sign("mkdocs", "mkdocs.yaml", place=r"(?m)^docs_dir:\s*[\"']?([^\s\"'#]+)", pages="docs"),
    _Sign("mdbook", "book.toml", place=r"(?m)^src\s*=\s*[\"']([^\"']+)", pages="src"),
    *(_Sign("hugo", f"config/_default/{name}", pages="content") for name in _HUGO),
    _Sign("hugo", "hugo.toml", place=r"(?m)^contentDir\s*=\s*[\"']([^\"']+)", pages="content"),
    _Sign("hugo", "hugo.yaml", place=r"(?m)^contentDir:\s*[\"']?([^\s\"'#]+)", pages="content"),
    _Sign("hugo", "config.toml", r"(?mi)^\s*(?:baseURL|theme)\s*=", r"(?m)^contentDir\s*=\s*[\"']([^\"']+)", "content"),
    _Sign("hugo", "config.yaml", r"(?mi)^(?:baseURL|theme)\s*:", r"(?m)^contentDir:\s*[\"']?([^\s\"'#]+)", "content"),
    _Sign("docsify", "index.html", r"\$docsify"),
    _Sign("docsify", "docs/index.html", r"\$docsify", pages="docs"),
    _Sign("middleman", "config.rb", r"(?m)^\s*(?:activate|page|set|require)\b", pages="source"),
    _Sign("middleman", "config/tech-docs.yml", pages="source"),
    *(_Sign("eleventy", file, place=_INPUT) for file in _ELEVENTY),
    *(_Sign("docusaurus", file, place=_DOCS_PATH, pages="docs") for file in _DOCUSAURUS),
    *(_Sign("vitepress", file, place=r"\bsrcDir:\s*[\"']([^\"']+)") for file in _VITEPRESS),
    *(_Sign("vitepress", f"docs/{file}", pages="docs") for file in _VITEPRESS),
    *(
        _Sign("starlight", f"astro.config.{kind}", "starlight", pages="src/content/docs")
        for kind in ("mjs", "js", "ts")
    ),
    _Sign("gitbook", ".gitbook.yaml", place=r"(?m)^root:\s*[\"']?([^\s\"'#]+)"),
    _Sign("gitbook", "book.json", r"(?i)gitbook|\"(?:plugins|structure|root)\""),
    _Sign("jekyll", "_config.yml", place=r"(?m)^source:\s*[\"']?([^\s\"'#]+)"),
)
# Where else a site says at which address it is shown.
_MORE = ("config/tech-docs.yml",)
_CHAPTERS = "SUMMARY.md"
_SHOWN_AT = lazy(
    r"""(?mi)^\s*(?:site_url|baseurl|host|url)\s*[:=]\s*["']?(?P<address>(?:https?://)?[\w-]+(?:\.[\w-]+)+[\w./-]*?)/?["']?,?\s*$"""
)
_HOSTS: tuple[tuple[Site, str], ...] = (("gitlab", ".gitlab-ci.yml"), ("github", ".github"), ("github", ".git"))


@dataclass(frozen=True, slots=True)
class FoundSite:
    """The kind of site, and where its pages are, from the folder that is adopted."""

    kind: Site
    root: str
    guess: Guess
    names: Mapping[str, str] = field(default_factory=dict)
    """What its navigation calls documents, by their path from the folder that is adopted."""


def find_site(folder: Path) -> FoundSite:
    """Return the site that shows the documents of a folder: one whose pages hold the folder, or are in it."""
    for level in _levels(folder):
        for sign in _SIGNS:
            text = _read(level / sign.file)
            if text is None or (sign.words and not re.search(sign.words, text)):
                continue
            named = re.search(sign.place, text) if sign.place else None
            pages = (level / (named[1] if named else sign.pages)).resolve()
            here = folder.resolve()
            if pages.is_dir() and (pages.is_relative_to(here) or here.is_relative_to(pages)):
                root = os.path.relpath(pages, here)
                seen = os.path.relpath(level / sign.file, here)
                guess = Guess("site", sign.kind, 0.95, 1, 1, (seen,))
                root = "" if root == "." else root
                return FoundSite(sign.kind, root, guess, dict(_names(sign.kind, text, pages, root)))
    for level in _levels(folder):
        for kind, name in _HOSTS:
            if (level / name).exists():
                return FoundSite(kind, "", Guess("site", kind, 0.8, 1, 1, (os.path.relpath(level / name, folder),)))
    return FoundSite("github", "", Guess("site", "github", 0.7, 0, 1, ()))


def find_addresses(folder: Path, site: FoundSite) -> dict[str, str]:
    """Return where a host and a site may show folders of a library, by its repository and the settings of the site."""
    result: dict[str, str] = {}
    repository, host = find_repository(folder), host_address(folder)
    if repository and host:
        # On GitLab there is a hyphen between the repository and what is shown of it.
        ways = ("blob", "tree", "edit", "-/blob", "-/tree", "-/edit")
        result |= {f"{host}/{way}/*/{repository.prefix}".rstrip("/"): "" for way in ways}
    for level in _levels(folder):
        texts = filter(None, (_read(level / file) for file in (*dict.fromkeys(s.file for s in _SIGNS), *_MORE)))
        for address in (match["address"] for match in chain.from_iterable(map(_SHOWN_AT.finditer, texts))):
            result.setdefault(address if "://" in address else f"https://{address}", site.root)
    return result


def _names(kind: Site, text: str, pages: Path, root: str) -> Iterator[tuple[str, str]]:
    """Yield what the navigation of a site calls documents, by path: in its settings, or in a list of its chapters."""
    if kind == "mkdocs":
        yield from ((posixpath.normpath(posixpath.join(root, target)), name) for target, name in _navigation(text))
    elif kind == "mdbook":
        chapters = (link for link in parse((_read(pages / _CHAPTERS) or "").encode()).links if not link.image)
        yield from ((posixpath.normpath(posixpath.join(root, link.target)), link.text) for link in chapters)


def _navigation(text: str) -> Iterator[tuple[str, str]]:
    """Yield the targets and the names in the navigation of MkDocs."""
    try:
        settings = yaml.load(text, _SiteLoader)  # noqa: S506 - it makes plain values, and nothing of other tags
    except (yaml.YAMLError, RecursionError, ValueError):
        return
    waiting = [settings.get("nav")] if isinstance(settings, dict) else []
    # Aliases may repeat a branch without end.
    for _ in range(_MOST_BRANCHES):
        each = waiting.pop() if waiting else None
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            for name, target in each.items():
                if isinstance(target, str) and isinstance(name, str):
                    yield target, name
                else:
                    waiting.append(target)


def _levels(folder: Path) -> Iterator[Path]:
    """Yield a folder and those above it, as far as its repository reaches."""
    here = folder.resolve()
    for number, level in enumerate((here, *here.parents)):
        if number > _MOST_LEVELS:
            return
        yield level
        if (level / ".git").exists():
            return


def _read(file: Path) -> str | None:
    try:
        return read_regular(file)[:_LARGEST].decode(errors="replace") if file.is_file() else None
    except OSError:
        return None


# Pages that have no text of their own: they take in other documents, and give one of them its name

_TAG = lazy(r"<%.*?%>")
_PARTIAL = lazy(r"<%=\s*partial\s*\(?\s*[\"']([^\"'<>]+)[\"']")
_ENDINGS = ("", ".md", ".erb", ".md.erb")
# Middleman leaves out the underscore with which the name of a piece may begin.
_BEGINNINGS = ("", "_")


def find_shells(documents: Mapping[str, Document], root: str) -> dict[str, tuple[str, ...]]:
    """Return such pages with the documents that they take in, by path.

    Args:
        documents: All documents by path.
        root: The folder of the pages.
    """
    pages = ((path, _taken_in(document)) for path, document in documents.items())
    return {path: tuple(_resolved(names, documents, root)) for path, names in pages if names}


def shell_names(shells: Mapping[str, tuple[str, ...]], documents: Mapping[str, Document]) -> dict[str, str]:
    """Return the names that pages give to the one document that they take in, by its path."""
    alone = ((taken[0], documents[path].front_title) for path, taken in shells.items() if len(taken) == 1)
    return {path: name for path, name in alone if name}


def _taken_in(document: Document) -> list[str]:
    """Return the names of what a page takes in; nothing where it says anything itself."""
    if b"<%" not in document.source.raw:
        return []
    text = "\n".join(document.source.slice(block.start, block.end) for block in document.blocks)
    return [] if _TAG.sub("", text).strip() else _PARTIAL.findall(text)


def _resolved(names: list[str], documents: Mapping[str, Document], root: str) -> Iterator[str]:
    for name in names:
        folder, last = posixpath.split(posixpath.join(root, name))
        places = (posixpath.join(folder, f"{begin}{last}{end}") for begin, end in product(_BEGINNINGS, _ENDINGS))
        yield from (place for place in places if place in documents)
