"""Links: where they lead, what they say, and the labels of reference links."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from procauthor.checking.fix import with_fix
from procauthor.checking.phrase import Nearest, Spans
from procauthor.checking.scope import Anchors, Family, Rule, Scope, say
from procauthor.convention.word import words
from procauthor.finding import Finding
from procauthor.library.index import entries
from procauthor.library.library import Procedure
from procauthor.library.reference import (
    FOLDERS,
    Target,
    is_checked,
    link_kind,
    makes_anchor,
    may_be_made,
    path_of,
    relative,
    resolve,
    rules_of,
    shows,
)
from procauthor.markdown.document import Definition, Link, Replacement, encode_path, label_key
from procauthor.markdown.passage import read_passages
from procauthor.markdown.target import find_spot
from procauthor.naming import MARKDOWN, is_document, path_key, split_ending, title_key
from procauthor.procedure import UNCOUNTED
from procauthor.regex import lazy

BROKEN_LINK = Rule(
    name="broken-link",
    code="R101",
    severity="error",
    summary="A link or an image leads to a file that does not exist.",
    why="The reader is sent nowhere. Upper and lower case count, as on a web server. No target at all is a warning, "
    "and so is what only shows the form of a link, or leads to a folder without a page on a site.",
    fix="Correct the path, or remove the link.",
    example="[Test Plan Procedure](testplan.md), where the file is test-plan.md",
)
BROKEN_ANCHOR = Rule(
    name="broken-anchor",
    code="R102",
    severity="error",
    summary="A link leads to a heading that does not exist.",
    why="The reader lands at the top of the page. It is a warning where only upper and lower case differ, where a "
    "plug-in of the site makes the anchors, or where the anchor holds signs that no heading leaves in one.",
    fix="Correct the anchor after the number sign.",
    example="[the triggers](#triggers), where the heading is “Trigger”",
)
LINK_TEXT_MISMATCH = Rule(
    name="link-text-mismatch",
    code="R106",
    severity="warning",
    summary="The text of a link is the title of another document than the one it leads to.",
    why="A rename or a copy changed one of the two; the reader and the link go to different places.",
    fix="Correct the text or the target.",
    example="[Test Plan Procedure](threat-model.md)",
)
REFERENCE_TO_DEPRECATED = Rule(
    name="reference-to-deprecated",
    code="R107",
    severity="warning",
    summary="A link leads to a deprecated document.",
    why="It is no longer kept up to date.",
    fix="Link its replacement.",
    example="[Release Checklist](old/release-checklist.md), which says “status: Deprecated”",
)
_LOCAL = lazy(r"file:|[A-Za-z]:[\\/]", re.IGNORECASE)
# Lines of the source of a document, as in "a.md?plain=1#L3-L9".
_LINES = lazy(r"\?(?:[^#]*&)?plain=1(?:&[^#]*)?#L\d+(?:C\d+)?(?:-L\d+(?:C\d+)?)?\Z")
_PATTERN_SIGN = lazy(r"[*|^<>\[\]\\]")
# An anchor of a heading holds none of these, so that it is one of another program.
_FOREIGN_SIGN = lazy(r"[.:/=(),]")
_LISTING = frozenset({"index", "readme", "plan"})


def _check_link(scope: Scope, procedure: Procedure) -> Iterator[Finding]:
    # A template's links are fields, and lead where the document will be.
    if procedure.kind == "template":
        return
    # Of the links of titles in an index index-dead-entry speaks, so no other rule needs to.
    listed = entries(scope.library, procedure) if procedure.kind == "index" else ()
    titles = (entry.table.cell(entry.row, "title") for entry in listed)
    rows = frozenset(cell.link.start for cell in titles if cell and cell.link)
    for link, target in scope.links[procedure.path]:
        if not target.external:
            yield from _link(scope, procedure, link, target, in_row=link.start in rows)
        elif _LOCAL.match(link.target):
            message = f"{link.target!r} leads to a file of one machine"
            yield replace(say(BROKEN_LINK, procedure, link.start, message), severity="warning")


def _link(scope: Scope, procedure: Procedure, link: Link, target: Target, *, in_row: bool) -> Iterator[Finding]:
    if link.target == "#" and procedure.source.raw[link.start : link.start + 1] == b"<":
        # In HTML it is the top of the page; what is written so is mostly filled by a script.
        return
    if not link.target.strip("#"):
        if rules_of(procedure.conventions.site).drafts:
            return
        message = f"the link {link.text!r} has no target"
        yield replace(say(BROKEN_LINK, procedure, link.start, message), severity="warning")
        return
    if target.path is None:
        if not scope.exists_outside(path_of(procedure.path, link.target)):
            message = f"{link.target!r} leads out of the library, and does not exist there"
            yield say(BROKEN_LINK, procedure, link.start, message, "correct the path, or remove the link")
        return
    end = target if scope.exists(target.path) else _from_repository(scope, link, target)
    if end.path is None:
        return
    if scope.exists(end.path):
        yield from _inside(scope, procedure, link, end)
    elif _is_made(scope, procedure, link):
        return
    elif not in_row:
        hint = _near(scope, procedure, link, end.path)
        proven = link_kind(link.target) not in procedure.conventions.unproven
        finding = say(BROKEN_LINK, procedure, link.start, f"{link.target!r} does not exist", hint)
        doubtful = "warning" if _is_example(link.target) else BROKEN_LINK.severity
        finding = replace(finding, severity=doubtful if proven else "info")
        yield with_fix(finding, procedure, *_redirect(scope, procedure, link, target))


def _is_example(target: str) -> bool:
    """Say whether a target only shows the form of a link: it is a word for one, or has signs of patterns."""
    return _PATTERN_SIGN.search(target) is not None or target.casefold() in words()["links"]["examples"]


def _is_made(scope: Scope, procedure: Procedure, link: Link) -> bool:
    """Say whether the site may make what a link leads to, or finds it by its name alone."""
    if is_checked(procedure.source.slice(link.start, link.end), procedure.conventions.site):
        name = link.target.partition("#")[0]
        return "/" not in name and len(scope.files_by_name.get(path_key(name), ())) == 1
    return may_be_made(link.target, scope.library.files, procedure.conventions)


def _inside(scope: Scope, procedure: Procedure, link: Link, target: Target) -> Iterator[Finding]:
    document = scope.library.by_path.get(target.path or "")
    if document is None:
        if _lacks_page(scope, procedure, link, target.path or ""):
            message = f"{link.target!r} leads to a folder without a page of its own"
            yield replace(say(BROKEN_LINK, procedure, link.start, message), severity="warning")
        return
    if target.anchor and not _LINES.search(link.target):
        yield from _anchor(procedure, link, document.path, target.anchor, scope.anchors[document.path])
    if document is not procedure:
        yield from _deprecated(procedure, link, document)
        if not link.image:
            yield from _text(scope, procedure, link, document)


def _lacks_page(scope: Scope, procedure: Procedure, link: Link, path: str) -> bool:
    """Say whether a link leads to a folder of documents that has no page, on a site that makes none for it."""
    conventions = procedure.conventions
    rules = rules_of(conventions.site)
    inner = "/" in path.removeprefix(f"{conventions.site_root}/")
    made = rules.lists == "all" or (rules.lists == "outermost" and not inner)
    if not rules.pages or made or "://" in link.target or link_kind(link.target) != "page":
        return False
    files = scope.library.once("files in order", lambda: sorted(scope.library.files))
    first = bisect_left(files, f"{path}/")
    last = bisect_left(files, f"{path}/\U0010ffff")
    inside = [file.removeprefix(f"{path}/") for file in files[first:last]]
    pages = (file.partition(".")[0].lower() in FOLDERS for file in inside if "/" not in file)
    return shows(path, conventions) and any(map(is_document, inside)) and not any(pages)


def _from_repository(scope: Scope, link: Link, target: Target) -> Target:
    """Return where a link from the root leads that does not begin at the library's root: perhaps at the repository's.

    The path is None where it leads out of the library to a file that exists; where nothing exists, the target stays.
    """
    if target.path is None or not link.target.startswith("/"):
        return target
    path = scope.from_repository(target.path)
    if path.startswith("../"):
        return replace(target, path=None) if scope.exists_outside(path) else target
    return replace(target, path=path) if scope.exists(path) else target


def _near(scope: Scope, procedure: Procedure, link: Link, path: str) -> str:
    """Name the file that was meant: by the history, the name of the file, the text of the link, else by likeness."""
    today = scope.renamed(path)
    if today:
        return f"it was renamed to {relative(procedure.path, today)!r}"
    folder, name = posixpath.split(path)
    same = scope.files_by_name.get(path_key(name), [])
    titled = () if link.image else scope.named(title_key(link.text), procedure)
    if len(same) == 1:
        nearest = same[0]
        if nearest.casefold() != path.casefold() and path_key(nearest) == path_key(path):
            return f"{relative(procedure.path, nearest)!r} looks the same, but composes its accents in another way"
    elif len(titled) == 1 and titled[0] is not procedure:
        nearest = titled[0].path
    else:
        close = scope.near_files[folder].find(name, cutoff=0.75)
        nearest = posixpath.join(folder, close) if close else ""
    return f"did you mean {relative(procedure.path, nearest)!r}?" if nearest else ""


def _anchor(procedure: Procedure, link: Link, path: str, anchor: str, known: Anchors) -> Iterator[Finding]:
    conventions = procedure.conventions
    site = conventions.site if shows(path, conventions) else "github"
    if anchor in known or makes_anchor(anchor, known, site):
        return
    message = f"{path!r} has no heading '#{anchor}'"
    same = known.like(anchor)
    if same:
        hint = f"write '#{same}': not every renderer ignores case"
        finding = replace(say(BROKEN_ANCHOR, procedure, link.start, message, hint), severity="warning")
        yield with_fix(finding, procedure, *_correct_anchor(procedure, link, list(known), anchor))
        return
    close = known.near(anchor)
    finding = say(BROKEN_ANCHOR, procedure, link.start, message, f"did you mean '#{close}'?" if close else "")
    foreign = rules_of(site).plugins or _FOREIGN_SIGN.search(anchor)
    yield replace(finding, severity="warning") if foreign else finding


def _deprecated(procedure: Procedure, link: Link, document: Procedure) -> Iterator[Finding]:
    """Report a link to a deprecated document, but not from lists, from its like, or from its replacement."""
    if document.status != "deprecated" or procedure.kind in _LISTING or procedure.status in UNCOUNTED:
        return
    after = document.superseded_by
    if after and (title_key(after) == procedure.key or resolve(document.path, after).path == procedure.path):
        return
    hint = f"link {after!r}" if after else ""
    yield say(REFERENCE_TO_DEPRECATED, procedure, link.start, f"{document.title!r} is deprecated", hint)


def _text(scope: Scope, procedure: Procedure, link: Link, document: Procedure) -> Iterator[Finding]:
    key = title_key(link.text)
    others = [p for p in scope.library.by_key.get(key, ()) if p.status not in UNCOUNTED]
    if not others or document in others or key == document.key or document.status == "alias":
        return
    # One common word ("FAQ", "Backups") is as good a name for the target as for the other.
    if len(link.text.split()) == 1:
        return
    if document.kind in _LISTING or key in map(title_key, document.heading_texts):
        return
    message = f"the link says {link.text!r}, and leads to {document.title!r}"
    yield say(LINK_TEXT_MISMATCH, procedure, link.start, message, f"that title is {others[0].path}")


# Fixes


def _redirect(scope: Scope, procedure: Procedure, link: Link, target: Target) -> Iterator[Replacement]:
    """Correct the path of a broken link where only one file can be meant."""
    span = _destination(procedure, link)
    meant = _meant(scope, link, target) if target.path else ""
    if span is None or not meant:
        return
    path = re.split(r"[#?]", link.target, maxsplit=1)[0]
    start, _ = span
    text = f"/{encode_path(meant)}" if path.startswith("/") else relative(procedure.path, meant)
    tail = "/" if path.endswith("/") and not text.endswith(("/", *MARKDOWN)) else ""
    yield Replacement(start, start + len(path.encode()), text + tail)


def _meant(scope: Scope, link: Link, target: Target) -> str:
    """Return the only file that differs in upper and lower case or ending, else the document that was moved.

    A document counts as moved if nothing else has its file name or its title, and the link says both.
    """
    assert target.path is not None
    files = scope.library.files
    stem, _ = split_ending(target.path)
    folded = scope.files_folded.get(path_key(target.path), [])
    ended = [stem + ending for ending in MARKDOWN if stem + ending in files]
    for paths in (folded, ended):
        if paths:
            return paths[0] if len(paths) == 1 else ""
    names = len(link.text.split()) > 1 and not link.image
    titled = scope.library.by_key.get(title_key(link.text), ()) if names else ()
    named = scope.files_by_name.get(path_key(posixpath.basename(target.path)), [])
    if len(titled) != 1 or named != [titled[0].path] or titled[0].status in UNCOUNTED:
        return ""
    return titled[0].path if not target.anchor or target.anchor in titled[0].anchors else ""


def _correct_anchor(procedure: Procedure, link: Link, anchors: Sequence[str], anchor: str) -> Iterator[Replacement]:
    """Correct an anchor that differs from a single heading in upper and lower case only."""
    span = _destination(procedure, link)
    same = [known for known in anchors if known.casefold() == anchor.casefold()]
    written = link.target.partition("#")[2]
    if span and len(same) == 1 and written:
        yield Replacement(span[1] - len(written.encode()), span[1], encode_path(same[0]))


def _destination(procedure: Procedure, link: Link) -> tuple[int, int] | None:
    """Return where the target of an inline link is written; that of a reference link is elsewhere."""
    spot = find_spot(procedure.document, link)
    return (spot.start, spot.end) if spot and spot.written == link.target else None


LINKS = Family(
    "Links: where they lead, and what they say",
    (BROKEN_LINK, BROKEN_ANCHOR, LINK_TEXT_MISMATCH, REFERENCE_TO_DEPRECATED),
    "neighbours",
    _check_link,
)


UNDEFINED_LABEL = Rule(
    name="undefined-label",
    code="R111",
    severity="warning",
    summary="A reference link names a label that the document does not define.",
    why="The page shows the brackets instead of a link.",
    fix="Define the label (“[label]: path”), or correct it.",
    example="[the plan][test-plan], without a line “[test-plan]: test-plan.md”",
)
DUPLICATE_LABEL = Rule(
    name="duplicate-label",
    code="R112",
    severity="warning",
    summary="A label is defined twice with different targets.",
    why="Only the first definition counts; who corrects the second changes nothing.",
    fix="Remove one, or give it another label.",
    example="two lines “[plan]: a.md” and “[plan]: b.md”",
)
UNUSED_LABEL = Rule(
    name="unused-label",
    code="R113",
    severity="info",
    summary="A label is defined and not used.",
    why="Mostly the link was removed, or its label was misspelt.",
    fix="Use it, or remove the definition.",
    example="“[plan]: test-plan.md” in a document without “[plan]”",
)
_DEFINITION = lazy(rb"^ {0,3}\[((?:[^\[\]\\\n]|\\.){1,200})\]:[ \t]*([^ \t\r\n]*)", re.MULTILINE)
_FILLED = (b"{{", b"{%", b"<%")
_USE = lazy(r"(?<![\w\])!\\])\[([^\[\]\n]{1,300})\]\[([\w][\w .:/-]{0,100})\](?![(\[\]{:\w])")
_WORD = lazy(r"[a-z]{3}")
_LETTERS = lazy(r"[A-Za-z]{2}")
_ORDINARY = lazy(r"[A-Za-z][a-z]{5,}")
_COMPOUND = lazy(r"\w[- ]\w|[a-z]\d|[a-z][A-Z]")
# Lines that serve as comments: "[//]: # (...)" and "[comment]: <> (...)".
_COMMENT_TARGETS = frozenset({"#", "<>"})


def _check_label(_: Scope, procedure: Procedure) -> Iterator[Finding]:
    if procedure.kind == "template":
        return
    raw = procedure.document.source.raw
    labels = list(_labels(procedure)) if b"]:" in raw else []
    if b"][" in raw:
        yield from _undefined(procedure, labels)
    if labels:
        yield from _definitions(procedure, labels)


def _labels(procedure: Procedure) -> Iterator[Definition]:
    """Yield the definitions: what looks like one and belongs to no block, because the parser has taken it."""
    document = procedure.document
    first = document.front_matter[1] if document.front_matter else 0
    blocks = Spans((block.start, block.end) for block in document.blocks)
    for match in _DEFINITION.finditer(document.source.raw, first):
        name, target = match[1].decode(errors="replace"), match[2].decode(errors="replace")
        if match.start() not in blocks and not name.startswith("^") and target not in _COMMENT_TARGETS:
            yield Definition(name, target, *match.span())


def _undefined(procedure: Procedure, labels: list[Definition]) -> Iterator[Finding]:
    """Report what has the shape of a reference link and is shown as text."""
    near: Nearest | None = None
    filled = _filled(procedure.document.source.raw)
    for passage in read_passages(procedure.document):
        for match in _USE.finditer(passage.text) if "][" in passage.text else ():
            at = passage.offset(match.start())
            escaped = procedure.document.source.raw[at - 1 : at] == b"\\"
            if (
                not escaped
                and label_key(match[2]) not in filled
                and _is_reference(match[1], match[2], alone=not labels)
            ):
                near = near or Nearest(each.label for each in labels)
                close = near.find(match[2], cutoff=0.7)
                message = f"the label {match[2]!r} is not defined"
                hint = f"did you mean {close!r}?" if close else ""
                yield say(UNDEFINED_LABEL, procedure, at, message, hint)


def _filled(raw: bytes) -> set[str]:
    """Return the labels whose targets a site fills in: to Markdown alone they are no definitions."""
    targets = ((match[1].decode(errors="replace"), match[2]) for match in _DEFINITION.finditer(raw))
    return {label_key(label) for label, target in targets if target.startswith(_FILLED)}


def _is_reference(text: str, label: str, *, alone: bool) -> bool:
    """Say whether brackets behind brackets are meant as a link; without one definition, a usage line has them too."""
    if " " in text:
        return bool(_WORD.search(text) and (_LETTERS.search(label) or label.isdecimal()))
    if label.isdecimal():
        return bool(_ORDINARY.fullmatch(text))
    sure = not alone or _COMPOUND.search(label) or label.casefold() in text.casefold()
    return bool(_WORD.search(text) and _WORD.search(label) and sure)


def _definitions(procedure: Procedure, labels: list[Definition]) -> Iterator[Finding]:
    used = {label_key(link.label) for link in procedure.document.links if link.label}
    first: dict[str, Definition] = {}
    for each in labels:
        key = label_key(each.label)
        before = first.setdefault(key, each)
        if before is not each and before.target != each.target:
            line = procedure.document.source.line(before.start)
            message = f"the label {each.label!r} is defined in line {line} already"
            yield say(DUPLICATE_LABEL, procedure, each.start, message)
        elif before is each and key not in used:
            yield say(UNUSED_LABEL, procedure, each.start, f"the label {each.label!r} is not used")


LABELS = Family(
    "Reference links: labels and their definitions",
    (UNDEFINED_LABEL, DUPLICATE_LABEL, UNUSED_LABEL),
    "document",
    _check_label,
)
