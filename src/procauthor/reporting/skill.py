"""A procedure as an Agent Skill: a folder with ``SKILL.md`` and, where they are needed, ``references/``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

import yaml

from procauthor.errors import InvalidTitleError
from procauthor.library.contract import sections_of
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import resolve
from procauthor.markdown.document import Replacement, Section, replace_spans
from procauthor.markdown.link import encode_path, escape, write_link
from procauthor.template.role import meaning_of

_SOURCE = "procauthor-source"
_MAX_NAME = 64
_MAX_DESCRIPTION = 1024
_MAX_LINES = 500
# What an agent needs at once; the other sections of a long procedure move to a file of their own.
_AT_HAND = frozenset({"card", "purpose", "trigger", "inputs", "workflow", "done"})
_DETAILS = "references/details.md"


def skill_name(procedure: Procedure) -> str:
    """Return the name of the skill: letters a to z, digits and single hyphens, 64 characters at most.

    Raises:
        InvalidTitleError: Neither id nor path holds a letter or digit that can stand in a name.
    """
    for text in (procedure.id, PurePosixPath(procedure.path).stem, procedure.title):
        plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
        name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_NAME].strip("-")
        if name:
            return name
    message = f"{procedure.title!r} cannot be the name of a skill"
    raise InvalidTitleError(message, "give the document an id of letters a to z and digits")


def export_skill(procedure: Procedure, library: Library) -> dict[str, str]:
    """Return the files of the skill by path; the first part of each path is the folder, which has the skill's name.

    Standards that the procedure links to come along as references; a link to anything else becomes its text.
    """
    name = skill_name(procedure)
    standards = _standards(procedure, library)
    head = {
        "name": name,
        "description": describe(procedure),
        "metadata": {_SOURCE: procedure.path, "procauthor-stamp": procedure.stamp[:16]},
    }
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=10_000)
    main, details = _split(procedure, standards)
    files = {f"{name}/SKILL.md": f"---\n{front}---\n\n{main}"}
    if details:
        files[f"{name}/{_DETAILS}"] = details
    for path, place in standards.items():
        files[f"{name}/{place}"] = _body(library.by_path[path], {})
    return files


def source_mark(path: str) -> str:
    """Return the line of the front matter that says which document a skill came from."""
    return yaml.safe_dump({_SOURCE: path}, allow_unicode=True, width=10_000).strip()


def describe(procedure: Procedure) -> str:
    """Return what the procedure does and when to use it, in 1024 characters at most."""
    purpose = " ".join(_paragraphs(procedure, "purpose")) or f"{procedure.title}."
    triggers = [item.rstrip(".;") for item in _items(procedure, "trigger")]
    use = f" Use when: {'; '.join(triggers)}." if triggers else ""
    # Clients read this text into a prompt, where a tag could be taken for one of their own.
    whole, use = (re.sub(r"[<>]", "", " ".join(text.split())) for text in (purpose, use))
    room = _MAX_DESCRIPTION - len(use) - 1
    if room < _MAX_DESCRIPTION // 4:
        return _cut(f"{whole} {use}", _MAX_DESCRIPTION)
    return f"{_cut(whole, room)} {use}".strip()


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    sentence = kept.rfind(". ")
    return kept[: sentence + 1] if sentence > most // 2 else kept.rsplit(" ", 1)[0] + "…"


def _find(procedure: Procedure, role: str) -> Section | None:
    return next(iter(sections_of(procedure.document, procedure.template, role)), None)


def _paragraphs(procedure: Procedure, role: str) -> Iterator[str]:
    section = _find(procedure, role) or next((s for s in procedure.document.sections if s.blocks), None)
    yield from (b.text for b in section.blocks if b.kind == "paragraph") if section else ()


def _items(procedure: Procedure, role: str) -> Iterator[str]:
    section = _find(procedure, role)
    for block in section.blocks if section else ():
        yield from (item.text for item in block.items if item.level == 0)


def _standards(procedure: Procedure, library: Library) -> dict[str, str]:
    """Return the standards that a procedure links to, with the place of each in the skill."""
    found: dict[str, str] = {}
    for link in procedure.document.links:
        standard = library.lead(procedure, link.target)
        if standard and standard.kind == "standard":
            found.setdefault(standard.path, f"references/{PurePosixPath(standard.path).stem}.md")
    return found


# The text


def _body(procedure: Procedure, places: Mapping[str, str]) -> str:
    """Return the document without its front matter, its links turned to where their targets are now."""
    document = procedure.document
    start = document.front_matter[1] if document.front_matter else 0
    raw = replace_spans(document.source.raw, _links(procedure, places))
    # Links stand behind the front matter, so its end has not moved.
    return raw[start:].decode("utf-8-sig").replace("\r\n", "\n").strip() + "\n"


def _links(procedure: Procedure, places: Mapping[str, str]) -> list[Replacement]:
    changes: list[Replacement] = []
    end = 0
    for link in sorted(procedure.document.links, key=lambda each: each.start):
        target = resolve(procedure.path, link.target)
        if link.start < end or not target.path or target.path == procedure.path:
            continue
        text = link.text or PurePosixPath(target.path).name
        place = places.get(target.path)
        changes.append(
            Replacement(link.start, link.end, write_link(text, encode_path(place)) if place else escape(text))
        )
        end = link.end
    return changes


def _split(procedure: Procedure, places: Mapping[str, str]) -> tuple[str, str]:
    """Return the body; of one that is too long for an agent's context, also the sections that can wait."""
    body = _body(procedure, places)
    lines = body.split("\n")
    if len(lines) <= _MAX_LINES:
        return body, ""
    meaning = meaning_of(procedure.template)
    main: list[str] = []
    rest: list[str] = []
    target = main
    fence = ""
    for line in lines:
        mark = line.lstrip()[:3]
        if mark in ("```", "~~~") and fence in ("", mark):
            fence = "" if fence else mark
        if not fence and line.startswith("## "):
            target = main if meaning.role_of(line.lstrip("# ")) in _AT_HAND else rest
        target.append(line)
    if not rest:
        return body, ""
    pointer = f"The other sections are in [{_DETAILS}]({_DETAILS})."
    details = "\n".join([f"# {procedure.title}: details", "", *rest]).replace("](references/", "](")
    return "\n".join(main).strip() + f"\n\n{pointer}\n", details.strip() + "\n"
