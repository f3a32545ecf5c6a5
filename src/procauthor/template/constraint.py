"""The lines of a template's comments that demand something: ``min: 3``. What cannot be used is told."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from procauthor.markdown.document import Comment
from procauthor.template.block import BLOCKS
from procauthor.template.key import section_key
from procauthor.template.role import NO_ROLE
from procauthor.template.spec import Constraint, Mistake

_NUMBERS = {
    "step": "step",
    "min": "minimum",
    "max": "maximum",
    "max-in-all": "maximum_in_all",
    "max-words": "max_words",
}
_KEYS = (*_NUMBERS, "none", "optional", "synonyms", "role", "blocks")
_LINE = re.compile(r"^([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)$")
_YES, _NO = ("true", "yes"), ("false", "no")
# Steps 4, 7 and 8 are computed: no author fills anything there.
_FILLED = (1, 2, 3, 5, 6)
# A section of more than this is a mistake of typing, and would only cost time and memory.
_MOST = 1000
_MOST_WORDS = 100_000
_SHORT = 3


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a comment. ``leads`` says that only such lines come before it in the comment."""

    number: int
    text: str
    key: str
    value: str
    leads: bool


def read_guidance(comments: Iterable[Comment]) -> str:
    """Return the words of comments for the author, without the lines that demand something."""
    return " ".join(line.text for comment in comments for line in _lines(comment) if not _is_demand(line))


def read_constraint(comments: Sequence[Comment], roles: Collection[str]) -> tuple[Constraint, list[Mistake]]:
    """Return what comments demand, and what is wrong with them; a line that is wrong demands nothing.

    Args:
        comments: All comments of a section or of a part of a step.
        roles: The roles that there are.
    """
    reader = _DemandReader(roles)
    for comment in comments:
        for line in _lines(comment):
            reader.read(line)
    reader.compare()
    return reader.constraint, reader.mistakes


def _lines(comment: Comment) -> Iterator[_Line]:
    body = comment.text
    first = comment.line
    leads = True
    for offset, text in enumerate(body.splitlines()):
        stripped = text.strip()
        if not stripped:
            continue
        match = _LINE.match(stripped)
        key, value = (match[1], match[2].strip()) if match else ("", "")
        yield _Line(first + offset, stripped, key, value, leads)
        leads = leads and match is not None


def _is_demand(line: _Line) -> bool:
    return line.key in _KEYS and bool(line.value)


class _DemandReader:
    """Reads the demands of one section."""

    def __init__(self, roles: Collection[str]) -> None:
        self.constraint = Constraint()
        self.mistakes: list[Mistake] = []
        self._roles = roles
        self._lines: dict[str, int] = {}

    def read(self, line: _Line) -> None:
        if not _is_demand(line):
            self.doubt(line)
        elif line.key in self._lines:
            before = self._lines[line.key]
            self.say(line.number, f"{line.key!r} was set in line {before} already", "keep one of the two")
        else:
            self._lines[line.key] = line.number
            self.demand(line)

    def say(self, line: int, message: str, hint: str = "") -> None:
        self.mistakes.append(Mistake(line, message, hint))

    def doubt(self, line: _Line) -> None:
        """Report a line that is nearly a demand; any other is guidance, and may well hold a colon."""
        if not line.key:
            return
        plain = line.value.isdecimal() or line.value.lower() in (*_YES, *_NO)
        # "note: one a team" is guidance, and nearly spelt like "none".
        close = get_close_matches(line.key.lower().replace("_", "-"), _KEYS, n=1, cutoff=0.6 if plain else 0.8)
        if line.key in _KEYS:
            self.say(line.number, f"{line.key!r} has no value", f"write {line.key}: and a value, or leave it out")
        elif close and (plain or line.key.islower()) and len(line.value.split()) <= _SHORT:
            self.say(line.number, f"{line.key!r} is no known key", f"did you mean {close[0]!r}?")
        elif line.leads and line.key.islower() and line.value.isdecimal():
            self.say(line.number, f"{line.key!r} is no known key", f"known keys are: {', '.join(_KEYS)}")

    def demand(self, line: _Line) -> None:
        if line.key in _NUMBERS:
            self.number(line)
            return
        match line.key:
            case "none":
                self.constraint = replace(self.constraint, none=line.value)
            case "optional":
                self.optional(line)
            case "synonyms":
                keys = tuple(key for word in line.value.split(",") if (key := section_key(word)))
                self.constraint = replace(self.constraint, synonyms=keys)
            case "blocks":
                self.blocks(line)
            case _:
                self.role(line)

    def optional(self, line: _Line) -> None:
        if line.value.lower() not in (*_YES, *_NO):
            self.say(line.number, f"'optional' is true or false, not {line.value!r}")
            return
        self.constraint = replace(self.constraint, optional=line.value.lower() in _YES)

    def role(self, line: _Line) -> None:
        role = line.value.lower()
        if role not in (*self._roles, NO_ROLE):
            close = get_close_matches(role, [*self._roles], n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"roles are: {', '.join(self._roles)}"
            self.say(line.number, f"there is no role {line.value!r}", hint)
            return
        self.constraint = replace(self.constraint, role=role)

    def blocks(self, line: _Line) -> None:
        names = [word.strip().lower() for word in line.value.split(",")]
        for name in names:
            if name not in BLOCKS:
                close = get_close_matches(name, BLOCKS, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"blocks are: {', '.join(BLOCKS)}"
                self.say(line.number, f"there is no block {name[:40]!r}", hint)
        self.constraint = replace(self.constraint, blocks=tuple(each for each in BLOCKS if each in names))

    def number(self, line: _Line) -> None:
        most = _MOST_WORDS if line.key == "max-words" else _MOST
        if not (line.value.isascii() and line.value.isdecimal()) or len(line.value) > len(str(most)):
            self.say(line.number, f"{line.key!r} wants a whole number up to {most}, not {line.value[:40]!r}")
            return
        number = int(line.value)
        if line.key == "step" and number not in _FILLED:
            allowed = ", ".join(map(str, _FILLED))
            self.say(line.number, f"no author fills a section in step {number}", f"steps that are filled: {allowed}")
        elif number > most or (number == 0 and line.key.startswith("max")):
            self.say(line.number, f"{line.key!r} is {number}, and 1 to {most} is possible")
        else:
            self.constraint = replace(self.constraint, **{_NUMBERS[line.key]: number})  # type: ignore[arg-type]

    def compare(self) -> None:
        """Report bounds that contradict each other; then the upper one does not count."""
        least, most = self.constraint.minimum, self.constraint.maximum
        if most and least > most:
            message = f"at least {least} and at most {most} cannot both be kept"
            self.say(self._lines["max"], message, "correct 'min' or 'max'")
            self.constraint = replace(self.constraint, maximum=0)
