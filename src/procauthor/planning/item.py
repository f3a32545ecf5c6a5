"""Openings to items: one for each procedure, a range spread over the procedures that it lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from procauthor.markdown.document import Document
from procauthor.naming import title_key
from procauthor.planning.dependency import split_names
from procauthor.planning.effort import effort_unit, read_effort, read_whole_effort, share
from procauthor.planning.field import Entry, Field, plain_text, resembles
from procauthor.planning.line import Line, Mark, sign_of
from procauthor.planning.opening import Opening, bucket_key, headings
from procauthor.planning.plan import COMPUTED, Action, Effort, PlanItem, Priority, Problem
from procauthor.planning.title import asks_for, clean_title
from procauthor.planning.value import (
    is_nothing,
    is_yes,
    read_lifecycle,
    read_phase,
    read_priority,
    read_status,
)
from procauthor.procedure import DONE

# "_Requirements: 1.1_" in italics, and "**Property:** ..." are remarks on an item.
_ASIDE = re.compile(r"^(?:[*_][^*_].*[*_]$|(?:\*\*|__)[^*_]+:|[A-Z][\w'/-]*(?: [\w'/-]+){0,2}: )")


@dataclass(slots=True)
class Draft:
    """An item whose names are not resolved yet, with the values that hold them."""

    item: PlanItem
    needs: list[tuple[str, int]] = field(default_factory=list)
    softly: list[tuple[str, int]] = field(default_factory=list)
    blocks: list[tuple[str, int]] = field(default_factory=list)


def read_items(
    document: Document, openings: Sequence[Opening], known: Collection[str]
) -> tuple[list[Draft], list[Problem]]:
    """Return a draft for every procedure, in the order of the text, with what is wrong with their numbers."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    numbers = _Numbers(openings)
    for opening in openings:
        names = _names(opening, known)
        drafts += _drafts(document, opening, names, numbers.take(opening, len(names)), problems)
    return drafts, [*problems, *numbers.problems, *_repeated(drafts)]


@dataclass(frozen=True, slots=True)
class _Name:
    title: str
    line: Line
    status: str = ""
    mark: Mark | None = None


def _names(opening: Opening, known: Collection[str]) -> list[_Name]:
    """Return the procedures that an opening stands for: those that it lists, else its own title."""
    listed = [name for f in opening.all("procedures") for name in _listed(f, opening, known)]
    size = opening.last - opening.first + 1
    if not listed and size > 1:
        parts = split_names(clean_title(opening.title), known)
        inside = [_Name(clean_title(part, known), opening.line) for part in parts]
        below = [_name(entry, known) for f in opening.all("listed") for entry in _outermost(f.entries)]
        listed = next((names for names in (inside, below) if len(names) == size), [])
    return listed or [_Name(clean_title(opening.title, known), opening.line, mark=opening.line.any_mark)]


def _outermost(entries: Sequence[Entry]) -> list[Entry]:
    indent = min((entry.line.indent for entry in entries), default=0)
    return [entry for entry in entries if entry.line.indent == indent]


def _listed(found: Field, opening: Opening, known: Collection[str]) -> Iterator[_Name]:
    if found.text and not re.fullmatch(r"\d+", found.text):
        parts = split_names(found.text, known)
        yield from (_Name(clean_title(part, known), opening.line) for part in parts if part.strip())
    yield from (_name(entry, known) for entry in _outermost(found.entries))


def _name(entry: Entry, known: Collection[str]) -> _Name:
    rest = entry.text[len(clean_title(entry.text, known)) :]
    status = sign_of(entry.line.text) or (read_status(rest) if re.search(r"[(–—:]|\s-\s", rest) else "")
    return _Name(clean_title(entry.text, known), entry.line, status, entry.mark)


class _Numbers:
    """Gives every item a number of its own: the plan's where it has one that no earlier item has, else a free one."""

    def __init__(self, openings: Sequence[Opening]) -> None:
        self._stated = {number for o in openings if o.first for number in range(o.first, o.last + 1)}
        self._used: dict[int, str] = {}
        self._next = 1
        self.problems: list[Problem] = []

    def take(self, opening: Opening, count: int) -> list[int]:
        """Return the numbers of the procedures of an opening; what a range has no number for goes behind all others."""
        line, title = opening.line.number, opening.title
        if not opening.first:
            return [self._free(title) for _ in range(count)]
        size = opening.last - opening.first + 1
        if size != count:
            span = str(opening.first) if size == 1 else f"{opening.first}-{opening.last}"
            message = f"{span} announces {size} items, but {title!r} names {count}"
            self.problems.append(Problem("range", message, line, opening.first))
        numbers = [self._own(opening.first + place, title, line) for place in range(min(size, count))]
        return numbers + [self._behind(title) for _ in range(count - len(numbers))]

    def _own(self, number: int, title: str, line: int) -> int:
        first = self._used.setdefault(number, title)
        if first is title:
            return number
        other = self._behind(title)
        message = f"number {number} is used twice: for {first!r} and for {title!r}, which counts as {other}"
        self.problems.append(Problem("duplicate", message, line, other))
        return other

    def _free(self, title: str) -> int:
        while self._next in self._stated or self._next in self._used:
            self._next += 1
        self._used[self._next] = title
        return self._next

    def _behind(self, title: str) -> int:
        number = max(max(self._stated, default=0), max(self._used, default=0)) + 1
        self._used[number] = title
        return number


def _drafts(
    document: Document, opening: Opening, names: list[_Name], numbers: list[int], problems: list[Problem]
) -> Iterator[Draft]:
    base = _base(document, opening, problems, numbers[0])
    efforts = _efforts(opening, len(names))
    if (said := opening.field("effort")) and not is_nothing(said) and efforts[0] is None:
        message = f"{names[0].title!r} states an effort that is no number of hours: {plain_text(said)!r}"
        problems.append(Problem("effort", message, opening.line.number, numbers[0]))
    problems += _unread(opening, numbers[0])
    needs, softly, blocks = ([v for f in opening.all(k) for v in f.values] for k in ("depends_on", "soft", "blocks"))
    for name, number, effort in zip(names, numbers, efforts, strict=True):
        one = len(names) == 1
        status = name.status or base.status
        said_done = is_yes(opening.field("done"))
        done = said_done or bool(name.mark and name.mark.done) or _all_done(base.actions) or status in DONE
        item = replace(
            base,
            number=number,
            code=opening.code if one else "",
            title=name.title,
            effort_hours=effort,
            line=name.line.number,
            status=status,
            done=done,
        )
        asks = asks_for(opening.said or opening.title, name.title) if one and not opening.all("procedures") else True
        ticks = (name.mark.tick,) if asks and name.mark and name.mark.tick else ()
        yield Draft(replace(item, asks=asks, ticks=ticks), needs, softly, blocks)


def _unread(opening: Opening, number: int) -> Iterator[Problem]:
    """Yield a problem for each field with a misspelt label, and for what stands below the names of a range."""
    for entry in (e for f in opening.all("procedures") for e in f.entries if e not in _outermost(f.entries)):
        yield Problem("skipped", f"{entry.text!r} is below a name and is not read", entry.line.number, number)
    if "~~" in opening.line.text and not opening.line.any_mark:
        message = f"{opening.title!r} is struck through and counts as open; tick it, or take it out"
        yield Problem("skipped", message, opening.line.number, number)
    for each in opening.fields:
        near = resembles(each.label) if not each.key else ""
        if near:
            message = f"{each.label!r} is no field of an item, so it is not read; did you mean {near!r}?"
            yield Problem("skipped", message, each.line, number)


def _all_done(actions: Sequence[Action]) -> bool:
    return bool(actions) and all(action.done for action in actions)


def _base(document: Document, opening: Opening, problems: list[Problem], number: int) -> PlanItem:
    lifecycle, phase = _place(document, opening)
    status = opening.field("status")
    why = " ".join(text for f in opening.all("why") for text, _ in f.values)
    return PlanItem(
        number=number,
        title=opening.title,
        priority=_priority(document, opening, problems, number),
        lifecycle=lifecycle,
        phase=phase,
        groups=tuple(
            key for text in (opening.label, *headings(document, opening.section)) if (key := bucket_key(text))
        ),
        status=(
            read_status(status) or (plain_text(status).casefold() if not is_nothing(status) else "") or _signed(opening)
        ),
        actions=tuple(_actions(opening)),
        why=why.removesuffix(COMPUTED).strip(),
        computed=why.endswith(COMPUTED),
        line=opening.line.number,
        start=opening.line.start,
        end=opening.end,
    )


def _actions(opening: Opening) -> Iterator[Action]:
    """Yield the lines below a label such as "Tasks", else the plain lines right below an item."""
    labelled = [e.action() for f in opening.all("actions") for e in _entries(f, opening.line)]
    yield from labelled
    if not labelled and opening.first == opening.last:
        yield from (entry.action() for entry in _plain(opening) if not _ASIDE.match(entry.line.content))


def _plain(opening: Opening) -> list[Entry]:
    return _outermost([entry for f in opening.all("listed") for entry in f.entries])


def remarks(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below an item that look like fields and are none, such as "Outcome: all is well"."""
    yield from (entry for entry in _plain(opening) if _ASIDE.match(entry.line.content) and ":" in entry.text)


def _signed(opening: Opening) -> str:
    """Return what a sign or box on the item's line says of its status; an empty one says nothing."""
    mark = opening.line.any_mark
    return (
        "defined"
        if mark and mark.done
        else sign
        if (sign := sign_of(opening.line.text)) == "in progress"
        else _remarked(opening.title)
    )


def _remarked(title: str) -> str:
    """Return the status that stands behind a title: "(done)", "— Defined"."""
    return next((status for remark in _remarks(title) if (status := read_status(remark))), "unknown")


def _entries(found: Field, line: Line) -> list[Entry]:
    """Return the lines of a list of actions; in a table's cell they stand behind each other."""
    inline = [part.strip() for part in re.split(r";\s+|<br\s*/?>", found.text) if part.strip()]
    return [*(Entry(plain_text(part), line, None) for part in inline), *found.entries]


def _priority(document: Document, opening: Opening, problems: list[Problem], number: int) -> Priority:
    """Return the item's priority, else what its title, the label above it or the headings say."""
    texts = [opening.field("priority"), opening.line.text, opening.label, *headings(document, opening.section)]
    found = read_priority(texts[0]) or (re.search(r"\bP\d\b", texts[1]) and read_priority(texts[1]))
    found = found or next((p for text in texts[2:] if (p := read_priority(text))), None)
    if found:
        return found
    said = plain_text(texts[0])
    lack = f"states a priority that is not known: {said!r}" if said and not is_nothing(said) else "has no priority"
    problems.append(Problem("priority", f"{opening.title!r} {lack}; it counts as P3", opening.line.number, number))
    return "P3"


def _place(document: Document, opening: Opening) -> tuple[str, int | str | None]:
    """Return lifecycle and phase, from the fields, else from a heading that has the word "Lifecycle"."""
    lifecycle, phase = read_lifecycle(opening.field("lifecycle"))
    above = next((h for h in headings(document, opening.section) if re.search(r"\blifecycle\b", h, re.IGNORECASE)), "")
    if not lifecycle and above:
        lifecycle, phase = _from_heading(above, phase)
    own = opening.field("phase")
    return lifecycle, (read_phase(own) if own else phase)


def _from_heading(text: str, phase: int | str | None) -> tuple[str, int | str | None]:
    found = re.search(r"([\w&/' -]+?)\s+lifecycle\b(.*)", plain_text(text), re.IGNORECASE)
    if not found:
        return "", phase
    name = re.sub(r"^(?:\d+[.):]?\s*)?(?:define|complete|finish|other)?\s*", "", found[1].strip(), flags=re.IGNORECASE)
    return name, read_lifecycle(found[2])[1] or phase


def _efforts(opening: Opening, count: int) -> list[Effort | None]:
    text = opening.field("effort")
    label = next((f.label for f in opening.all("effort")), "")
    text = text or next(filter(read_whole_effort, _remarks(opening.line.text)), "")
    effort = read_effort(text, effort_unit(label))
    shared = re.search(r"\btotal\b|\btogether\b|\boverall\b", text, re.IGNORECASE)
    if effort is None or count == 1 or (not shared and re.search(r"\b(each|per)\b|/\s*procedure", text, re.IGNORECASE)):
        return [effort] * count
    pairs = zip(share(effort.min, count), share(effort.max, count), strict=True)
    return [Effort(low, high) for low, high in pairs]


def _remarks(text: str) -> list[str]:
    """Return what a line says besides its title: in parentheses, and behind a dash, a comma or a colon."""
    inside = [a or b for a, b in re.findall(r"\(([^()]*)\)|\[([^\[\]]*)\]", text)]
    outside = re.split(r"\s[-–—|]\s|[;,:|]\s|\s(?=[~≈])", re.sub(r"[(\[].*?[)\]]", "", plain_text(text)))[1:]
    return [remark.strip() for each in (*inside, *outside) for remark in re.split(r"[;,]\s", each)]


def _repeated(drafts: list[Draft]) -> Iterator[Problem]:
    titles: dict[str, PlanItem] = {}
    for item in (draft.item for draft in drafts):
        if (first := titles.setdefault(title_key(item.title), item)) is not item:
            message = f"{item.title!r} is planned twice: as {first.number} and as {item.number}"
            yield Problem("duplicate", message, item.line, item.number)
