"""A draft: typed fields, the document that they render to, and the record of how they came about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from procauthor.authoring.brief import Brief, Usage
from procauthor.errors import DraftError
from procauthor.library.reference import relative
from procauthor.markdown.edit import Replacement, replace_spans
from procauthor.markdown.parse import parse
from procauthor.markdown.source import BOM
from procauthor.template.render import render
from procauthor.template.spec import Template

# What an earlier draft left in the front matter: the key and the list below it.
_OURS = re.compile(r"^(?:written_by|open_questions):.*\n(?:[ \t-].*\n)*", re.MULTILINE)


def render_draft(  # noqa: PLR0913 - what a document is made of
    brief: Brief,
    template: Template,
    fields: Mapping[str, Any],
    *,
    author: str,
    questions: tuple[str, ...] = (),
    present: bytes | None = None,
    status: str = "Defined",
) -> bytes:
    """Render the whole document: metadata, title and sections. Without an author, none is named.

    ``present`` is the placeholder that the document replaces: its metadata, byte order mark and line endings stay.
    """
    links = {r.title: relative(brief.path, r.path) if r.path else "" for r in brief.references}
    body = render(template, brief.request.title, fields, links)
    own: dict[str, Any] = {"written_by": author} if author else {}
    ours = _dump(own | {"open_questions": list(questions)} if questions else own) if own or questions else ""
    head = _present_head(present, ours, status) if present else ""
    text = f"{head or _new_head(brief, ours, status)}\n{body}"
    newline = parse(present).source.newline if present else "\n"
    mark = BOM if present and present.startswith(BOM) else b""
    return mark + text.replace("\n", newline).encode()


def _dump(values: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=110)


def _new_head(brief: Brief, ours: str, status: str) -> str:
    request = brief.request
    values: dict[str, Any] = {"id": PurePosixPath(brief.path).stem}
    if request.lifecycle:
        values["lifecycle"] = request.lifecycle
    if request.phase is not None:
        values["phase"] = request.phase
    values["status"] = status
    if request.depends_on:
        values["depends_on"] = list(request.depends_on)
    return f"---\n{_dump(values)}{ours}---\n"


def _present_head(present: bytes, ours: str, wanted: str) -> str:
    """Return the front matter of the placeholder with its status set; empty where it has none."""
    document = parse(present)
    if document.front_matter is None:
        return ""
    start, end = document.front_matter
    changes = []
    status = document.fields.get("status")
    if status:
        changes.append(Replacement(status.start, status.end, f" {wanted}"))
    raw = replace_spans(present[:end], changes)[start:]
    lines = raw.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    kept = _OURS.sub("", "\n".join(lines[1:-1]) + "\n")
    return f"---\n{kept}{'' if status else f'status: {wanted}' + chr(10)}{ours}---\n"


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft as it is stored.

    ``text`` is the whole document; ``base`` the stamp of the file that it replaces, or empty, and
    ``base_text`` that file; ``wish`` what an update was asked for; ``notes`` what was computed beyond it;
    ``prompt`` the hash of the prompts that a model was given; ``sources`` the passages and contracts that each field
    rests on.
    """

    id: str
    title: str
    path: str
    author: str
    outcome: str
    text: str
    base: str = ""
    base_text: str | None = None
    wish: str = ""
    notes: tuple[str, ...] = ()
    template: str = ""
    template_hash: str = ""
    prompt: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    passages: tuple[Mapping[str, Any], ...] = ()
    open_questions: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    usage: Usage = Usage()
    usage_by_step: tuple[Mapping[str, Any], ...] = ()

    @property
    def reused(self) -> int:
        """How many replies earlier runs had paid for."""
        return sum(row["reused"] for row in self.usage_by_step)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Draft:
        """Read a stored draft."""
        values = dict(data)
        values["usage"] = Usage(**values["usage"])
        for name in ("passages", "open_questions", "findings", "notes", "usage_by_step"):
            values[name] = tuple(values.get(name, ()))
        values["sources"] = {key: tuple(found) for key, found in values["sources"].items()}
        return cls(**values)


class DraftStore:
    """Drafts that wait, one file each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, draft: Draft) -> None:
        """Store a draft under its id."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{draft.id}.json"
        temporary = file.with_suffix(".tmp")
        temporary.write_text(json.dumps(draft.as_json(), ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(file)

    def holds(self, name: str) -> bool:
        """Say whether a draft of that id waits."""
        return (self.folder / f"{name}.json").is_file()

    def all(self) -> list[Draft]:
        """Return all drafts that wait, by id."""
        return [self._read(file) for file in sorted(self.folder.glob("*.json"))]

    def get(self, name: str = "") -> Draft:
        """Return the draft of that id or title; without a name, the only one.

        Raises:
            DraftError: There is none, or several and no name.
        """
        drafts = self.all()
        if name:
            drafts = [d for d in drafts if name in (d.id, d.title)]
        if len(drafts) == 1:
            return drafts[0]
        if not drafts:
            message = f"no draft {name!r} waits" if name else "no draft waits"
            raise DraftError(message, "procauthor drafts lists them; procauthor create makes one")
        message = f"{len(drafts)} drafts wait"
        raise DraftError(message, "name one: " + ", ".join(d.id for d in drafts))

    def remove(self, draft: Draft) -> None:
        """Forget a draft."""
        (self.folder / f"{draft.id}.json").unlink(missing_ok=True)

    @staticmethod
    def _read(file: Path) -> Draft:
        try:
            return Draft.from_json(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            message = f"draft {file.stem!r} cannot be read"
            raise DraftError(message, f"delete {file.name} and create it again") from error
