"""Openings to items: one for each procedure, a range spread over the procedures that it lists."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

from procauthor.naming import title_key
from procauthor.planning import value
from procauthor.planning.dependency import UnresolvedItem, split_names
from procauthor.planning.line import Line, Mark, plain_text, sign_of
from procauthor.planning.plan import COMPUTED, Effort, PlanItem, Priority, Problem
from procauthor.planning.text import Entry, Opening, PlanText, resembles
from procauthor.planning.title import asks_for, bucket_key, clean_title, names_aside, names_status, needs_pattern
from procauthor.planning.value import pattern
from procauthor.procedure import DONE
from procauthor.regex import lazy

# "_Requirements: 1.1_" in italics, "**Property:** ..." and "Outcome: ..." are remarks on an item.
_ASIDE = lazy(r"^(?:[*_][^*_].*[*_]$|(?:\*\*|__)[^*_]+:)")
_STRUCK = lazy(r"~~([^~]+)~~(?= ?(?:\([^()]*\) ?)?(?:\||$))")
# "MailService: add it" is about code.
_LABELLED = lazy(r"^[A-Z](?:(?![A-Z])[\w'/-])*: ")


@dataclass(frozen=True, slots=True)
class _Name:
    title: str
    line: Line
    status: str = ""
    mark: Mark | None = None


def read_items(
    text: PlanText, openings: Sequence[Opening], known: Collection[str]
) -> tuple[list[UnresolvedItem], list[Problem]]:
    """Return a draft for every procedure, in the order of the text, with what is wrong with their numbers."""
    problems: list[Problem] = []
    names = [_names(opening, known) for opening in openings]
    numbers = _numbers(openings, list(map(len, names)), problems)
    spread = zip(openings, names, numbers, strict=True)
    drafts = list(chain.from_iterable(_drafts(text, *each, problems) for each in spread))
    titles: dict[str, PlanItem] = {}
    for item in (draft.item for draft in drafts):
        if (first := titles.setdefault(title_key(item.title), item)) is not item:
            message = f"{item.title!r} is planned twice: as {first.number} and as {item.number}"
            problems.append(Problem("duplicate", message, item.line, item.number))
    return drafts, problems


def _names(opening: Opening, known: Collection[str]) -> list[_Name]:
    """Return the procedures that an opening lists, or that are listed below a range; else itself."""
    size, fields = opening.last - opening.first + 1, opening.all("procedures")
    said = [each.text for each in fields if each.text and not each.text.isdigit()]
    titles = chain.from_iterable(split_names(text, known) for text in said)
    listed = [_Name(clean_title(part, known), opening.line) for part in titles]
    listed += [_name(entry, known) for entry in chain.from_iterable(_outermost(f.entries) for f in fields)]
    if not listed and size > 1:
        below = _outermost(list(chain.from_iterable(f.entries for f in opening.all("listed"))))
        listed = [_name(entry, known) for entry in below] if len(below) == size else []
    return listed or [_Name(clean_title(opening.title, known), opening.line, mark=opening.line.any_mark)]


def _name(entry: Entry, known: Collection[str]) -> _Name:
    title = clean_title(entry.text, known)
    rest = entry.text[len(title) :]
    status = sign_of(entry.line.text) or (value.read_status(rest) if re.search(r"[(–—:]|\s-\s", rest) else "")
    return _Name(title, entry.line, status, entry.mark)


def _outermost(entries: Sequence[Entry]) -> list[Entry]:
    depth = _depth(entries)
    return [entry for entry in entries if entry.line.indent == depth]


def _depth(entries: Sequence[Entry]) -> int:
    """Return how far the outermost of some entries are indented."""
    return min((entry.line.indent for entry in entries), default=0)


def _numbers(openings: Sequence[Opening], sizes: Sequence[int], problems: list[Problem]) -> Iterator[list[int]]:
    """Yield the numbers of each opening: the plan's where no earlier item has them, else others.

    What has no number gets one that is free; what a range has none for, or another has already, goes behind all others.
    """
    stated = set(chain.from_iterable(range(o.first, o.last + 1) for o in openings if o.first))
    used: dict[int, Opening] = {}
    free, last = (n for n in count(1) if n not in stated and n not in used), max(stated, default=0)
    for opening, size in zip(openings, sizes, strict=True):
        own = range(opening.first, opening.last + 1)
        if opening.first and len(own) != size:
            span = str(own[0]) if len(own) == 1 else f"{own[0]}-{own[-1]}"
            message = f"{span} announces {len(own)} items, but {opening.title!r} names {size}"
            problems.append(Problem("range", message, opening.line.number, opening.first))
        numbers: list[int] = []
        for place in range(size):
            wanted = own[place] if place < len(own) else 0
            number = wanted if opening.first else next(free)
            if (first := used.get(number, opening)) is not opening or not number:
                number = last + 1
                if wanted:
                    message = f"number {wanted} is used twice: for {first.title!r} and for {opening.title!r}, which"
                    problems.append(Problem("duplicate", f"{message} counts as {number}", opening.line.number, number))
            used[number], last = opening, max(last, number)
            numbers.append(number)
        yield numbers


def _drafts(
    text: PlanText, opening: Opening, names: list[_Name], numbers: list[int], problems: list[Problem]
) -> Iterator[UnresolvedItem]:
    """Yield the items of an opening, with what is wrong with their values."""
    lifecycle, phase = _place(text, opening)
    above = _above(text, opening)
    status, own, why = _status(opening, above), opening.line.mark, " ".join(said for said, _ in opening.values("why"))
    actions = tuple(entry.action() for entry in _actions(opening))
    priority = _priority(opening, above)
    efforts = _efforts(opening, len(names))
    for kind, message, line in _complaints(opening, names[0].title, priority, efforts[0]):
        problems.append(Problem(kind, message, line, numbers[0]))
    # A box of its own says more than those of its action items, and signs before what is promised are no boxes.
    boxed = status == "unknown" and (own is None or own.marker is None) and any(a.marker is not None for a in actions)
    all_done = boxed and all(action.done for action in actions)
    one = len(names) == 1
    for name, number, effort in zip(names, numbers, efforts, strict=True):
        said = name.status or status
        ticked = bool(name.mark and name.mark.done) or value.is_yes(opening.field("done"))
        asks = not one or bool(opening.all("procedures")) or asks_for(opening.said or opening.title, name.title)
        item = PlanItem(
            number=number,
            title=name.title,
            priority=priority or "P3",
            lifecycle=lifecycle,
            phase=phase,
            status=said,
            effort_hours=effort,
            actions=actions,
            why=why.removesuffix(COMPUTED).strip(),
            done=ticked or said in DONE or all_done,
            line=name.line.number,
            ticks=(name.mark.tick,) if asks and name.mark and name.mark.tick else (),
            code=opening.code if one else "",
            asks=asks,
            groups=tuple(filter(None, map(bucket_key, (opening.label, *text.headings[opening.section.index])))),
            computed=why.endswith(COMPUTED),
        )
        names_said = {key: opening.values(key) for key in ("depends_on", "soft", "blocks")}
        if waits := needs_pattern().search(opening.field("status")):
            names_said["depends_on"].append((waits["names"], opening.line.number))
        yield UnresolvedItem(item, names_said)


def _complaints(
    opening: Opening, title: str, priority: Priority | None, effort: Effort | None
) -> Iterator[tuple[str, str, int]]:
    """Yield kind, message and line of what is not read: values, misspelt labels, what is below the names of a range."""
    line = opening.line.number
    hours, rank, status = (plain_text(opening.field(key)) for key in ("effort", "priority", "status"))
    if effort is None and not value.is_nothing(hours):
        yield "effort", f"{title!r} states an effort that is no number of hours: {hours!r}", line
    if priority is None:
        lack = "has no priority" if value.is_nothing(rank) else f"states a priority that is not known: {rank!r}"
        yield "priority", f"{opening.title!r} {lack}; it counts as P3", line
    if status.endswith("?"):
        yield "skipped", f"{title!r} has the status {status!r}, which is a question; it counts as open", line
    if "~~" in opening.line.text and not opening.line.any_mark:
        counts = "done" if _is_struck(opening) else "open"
        yield "skipped", f"{opening.title!r} is struck through and counts as {counts}; tick it, or take it out", line
    for each in opening.fields:
        if each.label and not each.key and (near := resembles(each.label)):
            message = f"{each.label!r} is no field of an item, so it is not read; did you mean {near!r}?"
            yield "skipped", message, each.line
        depth = _depth(each.entries)
        for entry in each.entries if each.key == "procedures" else ():
            if entry.line.indent > depth:
                yield "skipped", f"{entry.text!r} is below a name and is not read", entry.line.number


def _above(text: PlanText, opening: Opening) -> tuple[str, ...]:
    """Return the label and the headings above an item, the nearest first."""
    return (opening.label, *text.headings[opening.section.index][bool(opening.line.heading) :])


def _status(opening: Opening, headings: Sequence[str]) -> str:
    """Return what the field says, else the sign or box of the line, a remark on it, or the heading above.

    An empty box says nothing, and is an answer all the same: what a heading says does not count beside it.
    """
    said, mark = opening.field("status"), opening.line.any_mark
    if not value.is_nothing(said):
        return value.read_status(said) or plain_text(said).casefold()
    if (mark and mark.done) or (not mark and _is_struck(opening)):
        return "defined"
    if sign_of(opening.line.text) == "in progress":
        return "in progress"
    told = value.read_remarks(opening.said or opening.title)
    status = next(filter(None, map(value.says_only_status, told)), "")
    above = next(filter(None, map(names_status, headings)), "")
    return status or (above if above in DONE and not (mark or opening.field("done")) else "unknown")


def _is_struck(opening: Opening) -> bool:
    """Say whether all of a title is struck through, and at most a remark in parentheses stays."""
    struck = (plain_text(each) for each in _STRUCK.findall(opening.line.text))
    return any(len(each) > 1 and opening.title.startswith(each) for each in struck)


def _actions(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below a label such as "Tasks", else the plain lines below an item, else below any other label."""
    labelled: list[Entry] = []
    for each in opening.all("actions"):
        # In a table's cell they are behind each other.
        inline = [part.strip() for part in re.split(r";\s+|<br\s*/?>", each.text) if part.strip()]
        labelled += [Entry(plain_text(part), opening.line, None) for part in inline]
        depth = _depth(each.entries)
        labelled += [entry for entry in each.entries if entry.mark or entry.line.indent == depth]
    if labelled or opening.first != opening.last:
        yield from labelled
        return
    plain = [entry for entry, aside in _plain(opening) if not aside]
    unknown = [f for f in opening.fields if f.label and not (f.key or names_aside(f.label))]
    other = [f for f in unknown if not pattern("beside").search(f.label)]
    yield from plain or chain.from_iterable(_outermost(f.entries) for f in other)


def _plain(opening: Opening) -> Iterator[tuple[Entry, bool]]:
    """Yield the lines below an item that are under no label, and whether each is a remark on it."""
    entries = _outermost(list(chain.from_iterable(f.entries for f in opening.all("listed"))))
    labelled = [bool(_LABELLED.match(entry.line.content)) for entry in entries]
    few = sum(labelled) * 2 <= len(entries)
    for entry, told in zip(entries, labelled, strict=True):
        yield entry, bool(_ASIDE.match(entry.line.content)) or (few and told)


def remarks(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below an item that look like fields and are none, such as "Outcome: all is well"."""
    yield from (entry for entry, aside in _plain(opening) if aside and ":" in entry.text)


def _priority(opening: Opening, above: Sequence[str]) -> Priority | None:
    """Return the item's priority, else what its title, the label above it or the headings say."""
    line = opening.line.text
    remarks = [each for each in value.read_remarks(line) if value.is_priority(each)]
    texts = (opening.field("priority"), line if value.PRIORITY_CODE.search(line) else "", *remarks, *above)
    return next(filter(None, map(value.read_priority, (*texts, line if opening.line.heading else ""))), None)


def _place(text: PlanText, opening: Opening) -> tuple[str, int | str | None]:
    """Return lifecycle and phase, from the fields, else from a heading that has the word "Lifecycle"."""
    lifecycle, phase = value.read_lifecycle(opening.field("lifecycle"))
    for heading in () if lifecycle else text.headings[opening.section.index]:
        said = " ".join(plain_text(heading).split())
        if word := pattern("lifecycle", r" (?:{})\b").search(said):
            # "2. Complete the PR Lifecycle" speaks of the lifecycle "PR".
            name = re.sub(r"^\d+[.):]? ?", "", re.split(r"[^\w&/' -]", said[: word.start()])[-1].strip())
            lifecycle = pattern("define|vague|articles", r"^(?:(?:{}) )+").sub("", name)
            phase = value.read_lifecycle(said[word.end() :])[1] or phase
            break
    own = opening.field("phase")
    return lifecycle, (value.read_phase(own) if own else phase)


def _efforts(opening: Opening, size: int) -> list[Effort | None]:
    said = opening.field("effort") or opening.field("duration")
    said = said or next(filter(value.read_whole_effort, value.read_remarks(opening.line.text)), "")
    effort = value.read_effort(said, value.effort_unit(next((f.label for f in opening.all("effort")), "")))
    each = pattern("each", r"\b(?:{})\b|/\s*procedure").search(said) and not pattern("together").search(said)
    return [effort] * size if effort is None or size == 1 or each else [*value.share(effort, size)]
