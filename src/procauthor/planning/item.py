"""Openings to items: one for each procedure, a range spread over the procedures that it lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from procauthor.naming import title_key
from procauthor.planning.dependency import split_names
from procauthor.planning.field import Entry, Field, resembles
from procauthor.planning.line import Line, Mark, plain_text, sign_of
from procauthor.planning.opening import Opening, bucket_key, names_aside, names_status
from procauthor.planning.plan import COMPUTED, Effort, PlanItem, Priority, Problem
from procauthor.planning.text import PlanText
from procauthor.planning.title import asks_for, clean_title
from procauthor.planning.value import (
    PRIORITY_CODE,
    effort_unit,
    is_nothing,
    is_priority,
    is_yes,
    read_effort,
    read_lifecycle,
    read_phase,
    read_priority,
    read_status,
    read_whole_effort,
    says_only_status,
    share,
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
    titles: dict[str, PlanItem] = {}
    for item in (draft.item for draft in drafts):
        if (first := titles.setdefault(title_key(item.title), item)) is not item:
            message = f"{item.title!r} is planned twice: as {first.number} and as {item.number}"
            problems.append(Problem("duplicate", message, item.line, item.number))
    return drafts, [*problems, *numbers.problems]


# Names and numbers


@dataclass(frozen=True, slots=True)
class _Name:
    title: str
    line: Line
    status: str = ""
    mark: Mark | None = None


def _names(opening: Opening, known: Collection[str]) -> list[_Name]:
    """Return the procedures that an opening speaks of: those that it lists, else its own title."""
    listed = list(chain.from_iterable(_listed(f, opening, known) for f in opening.all("procedures")))
    size = opening.last - opening.first + 1
    if not listed and size > 1:
        parts = split_names(clean_title(opening.title), known)
        inside = [_Name(clean_title(part, known), opening.line) for part in parts]
        entries = chain.from_iterable(_outermost(f.entries) for f in opening.all("listed"))
        below = [_name(entry, known) for entry in entries]
        listed = next((names for names in (inside, below) if len(names) == size), [])
    return listed or [_Name(clean_title(opening.title, known), opening.line, mark=opening.line.any_mark)]


def _outermost(entries: Sequence[Entry]) -> list[Entry]:
    indent = min((entry.line.indent for entry in entries), default=0)
    return [entry for entry in entries if entry.line.indent == indent]


def _inner(entries: Sequence[Entry]) -> list[Entry]:
    outer = _outermost(entries)
    return [entry for entry in entries if entry not in outer]


def _listed(procedures: Field, opening: Opening, known: Collection[str]) -> Iterator[_Name]:
    if procedures.text and not procedures.text.isdigit():
        parts = split_names(procedures.text, known)
        yield from (_Name(clean_title(part, known), opening.line) for part in parts if part.strip())
    yield from (_name(entry, known) for entry in _outermost(procedures.entries))


def _name(entry: Entry, known: Collection[str]) -> _Name:
    title = clean_title(entry.text, known)
    rest = entry.text[len(title) :]
    status = sign_of(entry.line.text) or (read_status(rest) if re.search(r"[(–—:]|\s-\s", rest) else "")
    return _Name(title, entry.line, status, entry.mark)


class _Numbers:
    """Gives every item a number of its own: the plan's where it has one that no earlier item has, else a free one."""

    def __init__(self, openings: Sequence[Opening]) -> None:
        self._stated = set(chain.from_iterable(range(o.first, o.last + 1) for o in openings if o.first))
        self._used: dict[int, str] = {}
        self._next = 1
        self._last = max(self._stated, default=0)
        self.problems: list[Problem] = []

    def take(self, opening: Opening, count: int) -> list[int]:
        """Return the numbers of the procedures of an opening; what a range has no number for goes behind all others."""
        if not opening.first:
            return [self._free() for _ in range(count)]
        size = opening.last - opening.first + 1
        if size != count:
            span = str(opening.first) if size == 1 else f"{opening.first}-{opening.last}"
            message = f"{span} announces {size} items, but {opening.title!r} names {count}"
            self.problems.append(Problem("range", message, opening.line.number, opening.first))
        return [self._own(opening, opening.first + place if place < size else 0) for place in range(count)]

    def _own(self, opening: Opening, number: int) -> int:
        """Return the number that the plan states, and one behind all others where it is taken or there is none (0)."""
        first = self._used.setdefault(number, opening.title) if number else ""
        if first is opening.title:
            return number
        self._last += 1
        self._used[self._last] = opening.title
        if number:
            message = f"number {number} is used twice: for {first!r} and for {opening.title!r}, which counts as"
            self.problems.append(Problem("duplicate", f"{message} {self._last}", opening.line.number, self._last))
        return self._last

    def _free(self) -> int:
        while self._next in self._stated or self._next in self._used:
            self._next += 1
        self._used[self._next] = ""
        self._last = max(self._last, self._next)
        return self._next


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
    needs, softly, blocks = (list(opening.values(k)) for k in ("depends_on", "soft", "blocks"))
    # A box of its own says more than those of its action items, and signs before what is promised are no boxes.
    boxes = [action for action in base.actions if action.marker is not None]
    own = opening.line.mark is not None and opening.line.mark.marker is not None
    all_done = bool(boxes) and all(action.done for action in base.actions) and base.status == "unknown" and not own
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
            done=ticked or status in DONE or all_done,
            asks=asks,
            ticks=(name.mark.tick,) if asks and name.mark and name.mark.tick else (),
        )
        yield UnresolvedItem(item, needs, softly, blocks)


def _skipped(opening: Opening, number: int) -> Iterator[Problem]:
    """Yield a problem for each field with a misspelt label, and for what is below the names of a range."""
    for entry in chain.from_iterable(_inner(f.entries) for f in opening.all("procedures")):
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
    why = " ".join(said for said, _ in opening.values("why"))
    above = (opening.label, *text.headings[opening.section.index])
    return PlanItem(
        number=number,
        title=opening.title,
        priority=_priority(text, opening, problems, number),
        lifecycle=lifecycle,
        phase=phase,
        groups=tuple(filter(None, map(bucket_key, above))),
        status=_status(text, opening),
        actions=tuple(entry.action() for entry in _actions(opening)),
        why=why.removesuffix(COMPUTED).strip(),
        computed=why.endswith(COMPUTED),
        line=opening.line.number,
        start=opening.line.start,
        end=opening.end,
    )


def _above(text: PlanText, opening: Opening) -> tuple[str, ...]:
    """Return the label and the headings above an item, the nearest first."""
    return (opening.label, *text.headings[opening.section.index][bool(opening.line.heading) :])


def _status(text: PlanText, opening: Opening) -> str:
    """Return what the field says, else the sign or box of the line, a remark on it, or the heading above.

    An empty box says nothing, and is an answer all the same: what a heading says does not count beside it.
    """
    said, mark = opening.field("status"), opening.line.any_mark
    if not is_nothing(said):
        return read_status(said) or plain_text(said).casefold()
    if mark and mark.done:
        return "defined"
    if sign_of(opening.line.text) == "in progress":
        return "in progress"
    status = next(filter(None, map(says_only_status, _remarks(opening.title))), "")
    above = next(filter(None, map(names_status, _above(text, opening))), "")
    return status or (above if above in DONE and not (mark or opening.field("done")) else "unknown")


def _actions(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below a label such as "Tasks", else the plain lines below an item, else below any other label."""
    labelled = list(chain.from_iterable(_entries(f, opening.line) for f in opening.all("actions")))
    if labelled or opening.first != opening.last:
        yield from labelled
        return
    plain = [entry for entry, aside in _plain(opening) if not aside]
    yield from plain
    for each in opening.fields if not plain else ():
        aside = names_aside(each.label) or pattern("beside").search(each.label)
        yield from _outermost(each.entries) if each.label and not (each.key or aside) else ()


def _plain(opening: Opening) -> list[tuple[Entry, bool]]:
    """Return the lines below an item, and whether each looks like a field; where most do, none is meant as one."""
    entries = _outermost(list(chain.from_iterable(f.entries for f in opening.all("listed"))))
    labelled = [bool(_LABELLED.match(entry.line.content)) for entry in entries]
    few = sum(labelled) * 2 <= len(entries)
    asides = [bool(_ASIDE.match(entry.line.content)) for entry in entries]
    return [(e, aside or (few and told)) for e, aside, told in zip(entries, asides, labelled, strict=True)]


def remarks(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below an item that look like fields and are none, such as "Outcome: all is well"."""
    yield from (entry for entry, aside in _plain(opening) if aside and ":" in entry.text)


def _entries(actions: Field, line: Line) -> list[Entry]:
    """Return the lines of a list of actions; in a table's cell they are behind each other."""
    inline = [part.strip() for part in re.split(r";\s+|<br\s*/?>", actions.text) if part.strip()]
    outer = _outermost(actions.entries)
    return [Entry(plain_text(part), line, None) for part in inline] + [
        entry for entry in actions.entries if entry.mark or entry in outer
    ]


def _priority(text: PlanText, opening: Opening, problems: list[Problem], number: int) -> Priority:
    """Return the item's priority, else what its title, the label above it or the headings say."""
    said, line = opening.field("priority"), opening.line.text
    remarks = [each for each in _remarks(line) if is_priority(each)]
    coded, headed = bool(PRIORITY_CODE.search(line)), bool(opening.line.heading)
    texts = (said, line if coded else "", *remarks, *_above(text, opening), line if headed else "")
    if priority := next((rank for each in texts if (rank := read_priority(each))), None):
        return priority
    said = plain_text(said)
    lack = f"states a priority that is not known: {said!r}" if said and not is_nothing(said) else "has no priority"
    problems.append(Problem("priority", f"{opening.title!r} {lack}; it counts as P3", opening.line.number, number))
    return "P3"


def _place(text: PlanText, opening: Opening) -> tuple[str, int | str | None]:
    """Return lifecycle and phase, from the fields, else from a heading that has the word "Lifecycle"."""
    lifecycle, phase = read_lifecycle(opening.field("lifecycle"))
    word = pattern("lifecycle", r"([\w&/' -]+?)\s+(?:{})\b(.*)")
    headings = map(plain_text, text.headings[opening.section.index])
    above = next(filter(None, map(word.search, headings)), None)
    if not lifecycle and above:
        # "2. Complete the PR Lifecycle" speaks of the lifecycle "PR".
        lifecycle = re.sub(r"^\d+[.):]?\s*", "", above[1].strip())
        lifecycle = pattern("define|vague", r"^(?:{})\s+").sub("", lifecycle)
        phase = read_lifecycle(above[2])[1] or phase
    own = opening.field("phase")
    return lifecycle, (read_phase(own) if own else phase)


def _efforts(opening: Opening, count: int) -> list[Effort | None]:
    said = opening.field("effort") or opening.field("duration")
    said = said or next(filter(read_whole_effort, _remarks(opening.line.text)), "")
    effort = read_effort(said, effort_unit(next((f.label for f in opening.all("effort")), "")))
    each = pattern("each", r"\b(?:{})\b|/\s*procedure").search(said) and not pattern("together").search(said)
    return [effort] * count if effort is None or count == 1 or each else [*share(effort, count)]


def _remarks(text: str) -> list[str]:
    """Return what a line says besides its title: in parentheses, and behind a dash, a comma or a colon."""
    inside = [a or b for a, b in re.findall(r"\(([^()]*)\)|\[([^\[\]]*)\]", text)]
    outside = re.split(r"\s[-–—|]\s|[;,:|]\s|\s(?=[~≈])", re.sub(r"[(\[].*?[)\]]", "", plain_text(text)))[1:]
    return [remark.strip() for remark in chain.from_iterable(re.split(r"[;,]\s", each) for each in (*inside, *outside))]
