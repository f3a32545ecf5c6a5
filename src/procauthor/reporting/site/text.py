"""The text of a document as HTML that is safe to show: links lead to pages, and nothing in it runs or is fetched.

markdown-it-py reads the Markdown, because its tokens can be changed before they are written. nh3 lets through what
shows text, and drops what runs, styles or loads something.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import count, repeat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from procauthor.checking.scope import heading_anchors, read_anchors
from procauthor.library.disk import leads_out
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import Target
from procauthor.markdown.document import Flavour, Slugger, encode_path
from procauthor.regex import lazy
from procauthor.reporting.site.place import FILES, Places, link
from procauthor.secret import redact
from procauthor.system import read_regular

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_DRAWING = ".svg"
_PICTURES = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".gif": "gif",
    ".webp": "webp",
    ".avif": "avif",
    ".bmp": "bmp",
    _DRAWING: "svg+xml",
}
_IMAGES = frozenset(_PICTURES) - {_DRAWING}
# What a browser shows or saves, and never runs.
_HARMLESS = _IMAGES | frozenset(
    {".pdf", ".csv", ".tsv", ".txt", ".log", ".json", ".yaml", ".yml", ".toml", ".ini", ".zip", ".docx", ".xlsx"}
    | {".pptx", ".odt", ".ods", ".odp", ".drawio", ".sql", ".sh", ".py"}
)
_MOST_BYTES = 20 * 1024 * 1024
# A drawing is written into each page that shows it.
_MOST_DRAWN = 512 * 1024
_SCHEMES = frozenset({"http", "https", "mailto"})
_ATTRIBUTES = lazy(r"\s*\{:?\s*[^{}]*[#.][\w:.-][^{}]*\}\s*$")
_ALERT = lazy(r"\[!(\w{1,20})\]\s*")
_FOOTNOTE = lazy(r"fn(?:ref)?[\w:-]+")
_TABLE = lazy("<table")
_SCROLLED = '<div class="scroll" tabindex="0" role="region" aria-label="Table {}"><table'
_ID = lazy(r"#([\w:.-]+)")
_TAGS = frozenset({"input", "label", "section"})
_LABEL = 60
_WITHIN_LINES = frozenset({"code", "em", "strong", "s", "kbd", "sub", "sup"})
_BELOW_LINES = frozenset({"p", "pre", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li"})


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What the search looks through: the text below one heading."""

    heading: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A document as HTML, without its title; ``anchor`` is that of the title, ``contents`` its headings of level 2."""

    html: str
    anchor: str
    contents: tuple[tuple[str, str], ...]
    excerpts: tuple[Excerpt, ...]


@dataclass
class Renderer:
    """Renders the documents of a library, and notes which files they show and which links lead nowhere."""

    library: Library
    places: Places
    flavour: Flavour
    alone: bool = False
    """Whether a page has to do without others: then pictures are in it, and no file is linked."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Files that pages show or link to, by their address in the site."""
    dead: set[tuple[str, str]] = field(default_factory=set)
    """Path and target of each link that leads nowhere."""

    def render(self, procedure: Procedure, page: str) -> Rendered:
        """Return a document as a page of the site shows it."""
        document = procedure.document
        start = document.front_matter[1] if document.front_matter else document.source.start
        text = redact(document.source.raw[start:].decode())
        markdown = _markdown()
        env: dict[str, object] = {}
        tokens = markdown.parse(text, env)
        anchors = self._name_headings(procedure, tokens)
        title, tokens = _without_title(tokens, procedure.written_title, anchors)
        for token in tokens:
            self._settle(procedure.path, token)
        excerpts = tuple(_excerpts(tokens))
        contents = tuple(
            (_plain(tokens[place + 1]), str(token.attrGet("id") or ""))
            for place, token in enumerate(tokens)
            if token.type == "heading_open" and token.tag == "h2" and not token.level
        )
        html = self._clean(procedure.path, page, markdown.renderer.render(tokens, markdown.options, env))
        return Rendered(html, title, contents, excerpts)

    def line(self, text: str) -> str:
        """Return the first line of a text as HTML, without links: a purpose, an action."""
        import nh3

        inside = _markdown().renderInline(redact(text.partition("\n")[0]))
        return nh3.clean(inside, tags=_WITHIN_LINES, attributes={})

    def block(self, text: str) -> str:
        """Return what is below the first line of a text as HTML, without links: code, a table."""
        import nh3

        words, _, below = redact(text).partition("\n")
        safe = nh3.clean(_markdown().render(below), tags=_WITHIN_LINES | _BELOW_LINES, attributes={}) if below else ""
        return _let_scroll(safe, repeat(escape(words[:_LABEL])))

    def _name_headings(self, procedure: Procedure, tokens: Sequence[Token]) -> dict[int, str]:
        """Give headings the anchors that links use; return them by the place of their token."""
        places = [place for place, token in enumerate(tokens) if token.type == "heading_open"]
        known = heading_anchors(procedure, self.flavour)
        if len(known) != len(places):
            slugger = Slugger()
            known = [slugger.slug(_plain(tokens[place + 1])) for place in places]
        for place, anchor in zip(places, known, strict=True):
            tokens[place].attrSet("id", anchor)
            _take_attributes(tokens[place + 1])
        return dict(zip(places, known, strict=True))

    def _settle(self, path: str, token: Token) -> None:
        """Name what GitHub calls an alert; show a picture from elsewhere as a link, as no page asks others for it."""
        children = token.children
        if not children:
            return
        alert = _ALERT.match(children[0].content) if children[0].type == "text" else None
        if alert:
            children[0].content = children[0].content[alert.end() :]
            token.children = children = [*_strong(f"{alert[1].capitalize()}: "), *children]
        token.children = list(self._without_pictures(path, children))

    def _without_pictures(self, path: str, children: Sequence[Token]) -> Iterator[Token]:
        from markdown_it.token import Token as Made

        linked = 0
        for child in children:
            linked += child.nesting if child.type in ("link_open", "link_close") else 0
            source = str(child.attrGet("src") or "") if child.type == "image" else ""
            if not source or not self._target(path, source).external:
                yield child
                continue
            words = Made("text", "", 0, content=f"picture: {child.content or source}")
            if linked:
                yield words
            else:
                yield from (Made("link_open", "a", 1, {"href": source}), words, Made("link_close", "a", -1))

    # Links

    def _clean(self, path: str, page: str, html: str) -> str:
        import nh3

        def settle(element: str, attribute: str, value: str) -> str | None:
            if attribute == "href" and element == "a":
                return self._href(path, page, value)
            if attribute == "src":
                return self._src(path, page, value)
            return None if attribute in ("href", "background") else value

        own = {name: set(each) - {"align", "char", "charoff", "cite"} for name, each in nh3.ALLOWED_ATTRIBUTES.items()}
        safe = nh3.clean(
            html,
            tags=(nh3.ALLOWED_TAGS | _TAGS) - {"map", "area"},
            attributes={**own, "*": {"id", "title", "lang", "dir"}, "a": {"href", "name"}, "details": {"open"}}
            | {"input": {"checked"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}},
            tag_attribute_values={"input": {"type": {"checkbox"}}},
            set_tag_attribute_values={"input": {"disabled": "disabled"}},
            attribute_filter=settle,
            url_schemes={*_SCHEMES, "data"},
            link_rel=None,
        )
        return _let_scroll(safe, count(1))

    def _target(self, path: str, value: str) -> Target:
        return self.library.settle(self.library.by_path[path].resolve(value))

    def _href(self, path: str, page: str, value: str) -> str | None:
        target = self._target(path, value)
        if target.external:
            return _abroad(value)
        document = self._document(target.path)
        if document is not None:
            return self._to_document(document, target.anchor, (path, page, value))
        place = "" if self.alone else self._file(target.path, _HARMLESS)
        if place:
            return link(page, place)
        if target.path not in self.library.files:
            self.dead.add((path, value))
        return None

    def _to_document(self, document: Procedure, anchor: str, origin: tuple[str, str, str]) -> str | None:
        """Return the address of a document, without an anchor that is not there; None for such a link to itself."""
        path, page, value = origin
        inside = document.path == path
        there = anchor in self._anchors(document) or (inside and _FOOTNOTE.fullmatch(anchor) is not None)
        if anchor and not there:
            self.dead.add((path, value))
        if inside:
            return f"#{encode_path(anchor)}" if there else None
        return link(page, self.places.pages[document.path], anchor if there else "")

    def _document(self, path: str | None) -> Procedure | None:
        """Return the document at a path; in a folder it is the one that shows the folder."""
        if path is None:
            return None
        if path in self.places.pages:
            return self.library.by_path[path]
        inside = "" if path == "." else f"{path}/"
        shown = (p for p in self.library.of_kind("readme") if p.path.rpartition("/")[0] == inside.rstrip("/"))
        return next(shown, None) if path in self.library.files or path == "." else None

    def _anchors(self, procedure: Procedure) -> frozenset[str]:
        return frozenset(read_anchors(procedure, self.flavour))

    def _src(self, path: str, page: str, value: str) -> str | None:
        target = self._target(path, value)
        if target.external or target.path is None:
            return None
        if self.alone or target.path.lower().endswith(_DRAWING):
            return self._inside(target.path)
        place = self._file(target.path, _IMAGES)
        if not place:
            self.dead.add((path, value))
        return link(page, place) if place else None

    def _inside(self, path: str) -> str | None:
        """Return a picture as data. A browser that shows a drawing so runs no script in it."""
        kind = _PICTURES.get(PurePosixPath(path).suffix.lower())
        raw = self._read(path) if kind else None
        if raw is None or (len(raw) > _MOST_DRAWN and not self.alone):
            return None
        return f"data:image/{kind};base64,{b64encode(raw).decode()}"

    def _file(self, path: str | None, kinds: frozenset[str]) -> str:
        """Take a file of the library into the site, and return its address; nothing where it does not belong there."""
        if path is None or PurePosixPath(path).suffix.lower() not in kinds:
            return ""
        place = f"{FILES}/{path}"
        if place not in self.files:
            raw = self._read(path)
            if raw is None:
                return ""
            self.files[place] = raw
        return place

    def _read(self, path: str) -> bytes | None:
        file = self.library.root / path
        if path not in self.library.files or leads_out(self.library.root, file):
            return None
        try:
            return read_regular(file) if file.stat().st_size <= _MOST_BYTES else None
        except OSError:
            return None


def _let_scroll(html: str, names: Iterator[object]) -> str:
    """Let a table or a block of code that is wider than the screen scroll by itself, also with the keyboard."""
    html = _TABLE.sub(lambda _: _SCROLLED.format(next(names)), html.replace("</table>", "</table></div>"))
    return html.replace("<pre>", '<pre tabindex="0">')


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    made = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return made.use(footnote_plugin).use(tasklists_plugin, label=True)


def _abroad(value: str) -> str | None:
    """Return an address outside of the library, if it is one that a reader may be led to."""
    if value.startswith("//"):
        return f"https:{value}"
    try:
        return value if urlsplit(value).scheme.lower() in _SCHEMES else None
    except ValueError:
        return None


def _plain(token: Token) -> str:
    """Return the words of a token, as a reader sees them."""
    if token.children is None:
        return token.content
    parts = (c.content if c.type in ("text", "code_inline", "image") else _break(c) for c in token.children)
    return "".join(parts).strip()


def _break(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else ""


def _strong(text: str) -> list[Token]:
    from markdown_it.token import Token as Made

    return [Made("strong_open", "strong", 1), Made("text", "", 0, content=text), Made("strong_close", "strong", -1)]


def _take_attributes(inline: Token) -> None:
    """Take attributes in braces off a heading; an id among them stays as an anchor."""
    from markdown_it.token import Token as Made

    last = inline.children[-1] if inline.children else None
    match = _ATTRIBUTES.search(last.content) if last is not None and last.type == "text" else None
    if last is None or match is None or inline.children is None:
        return
    last.content = last.content[: match.start()]
    name = _ID.search(match[0])
    if name:
        anchor = f'<span id="{name[1]}"></span>'
        inline.children.append(Made("html_inline", "", 0, content=anchor))


def _without_title(tokens: list[Token], title: str, anchors: dict[int, str]) -> tuple[str, list[Token]]:
    """Return the anchor of the title, and the tokens without it: the page has it already."""
    for place, anchor in anchors.items():
        if tokens[place].tag == "h1" and not tokens[place].level and _plain(tokens[place + 1]) == title:
            return anchor, [*tokens[:place], *tokens[place + 3 :]]
    return "", tokens


def _excerpts(tokens: Sequence[Token]) -> Iterator[Excerpt]:
    """Yield the text below each heading, that before the first one with an empty heading."""
    heading, anchor = "", ""
    words: list[str] = []
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            yield Excerpt(heading, anchor, " ".join(words))
            heading, anchor, words = _plain(tokens[place + 1]), str(token.attrGet("id") or ""), []
        elif token.type in ("inline", "fence", "code_block") and tokens[place - 1].type != "heading_open":
            words.append(" ".join(_plain(token).split()))
    yield Excerpt(heading, anchor, " ".join(words))
