"""The author of updates without a model: it understands a few forms of wish, and says so where it does not.

It writes the words of the wish and what follows from the document, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from procauthor.authoring.brief import Answer, Ask
from procauthor.authoring.document import fit_rows
from procauthor.authoring.update.form import REASON, SECTIONS, entry_of, field_of
from procauthor.authoring.update.listing import WHOLE_WORDS, find_words, references
from procauthor.authoring.update.operation import Action, Operation
from procauthor.authoring.update.outline import EditContainer, EditOutline, EditTarget, outline_of
from procauthor.errors import DraftError
from procauthor.library.contract import read_contract, sections_of, step_title
from procauthor.markdown.front import refuse_unreadable
from procauthor.naming import as_sentence, title_key
from procauthor.procedure import Step
from procauthor.template.spec import SectionSpec, meaning_of, step_word

FORMS = (
    "replace 'old words' with 'new words' (and behind it: in code)",
    "add input NAME from PROCEDURE",
    "add input NAME: DESCRIPTION",
    "add output NAME: GUARANTEE",
    "add exit state NAME: MEANING",
    "add trigger: EVENT",
    "add criterion: CRITERION (or done criterion)",
    "add rule: RULE",
    "add step NAME after step N: ACTION; ACTION",
    "add a call of PROCEDURE to Phase N",
    "remove step N",
    "remove the call of PROCEDURE",
    "remove input NAME (or output, exit state, trigger, criterion, rule)",
    "set FIELD to VALUE",
)
_QUOTES = "'\"`\u2018\u2019\u201c\u201d"
_WORD = f"[{_QUOTES}]"
# What a person calls an item, and the roles of the sections that hold such items.
_NOUNS: dict[str, tuple[str, ...]] = {
    "input": ("inputs",),
    "output": ("outputs",),
    "exit state": ("exits",),
    "trigger": ("trigger",),
    "done criterion": ("done",),
    "criterion": ("criteria", "done"),
    "rule": ("rules",),
}
_NOUN = "(?P<noun>" + "|".join(_NOUNS) + ")"
_THE = r"(?:(?:the|an?|new)\s+)*"


@dataclass(frozen=True, slots=True)
class Understood:
    """What a wish means for a document: operations, none where it is fulfilled already, and what a person decides."""

    operations: tuple[Operation, ...]
    questions: tuple[str, ...] = ()


class OfflineUpdateAuthor:
    """Fills the forms of an update from the words of the wish."""

    id = "offline"

    def fill(self, ask: Ask) -> Answer:
        """Return the scope, or the operations of one step."""
        assert ask.form is not None
        outline = outline_of(ask.brief, ask.template)
        understood = understand(ask.brief.request.wish, outline, ask.brief.titles)
        if SECTIONS in ask.form.model.model_fields:
            return _scope(understood, outline)
        values: dict[str, list[dict[str, Any]]] = {name: [] for name in ask.form.model.model_fields}
        for operation in understood.operations:
            name = field_of(operation, outline)
            if name in values and _asked(ask, operation):
                values[name].append(entry_of(operation))
        return Answer(values, questions=understood.questions)


def _asked(ask: Ask, operation: Operation) -> bool:
    """Say whether the form of an ask names the target of an operation."""
    assert ask.form is not None
    shown: Any = ask.form.prompts[-1][1]["targets"]
    return any(target["id"] == operation.target for target in shown)


def _scope(understood: Understood, outline: EditOutline) -> Answer:
    if not understood.operations:
        return Answer({REASON: "The document already says so.", SECTIONS: []})
    names = dict.fromkeys(_section(outline, operation) for operation in understood.operations)
    entries = [{"section": name, "change": "As the wish says."} for name in names]
    return Answer({REASON: "It changes what the wish names.", SECTIONS: entries})


def _section(outline: EditOutline, operation: Operation) -> str:
    target = outline.targets[operation.target]
    return target.id.rpartition(".")[0] if target.kind == "step" else target.section


def understand(wish: str, outline: EditOutline, titles: Sequence[str]) -> Understood:
    """Return what a wish means.

    Raises:
        DraftError: It is none of the forms that are understood, or names something that is not there.
    """
    reader = _WishReader(outline, titles)
    text = " ".join(wish.split()).rstrip(".")
    for pattern, read in reader.forms():
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if match:
            return read(match)
    message = "the offline author does not understand this wish; a model (--model provider:name) or a person is needed"
    raise DraftError(message, "it understands: " + "; ".join(FORMS))


class _WishReader:
    """Reads one form of wish a method."""

    def __init__(self, outline: EditOutline, titles: Sequence[str]) -> None:
        self.outline = outline
        self.titles = titles

    def forms(self) -> Iterator[tuple[str, Callable[[re.Match[str]], Understood]]]:
        """Yield the patterns in order, with what reads them."""
        yield (
            (
                rf"(?:replace|change)\s+(?P<quote>{_WORD})(?P<old>.+?){_WORD}"
                rf"\s+(?:with|by|to)\s+{_WORD}(?P<new>.*?){_WORD}(?P<code>\s+in\s+(?:the\s+)?code)?"
            ),
            self.words,
        )
        yield rf"add\s+{_THE}call\s+(?:of|to)\s+(?P<title>.+?)\s+(?:to|in)\s+phase\s+(?P<number>\d+)", self.call
        yield rf"(?:remove|delete)\s+{_THE}calls?\s+(?:of|to)\s+(?P<title>.+)", self.uncall
        yield (
            (
                rf"add\s+{_THE}step\s+{_WORD}?(?P<name>.+?){_WORD}?\s+(?P<side>after|before)\s+step\s+(?P<number>\d+)"
                r"(?:\s*:\s*(?P<actions>.+))?"
            ),
            self.step,
        )
        yield r"(?:remove|delete)\s+step\s+(?P<number>\d+)", self.unstep
        yield rf"add\s+{_THE}input\s+{_WORD}?(?P<name>.+?){_WORD}?\s+from\s+(?P<title>.+)", self.input
        yield rf"add\s+{_THE}{_NOUN}\s*:?\s+(?P<text>.+)", self.item
        yield rf"(?:remove|delete)\s+{_THE}{_NOUN}\s+(?P<text>.+)", self.unitem
        yield r"set\s+(?:the\s+)?(?P<field>[\w -]+?)\s+to\s+(?P<value>.+)", self.field

    def do(self, action: Action, target: str, *values: Any) -> Operation:
        return Operation(action, target, self.outline.targets[target].hash, values)

    # Words

    def words(self, match: re.Match[str]) -> Understood:
        old, new = match["old"], match["new"]
        if match["code"] or match["quote"] == "`":
            old, new = f"`{old}`", f"`{new}`"
        held = [t for t in self.outline.targets.values() if t.kind in ("item", "row", "paragraph")]
        changes = [self.do("substitute", t.id, old, new) for t in held if self.holds(t, old)]
        if not changes and not any(self.holds(t, new) for t in held):
            message = f"{old!r} is in no paragraph, list item or table row of the document"
            raise DraftError(message, WHOLE_WORDS)
        return Understood(tuple(changes))

    def holds(self, target: EditTarget, words: str) -> bool:
        return bool(words) and bool(find_words(self.outline.document, target.start, target.end, words))

    # Items

    def place(self, noun: str) -> EditContainer:
        """Return the list of the items that a noun names."""
        outline = self.outline
        for role in _NOUNS[noun]:
            indexes = {section.index for section in sections_of(outline.document, outline.template, role)}
            names = [name for name, section in outline.sections.items() if section.index in indexes]
            lists = (p for p in outline.places.values() if p.section in names and p.kind in ("list", "empty"))
            place = next(lists, None)
            if place:
                return place
        message = f"the document has no list for {noun!r}"
        raise DraftError(message, "add the section by hand, or use a model")

    def member(self, place: EditContainer, name: str) -> EditTarget | None:
        """Return the item of a name: its bold or first words, or all of it."""
        key = title_key(name)
        for target in self.outline.members(place.id):
            head = re.split(r":\s|\s\(", target.text, maxsplit=1)[0]
            if key in (title_key(head), title_key(target.text)):
                return target
        return None

    def item(self, match: re.Match[str]) -> Understood:
        place = self.place(match["noun"].lower())
        text = match["text"].strip()
        name, _, rest = text.partition(":")
        if self.member(place, text) or (rest and self.member(place, name)):
            return Understood(())
        return Understood((self.do("append", place.id, _item(place.spec, text, match["noun"])),))

    def input(self, match: re.Match[str]) -> Understood:
        name, _, said = match["title"].partition(":")
        title = self.title(name)
        place = self.place("input")
        if self.member(place, match["name"]):
            return Understood(())
        text = said.strip() or "as its provider guarantees it"
        if place.spec is None or place.spec.pattern is None:
            value: Any = f"{match['name']}: {text} (From: {title})"
        else:
            value = _fields(place.spec, [match["name"], text], title)
        return Understood((self.do("append", place.id, value),))

    def unitem(self, match: re.Match[str]) -> Understood:
        place = self.place(match["noun"].lower())
        target = self.member(place, match["text"].strip(_QUOTES))
        return Understood((self.do("delete", target.id),) if target else ())

    def title(self, words: str) -> str:
        """Return a title of the closed list."""
        key = title_key(words.strip(_QUOTES))
        known = next((t for t in self.titles if title_key(t) == key), None)
        if known is None:
            message = f"no procedure {words.strip()!r} is known to this library"
            raise DraftError(message, "write its title as the index does")
        return known

    # Calls of an orchestration

    def calls(self) -> Iterator[tuple[str, EditContainer]]:
        """Yield (number of the phase, table of its calls)."""
        words = meaning_of(self.outline.template).steps
        for place in self.outline.places.values():
            step = step_title(self.outline.title(place.section), words)
            if place.kind == "table" and step and step[0] is not None and place.spec and references(place.spec):
                yield str(step[0]), place

    def call(self, match: re.Match[str]) -> Understood:
        title = self.title(match["title"])
        place = dict(self.calls()).get(match["number"])
        if place is None or place.spec is None:
            message = f"the document has no phase {match['number']} with a table of calls"
            raise DraftError(message, "name a phase of an orchestration")
        if self.row(place, title):
            return Understood(())
        return Understood((self.do("append", place.id, {references(place.spec)[0]: title}),))

    def row(self, place: EditContainer, title: str) -> EditTarget | None:
        key = title_key(title)
        rows = place.block.rows if place.block else ()
        targets = self.outline.members(place.id)
        return next(
            (t for t, row in zip(targets, rows, strict=True) if any(title_key(c.text) == key for c in row.cells)), None
        )

    def uncall(self, match: re.Match[str]) -> Understood:
        title = match["title"].strip(_QUOTES)
        rows = [row for _, place in self.calls() if (row := self.row(place, title))]
        return Understood(tuple(self.do("delete", row.id) for row in rows))

    # Steps

    def steps(self) -> dict[int, tuple[EditTarget, Step]]:
        """Return the steps by number, each with what the contract says of it."""
        targets = [t for t in self.outline.targets.values() if t.kind == "step"]
        steps = {step.start: step for step in read_contract(self.outline.document, self.outline.template).steps}
        known = ((t, steps[t.start]) for t in targets if t.start in steps)
        return {step.number: (t, step) for t, step in known if step.number is not None}

    def unstep(self, match: re.Match[str]) -> Understood:
        target, _ = self._step(match["number"])
        return Understood((self.do("delete", target.id),))

    def _step(self, number: str) -> tuple[EditTarget, Step]:
        known = self.steps().get(int(number))
        if known is None:
            message = f"the document has no step {number}"
            raise DraftError(message, "number the steps as their headings do")
        return known

    def step(self, match: re.Match[str]) -> Understood:
        number = int(match["number"])
        target, beside = self._step(match["number"])
        name = match["name"].strip(_QUOTES)
        if any(title_key(step.name) == title_key(name) for _, step in self.steps().values()):
            return Understood(())
        after = match["side"].lower() == "after"
        before = beside if after else self.steps().get(number - 1, (target, beside))[1]
        actions = [part.strip() for part in (match["actions"] or name).split(";") if part.strip()]
        spec = self.outline.specs[target.id]
        word = step_word(self.outline.template) if self.outline.template else ""
        inputs = [{"artifact": a.name, "source": f"{word} {before.number}"} for a in before.outputs]
        # What the step takes it hands on: something new would be used by no step.
        handed = [{"artifact": a.name, "description": "with what this step did"} for a in before.outputs]
        facts: dict[str, list[dict[str, Any]]] = {
            "purpose": [{"text": f"{name}."}],
            "inputs": inputs,
            "actions": [{"action": as_sentence(action.strip().strip(_QUOTES))} for action in actions],
            "outputs": handed or [{"artifact": f"{name} Record", "description": "what was done, and its result"}],
            "failures": [
                {"failure": "The step cannot be completed", "response": "stop, and tell the role that started it"}
            ],
        }
        slots = spec.step_heading.slots if spec.step_heading else ()
        value: dict[str, Any] = {slot.name: name for slot in slots if slot.name != "number"}
        for part in spec.parts:
            # What can go wrong in any step says nothing of this one.
            known = [] if part.role == "failures" and part.constraint.optional else facts.get(part.role, [])
            rows = fit_rows(part, known, self.titles)
            value[part.name] = " ".join(map(str, rows)) if part.kind == "prose" else rows
        action: Action = "insert_after" if after else "insert_before"
        return Understood(
            (self.do(action, target.id, value),),
            (f"Step {name!r}: name what it makes, who uses that, and what can go wrong; the draft only holds places.",),
        )

    # Metadata

    def field(self, match: re.Match[str]) -> Understood:
        name = "M." + re.sub(r"[\s-]+", "_", match["field"].strip().lower())
        target = self.outline.targets.get(name)
        if target is None:
            refuse_unreadable(self.outline.document, self.outline.document.title or "the document")
            known = ", ".join(t.id[2:] for t in self.outline.targets.values() if t.kind == "field")
            message = f"the document has no metadata field {match['field']!r}"
            raise DraftError(message, f"it has: {known}" if known else "add the metadata by hand")
        value = match["value"].strip(_QUOTES)
        return Understood(() if target.text == value else (self.do("replace", name, value),))


def _item(spec: SectionSpec | None, text: str, noun: str) -> Any:
    """Return the value of an item from words such as "NAME: MEANING"."""
    if spec is None or spec.pattern is None:
        return as_sentence(text.strip().strip(_QUOTES))
    if spec.pattern.single or spec.pattern.main:
        return as_sentence(text.strip().strip(_QUOTES))
    needed = [s for s in spec.pattern.slots if not (s.reference or s.optional)]
    parts = [part.strip().strip(_QUOTES) for part in text.split(":", max(0, len(needed) - 1))]
    if len(parts) < len(needed):
        message = f"{noun.lower()} {text!r} is said too shortly"
        raise DraftError(message, f'say it as: add {noun.lower()} "NAME: WHAT IT MEANS"')
    return _fields(spec, parts, None)


def _fields(spec: SectionSpec, parts: Sequence[str], title: str | None) -> dict[str, Any]:
    """Return the fields of an item: what must be filled takes the words first."""
    assert spec.pattern is not None
    slots = spec.pattern.slots
    texts = dict(zip(sorted((s for s in slots if not s.reference), key=lambda s: s.optional), parts, strict=False))
    return {s.name: title if s.reference else texts.get(s, "") for s in slots}
