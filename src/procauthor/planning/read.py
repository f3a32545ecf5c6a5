"""Reads an action plan: its items, groups, totals, metrics and goals."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count

from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import grouped
from procauthor.errors import PlanError, UnreadableError
from procauthor.markdown.document import Section
from procauthor.markdown.parse import parse
from procauthor.markdown.passage import find_conflict
from procauthor.naming import title_key
from procauthor.planning import value
from procauthor.planning.dependency import Resolver, UnresolvedItem, split_names
from procauthor.planning.line import Line, Mark, lines_of, plain_text, sign_of
from procauthor.planning.order import arrange, choose_next
from procauthor.planning.plan import (
    COMPUTED,
    PRIORITIES,
    Effort,
    Goal,
    Group,
    Metric,
    Plan,
    PlanItem,
    Priority,
    Problem,
    Total,
    Unread,
)
from procauthor.planning.precedence import Orders
from procauthor.planning.shape import find_openings
from procauthor.planning.text import SAID, Entry, Opening, Placed, PlanText, names_total, resembles
from procauthor.planning.title import (
    asks_for,
    clean_title,
    group_keys,
    names_aside,
    names_priority,
    names_status,
    names_task,
    needs_pattern,
    read_count,
)
from procauthor.planning.value import PRIORITY_CODE, effort_unit, hours_text, pattern, read_effort, read_priority
from procauthor.procedure import DONE
from procauthor.regex import lazy

_WHOLE = lazy(r"\bprocedure$", re.IGNORECASE)
_MANY = 3
_CODE = r"[A-Z]{1,10}[-_ ]?\d(?:[\w.-]*\w)?"
# Codes as people join them: "M3, M4 and M5", "T1-T4", "T2/T3", and "T1 (its name) and T2" with a remark behind one.
_CODES = lazy(rf"^{_CODE}(?:\s*(?:\([^()]*\)\s*)?(?:[,/&+–—-]|\b\w+\s)\s*(?:\w+\s+)?{_CODE})*")
_BARE_NUMBER = lazy(r"^(?:items?\s+)?#?(\d{1,4})$", re.IGNORECASE)


def read_plan(raw: bytes, *, known: Mapping[str, str] | None = None) -> Plan:
    """Read an action plan.

    Args:
        raw: The bytes of the file.
        known: The library's status of each procedure by the key of its title; it counts before the plan's word.
            One that is announced without a document is "missing": a tick alone does not make it done.

    Raises:
        PlanError: The file holds no plan item, or an unresolved conflict.
        UnreadableError: The bytes are not UTF-8.
    """
    try:
        text = PlanText(parse(raw))
    except UnicodeDecodeError as error:
        message = f"the plan is not UTF-8 (byte {error.start})"
        raise UnreadableError(message, "save it as UTF-8") from error
    conflict = find_conflict(text.document)
    if conflict is not None:
        message = f"a merge conflict is not resolved in line {text.document.source.line(conflict)} of the plan"
        raise PlanError(message, "it says two things at once; resolve the conflict first")
    openings, unread = find_openings(text)
    if b"\r" in raw and b"\n" not in raw:
        message = "the lines of the plan end with carriage returns alone, so all of it is one line"
        raise PlanError(message, "save it with line feeds, or with both")
    if not openings:
        message = "the file holds no plan item"
        hint = 'write each as "### 1. Define Data Design Procedure", or "- [ ] Data Design Procedure" under "## P0"'
        raise PlanError(message, hint)
    return _plan(text, openings, unread, known or {})


def _plan(text: PlanText, openings: Sequence[Opening], unread: Sequence[Unread], statuses: Mapping[str, str]) -> Plan:
    known = {key: status for key, status in statuses.items() if status != "missing"}
    inside = ((o.line, *lines_of(text.lines, o.line.start, o.scope_end)) for o in openings)
    own = {line.number for line in chain.from_iterable(inside)}
    goals, completed = (_read_goals(text, own, known, role) for role in ("goals", "completed"))
    drafts, problems = _read_items(text, openings, known)
    resolver = Resolver(drafts, known, (*goals, *completed), statuses.keys() - known.keys())
    resolver.add(Orders(text, resolver.items, own).read(resolver.place_of))
    items = tuple(sorted(resolver.resolve(), key=lambda item: (item.number, item.line)))
    goals, completed = (tuple(_assign(each, items)) for each in (goals, completed))
    order, cycles = arrange(items)
    following, waiting = choose_next(items, order, goals)
    totals, wrong = _sum_up(text, items)
    groups, uncounted = _read_groups(text, own)
    problems += [*_unknown(goals, known), *uncounted, *resolver.problems, *cycles, *waiting, *wrong]
    return Plan(
        title=text.document.title,
        items=items,
        groups=groups,
        problems=tuple(sorted(_once_for_all(problems, len(items)), key=lambda p: (p.line, p.kind, p.message))),
        order=order,
        next=following,
        totals=totals,
        metrics=_read_metrics(text, own),
        goals=goals,
        completed=completed,
        unread=tuple(_unread(unread, openings)),
    )


def _unread(unread: Sequence[Unread], openings: Sequence[Opening]) -> Iterator[Unread]:
    """Yield what looks like an item and is in none, and the fields of items that have no known label."""
    lines = {each.line: each.text for each in unread}
    for opening in openings:
        lines |= {entry.line.number: entry.text for entry in _remarks(opening)}
    fields = chain.from_iterable(opening.fields for opening in openings)
    taken = {entry.line.number for entry in chain.from_iterable(map(_actions, openings))}
    strange = [f for f in fields if f.label and f.single and not (f.key or names_total(f.label))]
    strange = [f for f in strange if not (f.entries and f.entries[0].line.number in taken)]
    # A label that many items have is said once.
    for first, *others in grouped((f.label.casefold(), f) for f in strange).values():
        more = f" (and {len(others)} more of this label)" if others else ""
        lines[first.line] = f"{first.label}: {first.single}".rstrip(": ") + more
    yield from (Unread(line, said) for line, said in sorted(lines.items()))


def _once_for_all(problems: list[Problem], count: int) -> list[Problem]:
    """Say it once where no item of a plan has a priority, or many state efforts in sizes."""
    kinds = defaultdict(list, grouped((problem.kind, problem) for problem in problems))
    if len(lacking := kinds["priority"]) == count > 1:
        kinds["priority"] = [Problem("priority", "no item has a priority; all count as P3", lacking[0].line)]
    elif len(lacking) > _MANY:
        message = f"{len(lacking)} of {count} items have no priority; they count as P3"
        kinds["priority"] = [Problem("priority", message, lacking[0].line)]
    if len(sized := kinds["effort"]) > _MANY:
        message = f"{len(sized)} items state efforts that are no numbers of hours; the first: {sized[0].message}"
        kinds["effort"] = [Problem("effort", message, sized[0].line)]
    return list(chain.from_iterable(kinds.values()))


def _assign(goals: Iterable[Goal], items: Sequence[PlanItem]) -> Iterator[Goal]:
    """Give each goal the number of the item that it names."""
    numbers = {title_key(item.title): item.number for item in items}
    titles = {item.number: item.title for item in items}
    for goal in goals:
        bare = _BARE_NUMBER.match(goal.title)
        number = numbers.get(title_key(goal.title)) or (int(bare[1]) if bare and int(bare[1]) in titles else None)
        yield replace(goal, item=number, title=titles[number] if number and bare else goal.title)


def _unknown(goals: Iterable[Goal], known: Mapping[str, str]) -> Iterator[Problem]:
    for goal in goals:
        lost = goal.item is None and not goal.done and title_key(goal.title) not in known
        if lost and (_WHOLE.search(goal.title) or _BARE_NUMBER.match(goal.title)):
            yield Problem("unresolved", f"the goal {goal.title!r} is no item of this plan", goal.line)


# "_Requirements: 1.1_" in italics, "**Property:** ..." and "Outcome: ..." are remarks on an item.
_ASIDE = lazy(r"^(?:[*_][^*_].*[*_]$|(?:\*\*|__)[^*_]+:)")
_STRUCK = lazy(r"(?:~~|<(?:del|s|strike)>)([^~<]+)(?:~~|</\w+>)(?=[*_]* ?(?:\([^()]*\) ?)?(?:\||$))")
# "#2", "T001", "phase 2"
_REFERENCE = lazy(r"^\W*(?:[^\W\d_]+ )?#?(?:[A-Z]{1,10}[-_]?)?\d")
# "MailService: add it" is about code.
_LABELLED = lazy(r"^[A-Z](?:(?![A-Z])[\w'/-])*: ")


class _Name(Struct, frozen=True):
    title: str
    said: str
    line: Line
    status: str = ""
    mark: Mark | None = None
    asks: bool = True


def _read_items(
    text: PlanText, openings: Sequence[Opening], known: Collection[str]
) -> tuple[list[UnresolvedItem], list[Problem]]:
    """Return a draft for every procedure, in the order of the text, with what is wrong with their numbers."""
    problems: list[Problem] = []
    names = [_names(opening, known) for opening in openings]
    there = {title_key(name.title) for name in chain.from_iterable(names)}.union(known)
    names = [[_asking(name, opening, there) for name in own] for opening, own in zip(openings, names, strict=True)]
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
    listed = [_Name(clean_title(part, known), part, opening.line) for part in titles]
    listed += [_name(entry, known) for entry in chain.from_iterable(_outermost(f.entries) for f in fields)]
    if not listed and size > 1:
        below = _outermost(list(chain.from_iterable(f.entries for f in opening.all("listed"))))
        listed = [_name(entry, known) for entry in below] if len(below) == size else []
    whole = opening.said or opening.title
    return listed or [_Name(clean_title(opening.title, known), whole, opening.line, mark=opening.line.any_mark)]


def _name(entry: Entry, known: Collection[str]) -> _Name:
    title = clean_title(entry.text, known)
    rest = entry.text[len(title) :]
    status = sign_of(entry.line.text) or (value.read_status(rest) if re.search(r"[(–—:]|\s-\s", rest) else "")
    return _Name(title, entry.text, entry.line, status, entry.mark)


def _asking(name: _Name, opening: Opening, there: Collection[str]) -> _Name:
    """Say whether what a line says of a name asks for the document; ``there`` are the keys of all titles."""
    needs = (f.text for f in opening.all("depends_on") if f.label == SAID and f.line == name.line.number)
    return replace(name, asks=asks_for(name.said, name.title) and all(_is_named(need, there) for need in needs))


def _is_named(need: str, there: Collection[str]) -> bool:
    """Say whether what is needed is a document or an item: "needs a picture", behind a title, asks for more work."""
    parts = (title_key(part) in there or (part[:1].isupper() and names_task(part)) for part in split_names(need, there))
    return value.is_nothing(need) or bool(_REFERENCE.match(need)) or any(parts)


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
    priority = _priority(text, opening, above)
    efforts = _efforts(opening, len(names))
    for kind, message, line in _complaints(opening, names[0].title, priority, efforts[0]):
        problems.append(Problem(kind, message, line, numbers[0]))
    # A box of its own says more than those of its action items, and signs before what is promised are no boxes.
    boxed = status == "unknown" and (own is None or own.marker is None) and any(a.marker is not None for a in actions)
    all_done = boxed and all(action.done for action in actions)
    one = len(names) == 1
    names_said = {key: opening.values(key) for key in ("soft", "blocks")}
    needs = opening.all("depends_on")
    names_said["depends_on"] = list(chain.from_iterable(f.values for f in needs if f.label not in ("", SAID)))
    names_said["said"] = list(chain.from_iterable(f.values for f in needs if f.label in ("", SAID)))
    if waits := needs_pattern().search(opening.field("status")):
        names_said["depends_on"].append((waits["names"], opening.line.number))
    names_said["told"] = list(_told(lines_of(text.lines, opening.line.start + 1, opening.scope_end)))
    for name, number, effort in zip(names, numbers, efforts, strict=True):
        said = name.status or status
        ticked = bool(name.mark and name.mark.done) or value.is_yes(opening.field("done"))
        tick = name.mark.tick if name.mark and not _is_struck(name.line, name.said) else None
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
            ticks=(tick,) if tick else (),
            code=opening.code if one else "",
            asks=name.asks,
            said=name.said,
            groups=tuple(chain.from_iterable(map(group_keys, (opening.label, *text.headings[opening.section.index])))),
            computed=why.endswith(COMPUTED),
        )
        yield UnresolvedItem(item, names_said)


def _told(lines: Iterable[Line]) -> Iterator[tuple[str, int]]:
    """Yield the codes that sentences below an item's title say to be needed first: "after M4, because ..."."""
    for line in lines:
        needs = needs_pattern(of_code=True).search(plain_text(line.text))
        codes = _CODES.match(needs["names"]) if needs else None
        if needs and codes and not pattern("no", r"\b(?:{})\b\W*\w*$").search(needs.string[: needs.start()]):
            yield codes[0], line.number


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
    mark = opening.line.any_mark
    if "~~" in opening.line.text and not (mark and mark.done):
        counts = "done" if not mark and _is_struck(opening.line, opening.title) else "open"
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
    if (mark and mark.done) or (not mark and _is_struck(opening.line, opening.title)):
        return "defined"
    if sign_of(opening.line.text) == "in progress":
        return "in progress"
    said = plain_text(opening.said or opening.title)
    # "DONE 2026-05-19: Bake" says it in front of the title.
    told = [*value.read_remarks(said), *re.split(r"[.:] | [-–—] ", said)[:-1][:1]]
    status = next(filter(None, map(value.says_only_status, told)), "")
    # A word behind the title may be one of another language: "- [ ] API: lista, detalj".
    status = "" if mark and mark.marker is not None and status in DONE else status
    above = next(filter(None, map(names_status, headings)), "")
    return status or (above if above in DONE and not (mark or opening.field("done")) else "unknown")


def _is_struck(line: Line, title: str) -> bool:
    """Say whether all of a title is struck through, and at most a remark in parentheses stays."""
    struck = (plain_text(each) for each in _STRUCK.findall(line.text))
    return any(len(each) > 1 and plain_text(title).startswith(each) for each in struck)


def _actions(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below a label such as "Tasks", else the plain lines below an item, else below any other label.

    By what it is accepted is work as well, behind the rest.
    """
    if opening.first != opening.last:
        yield from _below(opening, "actions")
        return
    plain = (entry for entry, aside in _plain(opening) if not aside)
    unknown = [f for f in opening.fields if f.label and not (f.key or names_aside(f.label))]
    other = (f for f in unknown if not pattern("beside").search(f.label))
    beneath = chain.from_iterable(_outermost(f.entries) for f in other)
    yield from next(filter(None, map(list, (_below(opening, "actions"), plain, beneath))), [])
    yield from _below(opening, "accepting")


def _below(opening: Opening, key: str) -> Iterator[Entry]:
    """Yield what is behind the labels of a key, and the lines below them."""
    for each in opening.all(key):
        # In a table's cell they are behind each other.
        parts = (plain_text(part) for part in re.split(r";\s+|<br\s*/?>", each.text))
        yield from (Entry(part, Line(each.line, opening.line.start, part), None) for part in parts if part)
        depth = _depth(each.entries)
        yield from (entry for entry in each.entries if entry.mark or entry.line.indent == depth)


def _plain(opening: Opening) -> Iterator[tuple[Entry, bool]]:
    """Yield the lines below an item that are under no label, and whether each is a remark on it."""
    entries = _outermost(list(chain.from_iterable(f.entries for f in opening.all("listed"))))
    labelled = [bool(_LABELLED.match(entry.line.content)) for entry in entries]
    few, beside = sum(labelled) * 2 <= len(entries), pattern("beside|assigned|due|asides", r"^(?:{})\s*[:：]")
    for entry, told in zip(entries, labelled, strict=True):
        text = entry.line.content
        yield entry, bool(_ASIDE.match(text) or beside.match(text)) or (few and told)


def _remarks(opening: Opening) -> Iterator[Entry]:
    """Yield the lines below an item that look like fields and are none, such as "Outcome: all is well"."""
    yield from (entry for entry, aside in _plain(opening) if aside and ":" in entry.text)


def _priority(text: PlanText, opening: Opening, above: Sequence[str]) -> Priority | None:
    """Return the item's priority, else what its title, the label above it or the headings say."""
    line = opening.line.text
    remarks = [each for each in value.read_remarks(line) if value.is_priority(each)]
    field = opening.field("priority")
    texts = (
        text.legend.get(field.strip(" \ufe0f"), field),
        line if value.PRIORITY_CODE.search(line) else "",
        *remarks,
        *above,
    )
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


# What is around the items: groups that only count procedures, totals of hours, metrics, goals.
_TOTAL = lazy(r"^\s*(?:[-*+]\s+)?(?:\*\*|__)?(?P<label>[^:*|]+)(?::\s*(?:\*\*|__)?|(?:\*\*|__)\s*:)\s*(?P<value>.+)$")
_CLOSE = 0.01
_NUMBER = r"\d{1,12}(?:\.\d+)?"
_METRIC = lazy(rf"^(?:(?P<name>[^:]+):)?\D*?\b(?P<target>\d{{1,3}}(?:,\d{{3}}){{1,4}}|{_NUMBER})\s*(?P<unit>%)?")
_BASE = lazy(rf"\((?:[^\W\d_]+[\s:]+)+({_NUMBER})")
_DASH = r"\s+[-–—]+>?\s+"


def _read_groups(text: PlanText, own: Collection[int]) -> tuple[tuple[Group, ...], list[Problem]]:
    """Return all groups outside metrics and goals, and a problem for each line among them that gives no one count.

    ``own`` are the lines of items, which count nothing.
    """
    groups = tuple(sorted(_counted(text, own), key=lambda group: group.line))
    counted = {group.line for group in groups}
    placed = [p for p in text.placed if p.line.number not in own]
    lists = {(p.section.index, p.label) for p in placed if p.line.number in counted}
    lost = [p.line for p in placed if (p.section.index, p.label) in lists and p.line.number not in counted]
    said = "is among groups and gives no count of procedures"
    return groups, [Problem("count", f"{plain_text(line.body)!r} {said}", line.number) for line in lost]


def _counted(text: PlanText, own: Collection[int]) -> Iterator[Group]:
    lines = [(p.section, p.line.body, p.line.number, [p.line]) for p in text.placed if not p.role]
    for section in text.document.sections:
        inside = lines_of(text.lines, section.start, text.document.end(section))
        lines.append((section, section.title, section.line, inside))
    for section, said, number, inside in lines:
        counted = read_count(said)
        if counted and not any(line.number in own for line in inside):
            yield Group(*counted, _group_priority(text, section), number)


def _group_priority(text: PlanText, section: Section) -> Priority:
    texts = [f.text for f in text.fields[section.index] if f.key == "priority"] + list(text.headings[section.index])
    return next(filter(None, map(read_priority, texts)), "P3")


def _sum_up(text: PlanText, items: Sequence[PlanItem]) -> tuple[tuple[Total, ...], list[Problem]]:
    """Return the total of each priority and of all, each with the first that the plan states, and those that are wrong.

    A total without a priority is that of the plan if it fits, else that of its heading, if there is one.
    """
    stated = sorted(_stated(text, _sum(items)), key=lambda each: each[2])
    first = {"+".join(keys) or "all": (effort, line) for keys, effort, line in reversed(stated)}
    totals = []
    for key in (*PRIORITIES, "all"):
        chosen = [item for item in items if key in (item.priority, "all")]
        effort, line = first.get(key, (None, 0))
        if chosen or effort:
            totals.append(Total(key, effort, _sum(chosen), len(chosen), line))
    return tuple(totals), [each for said in stated if (each := _wrong(items, *said))]


def _stated(text: PlanText, whole: Effort | None) -> Iterator[tuple[tuple[Priority, ...], Effort, int]]:
    """Yield the hours that a plan states in sum, with the priorities that they are of (none: all) and the line."""
    starts = [section.line for section in text.document.sections]
    for line in text.lines:
        said = _TOTAL.match(" ".join(line.text.split()))
        effort = read_effort(plain_text(said["value"]), effort_unit(said["label"])) if said else None
        if effort is None or said is None or not names_total(said["label"]):
            continue
        # "Total P0 + P1 Effort" is of two priorities.
        named = [read_priority(each) for each in PRIORITY_CODE.findall(said["label"])]
        above = text.headings[max(0, bisect_right(starts, line.number) - 1)]
        near = next((read_priority(each) for each in above if names_priority(each)), None)
        keys = tuple(priority for priority in PRIORITIES if priority in named)
        yield keys or ((near,) if near and not _same(effort, whole) else ()), effort, line.number


def _wrong(items: Sequence[PlanItem], keys: Sequence[Priority], effort: Effort, line: int) -> Problem | None:
    chosen = [item for item in items if not keys or item.priority in keys]
    computed, silent = _sum(chosen), sum(item.effort_hours is None for item in chosen)
    without = f" ({silent} of {len(chosen)} items state none)" if silent else ""
    summed = hours_text(computed, "hour") if computed else "nothing"
    states, whose = ("state", "their") if len(keys) > 1 else ("states", "its")
    message = f"{' and '.join(keys) or 'the plan'} {states} {hours_text(effort, 'hour')}"
    same = _same(effort, computed)
    return None if same else Problem("total", f"{message}, {whose} items sum to {summed}{without}", line)


def _sum(items: Iterable[PlanItem]) -> Effort | None:
    known = [item.effort_hours for item in items if item.effort_hours is not None]
    low, high = math.fsum(e.min for e in known), math.fsum(e.max for e in known)
    return Effort(round(low, 4), round(high, 4)) if known else None


def _same(stated: Effort, computed: Effort | None) -> bool:
    return computed is not None and abs(stated.min - computed.min) < _CLOSE and abs(stated.max - computed.max) < _CLOSE


def _read_metrics(text: PlanText, own: Collection[int]) -> tuple[Metric, ...]:
    """Return the lines of metrics; ``own`` are the lines of items."""
    placed = (p for p in text.placed if p.role == "metrics" and p.line.number not in own)
    return tuple(_metric(plain_text(p.line.body), p.label or p.section.title, p.line.number) for p in placed)


def _metric(text: str, group: str, line: int) -> Metric:
    moved = pattern("raised", rf"({_NUMBER})\s*%?\s*(?:\b(?:{{}})\b|→|->)\s*(?=\d)").search(text)
    aim = _METRIC.match(text[: moved.start()] + text[moved.end() :] if moved else text)
    base = moved or _BASE.search(text)
    name, target, unit = aim.group("name", "target", "unit") if aim else ("", "", "")
    aimed = float(target.replace(",", "")) if target else None
    return Metric(text, group, (name or "").strip(), aimed, float(base[1]) if base else None, unit or "", line)


def _read_goals(text: PlanText, own: Collection[int], known: Collection[str], role: str) -> tuple[Goal, ...]:
    """Return the lines of the "goals" of a session, or of what is "completed", which needs no tick to be done."""
    return tuple(_goal(p, known) for p in text.placed if p.role == role and p.line.number not in own)


def _goal(placed: Placed, known: Collection[str]) -> Goal:
    line, mark = placed.line, placed.line.mark
    text = plain_text(line.body)
    # The procedure that a goal names is before the dash, without remarks.
    title = next((each for each in (text, re.split(_DASH, text, maxsplit=1)[0]) if title_key(each) in known), "")
    title = title or clean_title(re.split(rf"{_DASH}|:\s+|\s+→\s+", text, maxsplit=1)[0], known)
    done = mark.done if mark else placed.role == "completed"
    tick = mark.tick if mark and not _is_struck(line, text) else None
    return Goal(text, title, done, line.number, None, (tick,) if tick else (), asks_for(text, title))
