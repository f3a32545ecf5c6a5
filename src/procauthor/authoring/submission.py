"""What was handed in for a run so far, kept beside it and judged as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from procauthor.authoring.answer import HandedIn
from procauthor.authoring.brief import Brief
from procauthor.authoring.passage import join_questions
from procauthor.regex import lazy

_MAX_NAME = 100
_PATH = lazy(r"^[a-z_]\w*(?:\[\d+\]|\.[a-z_]\w*)+$")
_PIECE = lazy(r"\[(\d+)\]|\.?([a-z_]\w*)")


@dataclass(frozen=True, slots=True)
class Submission:
    """All parts that were handed in for one run, as they were written.

    ``revision`` counts the times that something was handed in. ``sources`` are ids by field name. ``person`` says that
    a person answers for every part: other claims become open questions.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    by: str = ""
    revision: int = 0
    person: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Submission:
        """Read a stored submission."""
        sources = {name: tuple(ids) for name, ids in data["sources"].items()}
        person = bool(data.get("person"))
        return cls(data["fields"], sources, tuple(data["questions"]), data["by"], data["revision"], person)

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return asdict(self)

    def add(self, part: HandedIn, *, person: bool = False) -> tuple[Submission, list[tuple[str, str]]]:
        """Lay a part over what is there; also return (path, reason) of what could not be placed.

        ``person`` says that a person answers for the part.
        A key of the part's fields is a field's name, or a path into a field that was handed in before. A field
        whose value is null is taken out again.
        """
        fields = json.loads(json.dumps(self.fields))
        lost: list[tuple[str, str]] = []
        for name, value in part.fields.items():
            if _PATH.match(name):
                reason = _put(fields, name, value)
                lost += [(name, reason)] if reason else []
            elif value is None:
                fields.pop(name, None)
            else:
                fields[name] = value
        whole = self.fields.keys() <= part.fields.keys()
        added = replace(
            self,
            fields=fields,
            sources={**self.sources, **{name: tuple(_texts(ids)) for name, ids in part.sources.items()}},
            questions=self._asked(part.questions, whole=whole),
            by=part.by[:_MAX_NAME] or self.by,
            revision=self.revision + 1,
            person=person and (self.person or not self.revision or whole),
        )
        return added, lost

    def _asked(self, questions: Sequence[str] | None, *, whole: bool) -> tuple[str, ...]:
        """Return what is open with the questions of a part; none takes all back, and those of a whole are all."""
        if questions is None:
            return self.questions
        return join_questions(() if whole or not questions else self.questions, questions)

    def carry(self, old: Brief, new: Brief) -> Submission:
        """Return the submission for a brief that was gathered again: passages that are still there got other ids."""
        places = {(p.path, p.hash, p.text): p.id for p in new.passages}
        ids = {p.id: places.get((p.path, p.hash, p.text), "") for p in old.passages}
        sources = {name: tuple(filter(None, (ids.get(s, s) for s in own))) for name, own in self.sources.items()}
        return replace(self, sources=sources)

    def rebase(self, old: Submission, new: Submission) -> Submission:
        """Return the submission for a document that changed from one answer to another: what was handed in stays."""
        changed = {name: value for name, value in self.fields.items() if old.fields.get(name) != value}
        removed = old.fields.keys() - self.fields.keys()
        fields = {name: value for name, value in {**new.fields, **changed}.items() if name not in removed}
        questions = new.questions if self.questions == old.questions else self.questions
        return replace(self, fields=fields, questions=questions)


def path_pieces(path: str) -> list[int | str]:
    """Return the names and indexes of a path such as ``workflow[2].actions[0]``."""
    return [int(index) if index else name for index, name in _PIECE.findall(path)]


def _texts(value: Any) -> Iterator[str]:
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    yield from dict.fromkeys(str(item).strip() for item in items if item is not None and str(item).strip())


def _put(fields: dict[str, Any], path: str, value: Any) -> str:
    """Put a value at a path; return why that cannot be, or nothing. The index behind the last one appends."""
    pieces = path_pieces(path)
    place: Any = fields
    for piece in pieces[:-1]:
        try:
            place = place[piece]
        except (KeyError, IndexError, TypeError):
            return f"nothing was handed in at {piece!r} of this path yet"
    last = pieces[-1]
    if isinstance(place, list) and isinstance(last, int) and last <= len(place):
        place[last : last + 1] = [value]
    elif isinstance(place, dict) and isinstance(last, str):
        place[last] = value
    else:
        return f"nothing was handed in at {last!r} of this path yet"
    return ""
