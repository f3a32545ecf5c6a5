"""The front matter of a draft: what a placeholder has stays, and what the draft depends on is declared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import yaml

from procauthor.authoring.brief import Brief
from procauthor.checking.artifact import is_optional
from procauthor.library.contract import read_contract
from procauthor.markdown.document import Document
from procauthor.markdown.edit import Replacement, replace_spans
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.template.spec import Template

# What an earlier draft left in the front matter: the key and the list below it.
_OUR_NAMES = ("written_by", "open_questions")
_OURS = re.compile(rf"^(?:{'|'.join(_OUR_NAMES)}):.*\n(?:[ \t-].*\n)*", re.MULTILINE)
_NEEDS = re.compile(
    r"^depends_on:(?:[ \t]*\[[^\]]*\].*\n|.*\n(?P<items>(?:[ \t-].*\n|[ \t]*\n(?=[ \t-]))*))", re.MULTILINE
)
_BULLET = re.compile(r"^([ \t]*- +)", re.MULTILINE)
_ANNOUNCED = re.compile(r"\s*\(announced\)?$")
_WIDTH = 110


def render_head(  # noqa: PLR0913, PLR0917 - what a head is made of
    brief: Brief, template: Template, body: str, ours: Mapping[str, Any], status: str, present: bytes | None
) -> str:
    """Return the front matter of a draft; ``ours`` are the values that the tool itself keeps there.

    ``depends_on`` holds what is declared already, what the caller names, and whoever provides a required input. A
    document that is revised keeps its status, and gets those only that are new.
    """
    document = parse(present) if present else None
    declared = _titles(document.metadata.get("depends_on")) if document else ()
    if document is None or document.front_matter is None:
        needs = _join(declared, brief.request.depends_on, _providers(brief, template, body))
        return _new_head(brief, ours, status, needs)
    known = set(_providers(brief, template, document.source.raw.decode())) if brief.revises else set()
    needs = _join(
        declared, brief.request.added, (title for title in _providers(brief, template, body) if title not in known)
    )
    head = _present_head(document, ours, "" if brief.revises else status)
    return f"---\n{_declare(head, needs, len(declared)) if needs[len(declared) :] else head}---\n"


def _dump(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=_WIDTH)


def _titles(value: object) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, Sequence) else ()
    return tuple(str(item).strip() for item in items)


def _join(*titles: Iterable[str]) -> list[str]:
    """Return the titles in order, those of the first as they are and each other one once."""
    found, *more = titles
    joined = list(found)
    for title in (title for group in more for title in group):
        if title_key(title) not in map(title_key, joined):
            joined.append(title)
    return joined


def _providers(brief: Brief, template: Template, body: str) -> Iterator[str]:
    """Yield who must come first, because a required input of the draft comes from there."""
    known = {title_key(title): title for title in brief.titles}
    for wanted in read_contract(parse(body.encode()), template).inputs:
        title = known.get(title_key(_ANNOUNCED.sub("", wanted.source)))
        if title and not is_optional(wanted):
            yield title


def _new_head(brief: Brief, ours: Mapping[str, Any], status: str, needs: Sequence[str]) -> str:
    request = brief.request
    values: dict[str, Any] = {"id": PurePosixPath(brief.path).stem}
    if request.lifecycle:
        values["lifecycle"] = request.lifecycle
    if request.phase is not None:
        values["phase"] = request.phase
    values["status"] = status
    if needs:
        values["depends_on"] = list(needs)
    return f"---\n{_dump({**values, **ours})}---\n"


def _present_head(document: Document, ours: Mapping[str, Any], wanted: str) -> str:
    """Return the lines of the front matter that is there, with its status set if one is wanted, and what is ours."""
    assert document.front_matter is not None
    start, end = document.front_matter
    status = document.fields.get("status")
    changes = [Replacement(status.start, status.end, f" {wanted}")] if status and wanted else []
    raw = replace_spans(document.source.raw[:end], changes)[start:]
    lines = raw.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    head = "\n".join(lines[1:-1]) + "\n"
    if wanted and not status:
        head += f"status: {wanted}\n"
    if {name: document.metadata[name] for name in _OUR_NAMES if document.metadata.get(name)} == dict(ours):
        return head
    kept = _OURS.sub("", head)
    return kept + _dump(ours) if ours else kept


def _declare(head: str, needs: Sequence[str], declared: int) -> str:
    """Return front matter with more titles under ``depends_on``; what is there keeps its form where that is a list."""
    match = _NEEDS.search(head)
    if match is None:
        return head + _dump({"depends_on": list(needs)})
    bullets = _BULLET.findall(match["items"] or "")
    if bullets:
        lines = "".join(f"{bullets[-1]}{_scalar(title)}\n" for title in needs[declared:])
        return head[: match.end()] + lines + head[match.end() :]
    return head[: match.start()] + _dump({"depends_on": list(filter(None, needs))}) + head[match.end() :]


def _scalar(text: str) -> str:
    shown: str = yaml.safe_dump(text, allow_unicode=True, width=10_000)
    return shown.removesuffix("\n").removesuffix("\n...")
