"""Openings to items: one for each procedure, a range spread over the procedures that it lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from procauthor.naming import title_key
from procauthor.planning.dependency import split_names
from procauthor.planning.effort import effort_unit, read_effort, read_whole_effort, share
from procauthor.planning.field import Entry, Field, plain_text, resembles
from procauthor.planning.line import Line, Mark, sign_of
from procauthor.planning.opening import Opening, bucket_key, names_aside, names_status
from procauthor.planning.plan import COMPUTED, Action, Effort, PlanItem, Priority, Problem
from procauthor.planning.text import PlanText
from procauthor.planning.title import asks_for, clean_title
from procauthor.planning.value import (
    PRIORITY_CODE,
    is_nothing,
    is_priority,
    is_yes,
    read_lifecycle,
    read_phase,
    read_priority,
    read_status,
    says_only_status,
)
from procauthor.planning.words import pattern
from procauthor.procedure import DONE
from procauthor.regex import lazy

# "_Requirements: 1.1_" in italics, "**Property:** ..." and "Outcome: ..." are remarks on an item.
_ASIDE = lazy(r"^(?:[*_][^*_].*[*_]$|(?:\*\*|__)[^*_]+:)")
# "MailService: add it" is about code.
_LABELLED = lazy(r"^[A-Z](?:(?![A-Z])[\w'/-])*: ")


@dataclass(slots=True)
class UnresolvedItem:
    """An item whose names are not resolved yet, with the values that hold them."""

    item: PlanItem
    needs: list[tuple[str, int]] = field(default_factory=list)
    softly: list[tuple[str, int]] = field(default_factory=list)
    blocks: list[tuple[str, int]] = field(default_factory=list)


def read_items(
    text: PlanText, openings: Sequence[Opening], known: Collection[str]
) -> tuple[list[UnresolvedItem], list[Problem]]:
    """Return a draft for every procedure, in the order of the text, with what is wrong with their numbers."""
    drafts: list[UnresolvedItem] = []
    problems: list[Problem] = []
    numbers = _Numbers(openings)
    for opening in openings:
        names = _names(opening, known)
        drafts += _drafts(text, opening, names, numbers.take(opening, len(names)), problems)
    return drafts, [*problems, *numbers.problems, *_repeated(drafts)]


def _repeated(drafts: list[UnresolvedItem]) -> Iterator[Problem]:
    titles: dict[str, PlanItem] = {}
    for item in (draft.item for draft in drafts):
        if (first := titles.setdefault(title_key(item.title), item)) is not item:
            message = f"{item.title!r} is planned twice: as {first.number} and as {item.number}"
            yield Problem("duplicate", message, item.line, item.number)


# Names and numbers


@dataclass(frozen=True, slots=True)
class _Name:
    title: str
    line: Line
    status: str = ""
    mark: Mark | None = None


def _names(opening: Opening, known: Collection[str]) -> list[_Name]:
    """Return the procedures that an opening speaks of: those that it lists, else its own title."""
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
    if found.text and not found.text.isdigit():
        parts = split_names(found.text, known)
        yield from (_Name(clean_title(part, known), opening.line) for part in parts if part.strip())
    yield from (_name(entry, known) for entry in _outermost(found.entries))


def _name(entry: Entry, known: Collection[str]) -> _Name:
    title = clean_title(entry.text, known)
    rest = entry.text[len(title) :]
    status = sign_of(entry.line.text) or (read_status(rest) if re.search(r"[(–—:]|\s-\s", rest) else "")
    return _Name(title, entry.line, status, entry.mark)


class _Numbers:
    """Gives every item a number of its own: the plan's where it has one that no earlier item has, else a free one."""

    def __init__(self, openings: Sequence[Opening]) -> None:
        self._stated = {number for o in openings if o.first for number in range(o.first, o.last + 1)}
        self._used: dict[int, str] = {}
        self._next = 1
        self._last = max(self._stated, default=0)
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
        self._last = max(self._last, self._next)
        return self._next

    def _behind(self, title: str) -> int:
        self._last += 1
        self._used[self._last] = title
        return self._last


# Values


def _drafts(
    text: PlanText, opening: Opening, names: list[_Name], numbers: list[int], problems: list[Problem]
) -> Iterator[UnresolvedItem]:
    base = _base(text, opening, problems, numbers[0])
    efforts = _efforts(opening, len(names))
    if (said := opening.field("effort")) and not is_nothing(said) and efforts[0] is None:
        message = f"{names[0].title!r} states an effort that is no number of hours: {plain_text(said)!r}"
        problems.append(Problem("effort", message, opening.line.number, numbers[0]))
    problems += _skipped(opening, numbers[0])
    needs, softly, blocks = ([v for f in opening.all(k) for v in f.values] for k in ("depends_on", "soft", "blocks"))
    all_done = bool(base.actions) and all(action.done for action in base.actions)
    one = len(names) == 1
    for name, number, effort in zip(names, numbers, efforts, strict=True):
        status = name.status or base.status
        ticked = bool(name.mark and name.mark.done) or is_yes(opening.field("done"))
        asks = not one or bool(opening.all("procedures")) or asks_for(opening.said or opening.title, name.title)
        item = replace(
            base,
            number=number,
            code=opening.code if one else "",
            title=name.title,
            effort_hours=effort,
            line=name.line.number,
            status=status,
            done=ticked or all_done or status in DONE,
            asks=asks,
            ticks=(name.mark.tick,) if asks and name.mark and name.mark.tick else (),
        )
        yield UnresolvedItem(item, needs, softly, blocks)


def _skipped(opening: Opening, number: int) -> Iterator[Problem]:
    """Yield a problem for each field with a misspelt label, and for what is below the names of a range."""
    for entry in (e for f in opening.all("procedures") for e in f.entries if e not in _outermost(f.entries)):
        yield Problem("skipped", f"{entry.text!r} is below a name and is not read", entry.line.number, number)
    if "~~" in opening.line.text and not opening.line.any_mark:
        message = f"{opening.title!r} is struck through and counts as open; tick it, or take it out"
        yield Problem("skipped", message, opening.line.number, number)
    for each in opening.fields:
        near = resembles(each.label) if each.label and not each.key else ""
        if near:
            message = f"{each.label!r} is no field of an item, so it is not read; did you mean {near!r}?"
            yield Problem("skipped", message, each.line, number)


def _base(text: PlanText, opening: Opening, problems: list[Problem], number: int) -> PlanItem:
    lifecycle, phase = _place(text, opening)
    why = " ".join(said for f in opening.all("why") for said, _ in f.values)
    above = (opening.label, *text.headings(opening.section))
    return PlanItem(
        number=number,
        title=opening.title,
        priority=_priority(text, opening, problems, number),
        lifecycle=lifecycle,
        phase=phase,
        groups=tuple(key for each in above if (key := bucket_key(each))),
        status=_status(text, opening),
        actions=tuple(_actions(opening)),
        why=why.removesuffix(COMPUTED).strip(),
        computed=why.endswith(COMPUTED),
        line=opening.line.number,
        start=opening.line.start,
        end=opening.end,
    )


def _status(text: PlanText, opening: Opening) -> str:
    """Return what the field says, else the sign or box of the line, a remark on it, or the heading above.

    An empty box says nothing, and is an answer all the same: what a heading says does not count beside it.
    """
    said = opening.field("status")
    if not is_nothing(said):
        return read_status(said) or plain_text(said).casefold()
    mark = opening.line.any_mark
    if mark and mark.done:
        return "defined"
    if sign_of(opening.line.text) == "in progress":
        return "in progress"
    status = next((s for remark in _remarks(opening.title) if (s := says_only_status(remark))), "")
    nearest = (opening.label, *text.headings(opening.section)[bool(opening.line.heading) :])
    above = "" if mark or opening.field("done") else next((s for each in nearest if (s := names_status(each))), "")
    return status or (above if above in DONE else "unknown")


def _actions(opening: Opening) -> Iterator[Action]:
    """Yield the lines below a label such as "Tasks", else the plain lines below an item, else below any other label."""
    labelled = [e.action() for f in opening.all("actions") for e in _entries(f, opening.line)]
    if labelled or opening.first != opening.last:
        yield from labelled
        return
    plain = _plain(opening)
    found = [entry for entry in plain if not _is_remark(entry, plain)]
    for each in opening.fields if not found else ():
        aside = names_aside(each.label) or pattern("beside").search(each.label)
        found += _outermost(each.entries) if each.label and not (each.key or aside) else []
    yield from (entry.action() for entry in found)


def _plain(opening: Opening) -> list[Entry]:
    return _outermost([entry for f in opening.all("listed") for entry in f.entries])


def _is_remark(entry: Entry, beside: Sequence[Entry]) -> bool:
    """Say whether a line below an item looks like a field; where most lines have a word before a colon, none does."""
    if _ASIDE.match(entry.line.content):
        return True
    labelled = sum(bool(_LABELLED.match(each.line.content)) for each in beside)
    return bool(_LABELLED.match(entry.line.content)) and labelled * 2 <= len(beside)


def remarks(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below an item that look like fields and are none, such as "Outcome: all is well"."""
    plain = _plain(opening)
    yield from (entry for entry in plain if _is_remark(entry, plain) and ":" in entry.text)


def _entries(found: Field, line: Line) -> list[Entry]:
    """Return the lines of a list of actions; in a table's cell they are behind each other."""
    inline = [part.strip() for part in re.split(r";\s+|<br\s*/?>", found.text) if part.strip()]
    below = _outermost(found.entries)
    return [
        *(Entry(plain_text(part), line, None) for part in inline),
        *(e for e in found.entries if e.mark or e in below),
    ]


def _priority(text: PlanText, opening: Opening, problems: list[Problem], number: int) -> Priority:
    """Return the item's priority, else what its title, the label above it or the headings say."""
    said, line = opening.field("priority"), opening.line.text
    headings = text.headings(opening.section)[bool(opening.line.heading) :]
    found = read_priority(said) or (PRIORITY_CODE.search(line) and read_priority(line))
    found = found or next((read_priority(each) for each in _remarks(line) if is_priority(each)), None)
    found = found or next((p for each in (opening.label, *headings) if (p := read_priority(each))), None)
    found = found or (read_priority(line) if opening.line.heading else None)
    if found:
        return found
    said = plain_text(said)
    lack = f"states a priority that is not known: {said!r}" if said and not is_nothing(said) else "has no priority"
    problems.append(Problem("priority", f"{opening.title!r} {lack}; it counts as P3", opening.line.number, number))
    return "P3"


def _place(text: PlanText, opening: Opening) -> tuple[str, int | str | None]:
    """Return lifecycle and phase, from the fields, else from a heading that has the word "Lifecycle"."""
    lifecycle, phase = read_lifecycle(opening.field("lifecycle"))
    word = pattern("lifecycle", r"([\w&/' -]+?)\s+(?:{})\b(.*)")
    above = next((found for h in text.headings(opening.section) if (found := word.search(plain_text(h)))), None)
    if not lifecycle and above:
        # "2. Complete the PR Lifecycle" speaks of the lifecycle "PR".
        lifecycle = re.sub(r"^\d+[.):]?\s*", "", above[1].strip())
        lifecycle = pattern("define|vague", r"^(?:{})\s+").sub("", lifecycle)
        phase = read_lifecycle(above[2])[1] or phase
    own = opening.field("phase")
    return lifecycle, (read_phase(own) if own else phase)


def _efforts(opening: Opening, count: int) -> list[Effort | None]:
    said = opening.field("effort") or opening.field("duration")
    label = next((f.label for f in opening.all("effort")), "")
    said = said or next(filter(read_whole_effort, _remarks(opening.line.text)), "")
    effort = read_effort(said, effort_unit(label))
    each = pattern("each", r"\b(?:{})\b|/\s*procedure").search(said) and not pattern("together").search(said)
    if effort is None or count == 1 or each:
        return [effort] * count
    pairs = zip(share(effort.min, count), share(effort.max, count), strict=True)
    return [Effort(low, high) for low, high in pairs]


def _remarks(text: str) -> list[str]:
    """Return what a line says besides its title: in parentheses, and behind a dash, a comma or a colon."""
    inside = [a or b for a, b in re.findall(r"\(([^()]*)\)|\[([^\[\]]*)\]", text)]
    outside = re.split(r"\s[-–—|]\s|[;,:|]\s|\s(?=[~≈])", re.sub(r"[(\[].*?[)\]]", "", plain_text(text)))[1:]
    return [remark.strip() for each in (*inside, *outside) for remark in re.split(r"[;,]\s", each)]
