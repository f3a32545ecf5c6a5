"""Fields of an item: ``**Key:** value`` wherever they stand, alone, several on a line, or as a label over a list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from procauthor.planning.line import Line, Mark, sign_of, strip_signs
from procauthor.planning.plan import Action

_NAMES = {
    "priority": ("priority", "prio"),
    "lifecycle": ("lifecycle",),
    "phase": ("phase",),
    "status": ("status", "current status", "state"),
    "depends_on": (
        *("dependencies", "dependency", "depends on", "requires", "prerequisites", "prerequisite", "blocked by"),
        *("hard dependencies", "needs", "deps"),
    ),
    "soft": ("soft dependencies", "optional dependencies", "soft dependency"),
    "blocks": ("blocks", "blocking", "unblocks", "required by", "needed by"),
    "effort": ("estimated effort", "effort", "estimate", "est. effort", "estimated time", "hours", "effort hours"),
    "why": ("why", "rationale", "reason", "justification"),
    "actions": ("action items", "actions", "tasks", "checklist", "action steps", "to do"),
    "procedures": ("procedures", "items", "includes"),
}
_KEYS = {name: key for key, names in _NAMES.items() for name in names}
_BOLD = re.compile(r"(\*\*|__)([^*\n]{1,60}?)\s*(?::\s*\1|\1\s*:)\s*")
_PLAIN = re.compile(
    r"^\s*(?:[-*+•]\s+)?(" + "|".join(sorted(map(re.escape, _KEYS), key=len, reverse=True)) + r")\s*:\s*", re.IGNORECASE
)
_SEPARATOR = re.compile(r"\s*(?:[|;,·•]|\s[-–—])\s*(?:[-*+•]\s*)?$")
_WHOLE_LINE = re.compile(r"^[ \t]*\|?.*\|?[ \t]*$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One list line under a field."""

    text: str
    line: Line
    mark: Mark | None

    @property
    def value(self) -> str:
        """The text, with a sign for its box or sign, so that a ticked dependency counts as defined."""
        if not self.mark:
            return self.text
        return f"{self.text} {'✅' if self.mark.done else '🔄' if sign_of(self.line.text) == 'in progress' else '❌'}"

    def action(self) -> Action:
        """Return the line as an action item."""
        mark = self.mark
        return Action(
            self.text,
            bool(mark and mark.done),
            mark.marker if mark else None,
            self.line.number,
            mark.tick if mark else None,
        )


@dataclass(slots=True)
class Field:
    """A field: its key (empty where unknown), its label, what stands behind it, and the list below it."""

    key: str
    label: str
    text: str
    line: int
    entries: list[Entry] = field(default_factory=list)

    @property
    def values(self) -> Iterator[tuple[str, int]]:
        """The text and the lines of the list, each with its line."""
        if self.text:
            yield self.text, self.line
        yield from ((entry.value, entry.line.number) for entry in self.entries)


def field_key(label: str) -> str:
    """Return the key of a label, or an empty string for a label that items do not have."""
    return _KEYS.get(re.sub(r"[\s_]+", " ", label).strip(" *_:").casefold(), "")


def read_fields(lines: Iterable[Line]) -> list[Field]:
    """Read all fields of some lines, in order. Ticked lines that stand under no field count as actions."""
    found: list[Field] = []
    current: Field | None = None
    open_text = False
    for line in lines:
        opened = list(_opened(line))
        if opened:
            found += opened
            current, open_text = opened[-1], bool(opened[-1].text)
        elif not line.text.strip() or line.heading:
            current, open_text = (None if line.heading else current), False
        elif line.bullet:
            current = _listed(line, current, found)
            open_text = False
        elif open_text and current:
            current.text = f"{current.text} {line.text.strip()}"
    return found


def _listed(line: Line, current: Field | None, found: list[Field]) -> Field | None:
    """Put a list line where it belongs: a box makes an action, except in a list of procedures."""
    entry = Entry(line.body, line, line.mark)
    takes = current if current and not current.text else None
    if takes and (takes.key != "why" or not entry.mark) and takes.key:
        takes.entries.append(entry)
        return current
    if entry.mark:
        found.append(Field("actions", "", "", line.number, [entry]))
    return current


def _opened(line: Line) -> Iterator[Field]:
    if line.heading:
        text = line.text.strip().strip("#").strip()
        label, _, value = text.partition(":")
        if field_key(label):
            yield Field(field_key(label), label, value.strip(), line.number)
        return
    yield from fields_in(line.text, line.number)


def fields_in(text: str, number: int) -> Iterator[Field]:
    """Yield the fields that stand on one line."""
    found = list(_BOLD.finditer(text))
    if not found and (plain := _PLAIN.match(text)):
        yield Field(field_key(plain[1]), plain[1], clean_value(text[plain.end() :]), number)
    for match, after in zip(found, [*found[1:], None], strict=False):
        value = text[match.end() : after.start() if after else len(text)]
        value = _SEPARATOR.sub("", value) if after else value
        yield Field(field_key(match[2]), match[2].strip(), clean_value(value), number)


def first_field(text: str) -> int:
    """Return where the first known field begins on a line, or its length."""
    return next((m.start() for m in _BOLD.finditer(text) if field_key(m[2])), len(text))


def clean_value(text: str) -> str:
    """Return a value without hard breaks, emphasis around it, and links."""
    text = re.sub(r"!?\[([^\]]+)\]\([^)]*\)", r"\1", text.strip().rstrip("\\").strip())
    text = re.sub(r"(\*\*|__|`|~~)(.+?)\1", r"\2", text)
    return strip_emphasis(text)


def strip_emphasis(text: str) -> str:
    """Return the text without emphasis, links and code marks around its words."""
    text = re.sub(r"!?\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__|`|~~)", "", text)
    return re.sub(r"(?<!\w)[*_](\S(?:.*?\S)?)[*_](?!\w)", r"\1", text).strip()


def plain_text(text: str) -> str:
    """Return the text of a line without emphasis and signs."""
    return strip_signs(strip_emphasis(text))
