"""Links: where they lead, and what they say."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from msgspec.structs import replace as replace_struct

from procauthor.checking.fix import correct_anchor, mend, redirect
from procauthor.checking.scope import Anchors, Reach, Rule, Scope, say
from procauthor.checking.usage import title_links
from procauthor.convention.site import may_be_made, rules_of
from procauthor.finding import Finding
from procauthor.library.library import Procedure
from procauthor.library.reference import Target, path_of, relative, resolve
from procauthor.markdown.document import Link
from procauthor.naming import path_key, title_key
from procauthor.procedure import UNCOUNTED

BROKEN_LINK = Rule(
    name="broken-link",
    code="R101",
    severity="error",
    summary="A link or an image leads to a file that does not exist.",
    why="The reader is sent nowhere. Upper and lower case count, as on a web server. No target at all is a warning.",
    fix="Correct the path, or remove the link.",
    example="[Test Plan Procedure](testplan.md), where the file is test-plan.md",
)
BROKEN_ANCHOR = Rule(
    name="broken-anchor",
    code="R102",
    severity="error",
    summary="A link leads to a heading that does not exist.",
    why="The reader lands at the top of the page. Where only upper and lower case differ, it is a warning.",
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
    why="Nobody keeps it any more.",
    fix="Link its replacement.",
    example="[Release Checklist](old/release-checklist.md), which says “status: Deprecated”",
)
RULES = (BROKEN_LINK, BROKEN_ANCHOR, LINK_TEXT_MISMATCH, REFERENCE_TO_DEPRECATED)
REACH: Reach = "neighbours"
_LINES = re.compile(r"\?(?:[^#]*&)?plain=1(?:&[^#]*)?#L\d+(?:C\d+)?(?:-L\d+(?:C\d+)?)?\Z")
_LISTING = frozenset({"index", "readme", "plan"})


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        # A template's links are fields, and lead where the document will be.
        if procedure.kind == "template":
            continue
        rows = title_links(procedure) if procedure.kind == "index" else frozenset()
        for link, target in scope.links[procedure.path]:
            if not target.external:
                yield from _link(scope, procedure, link, target, in_row=link.start in rows)


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
        yield from _outside(scope, procedure, link)
        return
    end = target if scope.exists(target.path) else _from_repository(scope, link, target)
    if end.path is None:
        return
    if scope.exists(end.path):
        yield from _inside(scope, procedure, link, end)
    elif may_be_made(link.target, scope.library.files, procedure.conventions):
        return
    elif not in_row:
        hint = _near(scope, procedure, link, end.path)
        finding = say(BROKEN_LINK, procedure, link.start, f"{link.target!r} does not exist", hint)
        yield mend(finding, procedure, *redirect(scope, procedure, link, target))


def _outside(scope: Scope, procedure: Procedure, link: Link) -> Iterator[Finding]:
    if not scope.exists_outside(path_of(procedure.path, link.target)):
        message = f"{link.target!r} leads out of the library, and does not exist there"
        yield say(BROKEN_LINK, procedure, link.start, message, "correct the path, or remove the link")


def _inside(scope: Scope, procedure: Procedure, link: Link, target: Target) -> Iterator[Finding]:
    document = scope.library.by_path.get(target.path or "")
    if document is None:
        return
    if target.anchor and not _names_lines(link.target):
        yield from _anchor(procedure, link, document.path, target.anchor, scope.anchors(document))
    if document is not procedure:
        yield from _deprecated(procedure, link, document)
        if not link.image:
            yield from _text(scope, procedure, link, document)


def _from_repository(scope: Scope, link: Link, target: Target) -> Target:
    """Return where a link from the root leads that does not begin at the library's root: perhaps at the repository's.

    The path is None where it leads out of the library to a file that exists; where nothing exists, the target stays.
    """
    if target.path is None or not link.target.startswith("/"):
        return target
    path = scope.from_repository(target.path)
    if path.startswith("../"):
        return replace_struct(target, path=None) if scope.exists_outside(path) else target
    return replace_struct(target, path=path) if scope.exists(path) else target


def _names_lines(target: str) -> bool:
    """Say whether a link names lines of the source of a document, as in ``a.md?plain=1#L3-L9``."""
    return _LINES.search(target) is not None


def _near(scope: Scope, procedure: Procedure, link: Link, path: str) -> str:
    """Name the file that was meant: by the history, the name of the file, the text of the link, else by likeness."""
    today = scope.renamed(path)
    if today:
        return f"it was renamed to {relative(procedure.path, today)!r}"
    folder, name = posixpath.split(path)
    same = scope.files_by_name.get(path_key(name), [])
    titled = () if link.image else scope.named(title_key(link.text), procedure)
    if len(same) == 1:
        found = same[0]
        if found.casefold() != path.casefold() and path_key(found) == path_key(path):
            return f"{relative(procedure.path, found)!r} looks the same, but composes its accents in another way"
    elif len(titled) == 1 and titled[0] is not procedure:
        found = titled[0].path
    else:
        close = scope.near_files(folder).find(name, cutoff=0.75)
        found = posixpath.join(folder, close) if close else ""
    return f"did you mean {relative(procedure.path, found)!r}?" if found else ""


def _anchor(procedure: Procedure, link: Link, path: str, anchor: str, known: Anchors) -> Iterator[Finding]:
    if anchor in known:
        return
    message = f"{path!r} has no heading '#{anchor}'"
    same = known.like(anchor)
    if same:
        hint = f"write '#{same}': not every renderer ignores case"
        finding = replace(say(BROKEN_ANCHOR, procedure, link.start, message, hint), severity="warning")
        yield mend(finding, procedure, *correct_anchor(procedure, link, list(known), anchor))
        return
    close = known.near(anchor)
    yield say(BROKEN_ANCHOR, procedure, link.start, message, f"did you mean '#{close}'?" if close else "")


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
