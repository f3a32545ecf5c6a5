"""Writes a procedure in a form that coding agents load: as an Agent Skill, or as an Agent SOP."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Literal, NamedTuple

import yaml

from procauthor.checking.usage import is_optional
from procauthor.convention.word import words
from procauthor.errors import ConfigError, DraftError, InvalidTitleError, LibraryError
from procauthor.library.artifact import written_items
from procauthor.library.contract import is_none, part_of, sections_of
from procauthor.library.disk import leads_out, write_file
from procauthor.library.library import Library, Procedure
from procauthor.library.reference import resolve
from procauthor.markdown.document import (
    Document,
    Link,
    Replacement,
    Section,
    encode_path,
    escape,
    replace_spans,
    write_link,
)
from procauthor.naming import bare_name
from procauthor.procedure import DONE, Part, Status, Step
from procauthor.regex import any_of
from procauthor.secret import redact
from procauthor.system import read_regular
from procauthor.template.spec import meaning_of
from procauthor.workspace import Workspace

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
        InvalidTitleError: Neither id nor path holds a letter or digit that can be in a name.
    """
    for text in (procedure.id, bare_name(procedure.path), procedure.title):
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
    rules: dict[str, str] = {}
    for link in procedure.document.links:
        standard = library.lead(procedure, link.target)
        if standard and standard.kind == "standard":
            rules.setdefault(standard.path, f"references/{PurePosixPath(standard.path).stem}.md")
    return rules


# The text


def _body(procedure: Procedure, places: Mapping[str, str]) -> str:
    """Return the document without its front matter, its links turned to where their targets are now."""
    document = procedure.document
    start = document.front_matter[1] if document.front_matter else 0
    raw = replace_spans(document.source.raw, _links(procedure, places))
    # Links are behind the front matter, so its end has not moved.
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


MARK = "<!-- exported by procauthor from {path} -->"
_TOLD = ("purpose", "inputs", "actions", "decisions", "outputs", "failures")
_BESIDE_STEPS = frozenset({"card", "purpose", "scope", "trigger", "inputs"})


def sop_name(procedure: Procedure) -> str:
    """Return the name of the file."""
    return f"{skill_name(procedure)}.sop.md"


def export_sop(procedure: Procedure) -> str:
    """Return the text of the SOP.

    Raises:
        LibraryError: The procedure has neither steps nor lists of what to do.
    """
    writer = _SopWriter(procedure)
    steps = list(writer.steps())
    if not steps:
        message = f"{procedure.title!r} has no steps that could be exported"
        raise LibraryError(message, "give it a workflow, or export it as an agent-skill")
    lines = [f"# {procedure.title}", "", "## Overview", "", *writer.overview(), "## Parameters", ""]
    lines += [*writer.parameters(), "## Steps", ""]
    for number, (name, body) in enumerate([*steps, *writer.last()], start=1):
        lines += [f"### {number}. {name}", "", *body, ""]
    return "\n".join([*lines, MARK.format(path=procedure.path), ""])


class _Orders(NamedTuple):
    """What tells in the words of a step under which condition something is to be done, not to be done, or advised."""

    when: re.Pattern[str]
    never: re.Pattern[str]
    advised: re.Pattern[str]
    decision: re.Pattern[str]


@lru_cache(maxsize=1)
def _orders() -> _Orders:
    said = {name: any_of(each) for name, each in words()["orders"].items()}
    patterns = (
        rf"^((?:{said['when']})\b[^,]*),\s*(.+)$",
        rf"^(?:{said['never']})\s+(.+)$",
        rf"^(?:{said['advice']})\b|\b(?:{said['advised']})\b",
        rf"^(?:{said['if']}) (.+?):\s*(.+?)(?:;\s*(?:{said['otherwise']}):?\s*(.+?))?\.?$",
    )
    return _Orders(*(re.compile(pattern, re.IGNORECASE) for pattern in patterns))


class _SopWriter:
    """Reads a procedure, and says it as an SOP does."""

    def __init__(self, procedure: Procedure) -> None:
        self.procedure = procedure
        self.document: Document = procedure.document
        self.contract = procedure.contract
        self.meaning = meaning_of(procedure.template)
        self.written = written_items(self.document)

    def overview(self) -> Iterator[str]:
        card = self._items("card")
        if card:
            yield from (f"- {line}" for line in card)
            yield ""
        section = _find(self.procedure, "purpose") or next((s for s in self.document.sections if _texts(s)), None)
        for text in _texts(section) if section else ():
            yield text
            yield ""
        triggers = self._items("trigger")
        if triggers:
            yield "Use it when:"
            yield ""
            yield from (f"- {item}" for item in triggers)
            yield ""

    def parameters(self) -> Iterator[str]:
        inputs = sorted(self.contract.inputs, key=is_optional)
        if not inputs:
            yield "This SOP takes no parameters."
            yield ""
            return
        for wanted in inputs:
            source = f" (from {wanted.source})" if wanted.source else ""
            text = wanted.remark or wanted.name
            yield f"- **{_snake(wanted.name)}** ({'optional' if is_optional(wanted) else 'required'}): {text}{source}"
        yield ""
        yield "**Constraints for parameter acquisition:**"
        yield "- You MUST ask for all required parameters upfront in a single prompt rather than one at a time"
        yield "- You MUST accept each parameter as text, as a path to a file, or as a link"
        yield "- You MUST confirm that every required parameter is there before the first step"
        yield ""

    # Steps

    def steps(self) -> Iterator[tuple[str, list[str]]]:
        if self.contract.steps:
            yield from ((step.name, list(self._step(step))) for step in self.contract.steps)
            return
        for section in self.document.sections:
            items = [item for item in section.items if item.level == 0]
            if section.level > 1 and items and self.meaning.role_of(section.title) not in _BESIDE_STEPS:
                rules = [_told(self._must, self.written[" ".join(i.text.split())], section.title) for i in items]
                lead = _texts(section) or [f"{section.title}."]
                yield section.title, ["\n\n".join(lead), "", "**Constraints:**", *rules]

    def _step(self, step: Step) -> Iterator[str]:
        lead = self._part(step, "purpose")
        purpose = lead.text if lead else ""
        yield purpose or f"{step.name}."
        told = set(chain.from_iterable(self.meaning.parts[role] for role in _TOLD))
        for key, part in step.parts.items():
            if key not in told and (part.text or part.items):
                yield ""
                yield f"{key.capitalize()}: {part.text or '; '.join(part.items)}"
        yield ""
        yield "**Constraints:**"
        if step.inputs:
            yield f"- You MUST use {_join([a.with_source for a in step.inputs])}"
        for role, say in (("actions", self._must), ("decisions", self._decide), ("failures", self._fail)):
            yield from (_told(say, self.written.get(text, text), purpose) for text in self._said(step, role))
        calls = [link.text for link in self._links(step)] if self.procedure.kind == "orchestration" else []
        if calls:
            yield f"- You MUST carry out, in this order: {'; '.join(calls)}"
        for made in step.outputs:
            yield f"- You MUST produce {made.name}{': ' + made.remark if made.remark else ''}"

    def _part(self, step: Step, role: str) -> Part | None:
        return part_of(step, self.procedure.template, role)

    def _said(self, step: Step, role: str) -> list[str]:
        part = self._part(step, role)
        items = part.texts if part else ()
        return [" ".join(i.split()) for i in items if i.strip() and not is_none(i)]

    def _links(self, step: Step) -> Iterator[Link]:
        later = [s.start for s in self.contract.steps if s.start > step.start]
        section = self.document.section_at(step.start)
        end = min(later, default=self.document.end(section))
        yield from (link for link in self.document.links if step.start <= link.start < end)

    def last(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the step that confirms the result, where the procedure says how."""
        checks = [*self._items("criteria"), *self._items("done")]
        promised = [f"{a.name} is handed over" for a in self.contract.outputs]
        states = self._items("exits")
        if checks or states:
            body = ["Confirm that the work is complete, and say how it ended.", "", "**Constraints:**"]
            body += [f"- You MUST confirm: {text}".replace("\n", "\n  ") for text in [*checks, *promised]]
            if states:
                names = "; ".join(" ".join(state.split()) for state in states)
                body.append(f"- You MUST end in exactly one of these states: {names}")
            body.append("- You MUST NOT report success while one of these is open because others build on the result")
            yield "Confirm the result", body

    # Words

    @staticmethod
    def _must(text: str, reason: str) -> str:
        forbidden = _orders().never.match(text)
        if forbidden:
            why = reason.rstrip(".") or "the procedure"
            return f"- You MUST NOT {forbidden[1].rstrip('.')} because of what this step is for: {_lower(why)}"
        word = "SHOULD" if _orders().advised.search(text) else "MUST"
        when = _orders().when.match(text)
        if when:
            return f"- {when[1][:1].upper()}{when[1][1:]}, you {word} {_lower(when[2])}"
        return f"- You {word} {_lower(text)}"

    @staticmethod
    def _decide(text: str, _reason: str) -> str:
        match = _orders().decision.match(text)
        if not match:
            return f"- You MUST decide: {text}"
        otherwise = f"; otherwise you MUST {_lower(match[3])}" if match[3] else ""
        return f"- If {match[1]}, you MUST {_lower(match[2])}{otherwise}"

    @staticmethod
    def _fail(text: str, _reason: str) -> str:
        failure, colon, response = text.partition(": ")
        return (
            f"- If this happens: {_lower(failure)}, you MUST {_lower(response)}"
            if colon
            else f"- You MUST handle: {text}"
        )

    def _items(self, role: str) -> list[str]:
        section = _find(self.procedure, role)
        items = [item for item in section.items if item.level == 0] if section else []
        texts = [self.written[" ".join(item.text.split())] for item in items]
        return [text for text in texts if not is_none(text)]


def _told(say: Callable[[str, str], str], text: str, reason: str) -> str:
    """Say the words of an item in the words of a SOP; code and tables below them stay as they are."""
    first, newline, block = text.partition("\n")
    return say(first, reason) + f"{newline}{block}".replace("\n", "\n  ")


def _texts(section: Section) -> list[str]:
    return [block.text for block in section.blocks if block.kind == "paragraph"]


def _snake(name: str) -> str:
    return "_".join(re.findall(r"\w+", name.casefold())) or "input"


def _join(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]


def _lower(text: str) -> str:
    """Return a text to go on with in a sentence: a capital stays where the word is a name or an abbreviation."""
    second = text[1:2]
    return text[:1].lower() + text[1:] if second.islower() or second == " " else text


Form = Literal["agent-skill", "agent-sop"]
# Folders with a dot are no part of a library.
_FOLDERS: Mapping[Form, str] = {"agent-skill": ".agents/skills", "agent-sop": ".agents/sops"}


def export(workspace: Workspace, reference: str, form: Form, out: str | Path | None = None) -> list[Path]:
    """Write a procedure as an Agent Skill or an Agent SOP, and return the files.

    Args:
        workspace: The library that holds it.
        reference: Path, id or title.
        form: What to write.
        out: The folder; without one, ``.agents/skills`` or ``.agents/sops`` of the library.

    Raises:
        LookupError: No document, or several, have that path, id or title.
        DraftError: It is not finished.
        ConfigError: The folder is part of the library, or holds a file that was not exported.
    """
    library = workspace.read()
    procedure = library.find(reference)
    status = workspace.earned(library, [procedure.path])[procedure.path]
    if not is_finished(procedure, status):
        what = status if procedure.counted else f"a document of kind {procedure.kind}"
        message = f"{procedure.title!r} cannot be exported: it is {what}"
        raise DraftError(message, "export procedures that are defined; procauthor check says what is missing")
    folder = Path(out) if out else workspace.root / _FOLDERS[form]
    _refuse_library(workspace.root, folder)
    files = export_skill(procedure, library) if form == "agent-skill" else {sop_name(procedure): export_sop(procedure)}
    files = {name: redact(text) for name, text in files.items()}
    for name in files:
        if leads_out(workspace.root, folder / name):
            message = f"{folder / name} is a link, or lies behind one, that leads out of the library"
            raise ConfigError(message, "name another folder with --out")
    _refuse_others(folder, files, procedure)
    # The file that agents read first comes last, so that it never speaks of one that is not there.
    for name, text in reversed(files.items()):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        write_file(place, text.encode())
    return [folder / name for name in files]


def is_finished(procedure: Procedure, status: Status) -> bool:
    """Say whether a document is a procedure that can be followed: by the status that counts it is defined."""
    return procedure.counted and status in DONE


def _refuse_library(root: Path, folder: Path) -> None:
    root, place = root.resolve(), folder.resolve()
    if place.is_relative_to(root) and not any(part.startswith(".") for part in place.relative_to(root).parts):
        message = f"{str(folder)!r} is part of the library, which would take the export for a document"
        raise ConfigError(message, "name a folder outside of it, or one whose name begins with a dot, with --out")


def _refuse_others(folder: Path, files: Mapping[str, str], procedure: Procedure) -> None:
    """Refuse to replace what was not exported from this procedure before."""
    marks = (source_mark(procedure.path), MARK.format(path=procedure.path))
    first = folder / next(iter(files))
    places = [first] if first.exists() else [folder / name for name in files]
    for place in places:
        if not _is_free(place, marks):
            message = f"{place} was not exported from {procedure.path}"
            raise ConfigError(message, "move it away, or name another folder with --out")


def _is_free(place: Path, marks: tuple[str, ...]) -> bool:
    """Say whether a file may be written: there is none, it is empty, or it was exported before."""
    if not place.exists():
        return True
    try:
        text = read_regular(place).decode(errors="replace")
    except OSError:
        return False
    return not text or any(mark in text for mark in marks)
