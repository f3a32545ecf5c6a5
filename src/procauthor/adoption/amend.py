"""Conventions that are proposed for a library: each is counted in the documents, and what none shows is left out.

A model or a person may have proposed them. Nothing of what they say is believed: a convention counts only where the
documents show it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import chain
from typing import Any

from pydantic import ValidationError

from procauthor.adoption.guess import Guess
from procauthor.adoption.survey import Survey, read_by
from procauthor.convention.word import known_words, plain_name, plain_status, status_text, table_text
from procauthor.data import ungrouped
from procauthor.library.library import Procedure
from procauthor.library.thin import find_placeholders
from procauthor.settings import Conventions, PlaceholderConventions

_MOST = 40
_LONGEST = 80
_SHORTEST = 3
_FEWEST_TITLES = 2
_SURE = 0.7
_STATES = ("placeholder", "in progress", "defined", "approved", "proposed", "rejected", "deprecated", "alias")
_TEXTS = {"type": "array", "items": {"type": "string", "maxLength": _LONGEST}, "maxItems": _MOST}
SCHEMA: Mapping[str, Any] = {
    "title": "conventions",
    "description": "How a library writes what is read from it.",
    "type": "object",
    "properties": {
        "title_patterns": _TEXTS,
        "status_words": {
            "type": "array",
            "maxItems": _MOST,
            "items": {
                "type": "object",
                "properties": {"word": {"type": "string"}, "state": {"type": "string", "enum": list(_STATES)}},
                "required": ["word", "state"],
                "additionalProperties": False,
            },
        },
        "unfinished_words": _TEXTS,
        "ordinary_words": _TEXTS,
        "procedures": _TEXTS,
    },
    "required": ["title_patterns", "status_words", "unfinished_words", "ordinary_words", "procedures"],
    "additionalProperties": False,
}
"""The form of a proposal, as JSON schema."""
_FIELDS = {
    "titles.patterns": "title_patterns",
    "placeholders.words": "unfinished_words",
    "placeholders.ignore": "ordinary_words",
    "procedures": "procedures",
}


@dataclass(frozen=True, slots=True)
class Amended:
    """A survey with what was proposed and is shown by the documents.

    Attributes:
        survey: The survey.
        taken: What was taken, with counts and examples.
        refused: What no document shows, or what says nothing new.
        changes: How many documents are read in another way: by title, by status, and by whether they count.
    """

    survey: Survey
    taken: tuple[Guess, ...]
    refused: tuple[str, ...]
    changes: Mapping[str, int]


def amend(survey: Survey, proposed: Mapping[str, Any]) -> Amended:
    """Return a survey with the proposed conventions that its documents show.

    Args:
        survey: What the program has found by itself.
        proposed: A proposal in the form of `SCHEMA`. What has another form is refused, one by one.
    """
    evidence = _Evidence(survey, Conventions.model_validate(survey.settings.get("conventions", {})))
    taken: list[Guess] = []
    refused: list[str] = []
    for field, value in _candidates(proposed):
        places = evidence.take(field, value)
        if places:
            total = len(survey.library.procedures)
            taken.append(Guess(f"proposed.{field}", value, _SURE, len(places), total, tuple(places[:2])))
        else:
            refused.append(f"{field}: {value}")
    own = evidence.conventions.model_dump(exclude_defaults=True, mode="json")
    settings = {**survey.settings, "conventions": own}
    library = read_by(survey.library, settings, survey.templates)
    counted = {p.path for p in library.counted}
    left = {folder: tuple(p for p in paths if p not in counted) for folder, paths in survey.left_out.items()}
    after_all = replace(
        survey,
        library=library,
        settings=settings,
        guesses=(*survey.guesses, *taken),
        left_out={folder: paths for folder, paths in left.items() if paths},
    )
    return Amended(after_all, tuple(taken), tuple(refused), _changes(survey.library.procedures, library.procedures))


def _candidates(proposed: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each proposal as the setting that it is about and a text; what has no such form is left out."""
    words = proposed.get("status_words")
    pairs = [each for each in words[:_MOST] if isinstance(each, Mapping)] if isinstance(words, list) else []
    for field, key in _FIELDS.items():
        yield from ((field, text) for text in _texts(proposed.get(key)))
    yield from (("status.words", f"{each.get('word', '')} = {each.get('state', '')}") for each in pairs)


def _texts(value: object) -> list[str]:
    items = value[:_MOST] if isinstance(value, list) else []
    return [item.strip() for item in items if isinstance(item, str) and 0 < len(item.strip()) <= _LONGEST]


class _Evidence:
    """Where the documents show a convention; ``conventions`` are those taken so far."""

    def __init__(self, survey: Survey, conventions: Conventions) -> None:
        self.conventions = conventions
        self._documents = [p for p in survey.library.procedures if p.kind != "template"]
        self._looks: Mapping[str, Callable[[str], tuple[list[str], dict[str, object]]]] = {
            "titles.patterns": self._title,
            "placeholders.words": self._unfinished,
            "placeholders.ignore": self._ordinary,
            "procedures": self._counted,
            "status.words": self._status,
        }

    def take(self, field: str, value: str) -> list[str]:
        """Take a convention that the documents show, and return where; none, if it is not shown, known or not valid."""
        places, values = self._looks[field](value)
        if not places:
            return []
        tables = self.conventions.model_dump(exclude_defaults=True, mode="json")
        table, _, key = field.partition(".")
        tables |= {table: {**tables.get(table, {}), **values}} if key else values
        try:
            self.conventions = Conventions.model_validate(tables)
        except ValidationError:
            return []
        return places

    def _title(self, pattern: str) -> tuple[list[str], dict[str, object]]:
        known = self.conventions.titles.patterns
        if pattern.count("{name}") != 1 or pattern == "{name}" or pattern in known:
            return [], {}
        titles = {p.path: plain_name(p.written_title, known) for p in self._documents}
        places = [path for path, title in titles.items() if title and plain_name(title, (pattern,)) != title]
        return places if len(places) >= _FEWEST_TITLES else [], {"patterns": [*known, pattern]}

    def _status(self, text: str) -> tuple[list[str], dict[str, object]]:
        status = self.conventions.status
        word, _, state = text.rpartition(" = ")
        key = plain_status(word)
        if not key or key in known_words(status):
            return [], {}
        shown: dict[str, list[str]] = {"metadata": [], "table": [], "section": []}
        for p in self._documents:
            said = (p.document.metadata.get("status"), table_text(p.document), status_text(p.document, status.sections))
            for source, declared in zip(shown, said, strict=True):
                if plain_status(str(declared or "")[:_LONGEST]).startswith(key):
                    shown[source].append(p.path)
        new = [source for source, paths in shown.items() if paths and source not in status.sources]
        values: dict[str, object] = {"words": {**status.words, key: state}, "sources": [*status.sources, *new]}
        return list(dict.fromkeys(chain.from_iterable(shown.values()))), values

    def _unfinished(self, word: str) -> tuple[list[str], dict[str, object]]:
        known = self.conventions.placeholders.words
        if len(word) < _SHORTEST or word in known:
            return [], {}
        places = self._holding(word, PlaceholderConventions(words=(word,)))
        # A word in most documents is an ordinary one.
        usual = len({place.rpartition(":")[0] for place in places}) * 2 > len(self._documents)
        return [] if usual else places, {"words": [*known, word]}

    def _ordinary(self, word: str) -> tuple[list[str], dict[str, object]]:
        holders = self.conventions.placeholders
        places = [] if word in holders.ignore else self._holding(word, holders)
        return places, {"ignore": [*holders.ignore, word]}

    def _counted(self, pattern: str) -> tuple[list[str], dict[str, object]]:
        places = [p.path for p in self._documents if fnmatchcase(p.path, pattern) and p.kind == "other"]
        return places, {"procedures": [*self.conventions.procedures, pattern]}

    def _holding(self, word: str, conventions: PlaceholderConventions) -> list[str]:
        """Return where documents hold a word that says that a text is not finished, by these conventions."""
        held = ungrouped((p, find_placeholders(p.document, conventions)) for p in self._documents)
        return [f"{p.path}:{p.source.line(left.start)}" for p, left in held if left.text == word]


def _changes(before: Iterable[Procedure], after: Iterable[Procedure]) -> dict[str, int]:
    pairs = list(zip(before, after, strict=True))
    return {
        "title": sum(old.title != new.title for old, new in pairs),
        "status": sum(old.status != new.status for old, new in pairs),
        "counted": sum(old.counted != new.counted for old, new in pairs),
    }
