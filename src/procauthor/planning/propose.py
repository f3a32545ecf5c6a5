"""A plan made from the gaps of a library: what is not finished, what waits for it, and how urgent that makes it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, pairwise
from statistics import median

from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import grouped
from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.graph import row_id
from procauthor.evaluation.value import Call, Evaluation, Row
from procauthor.library.contract import purpose_sections
from procauthor.library.index import entries, index_of
from procauthor.library.status import UNWRITTEN
from procauthor.naming import amount, listed, title_key
from procauthor.planning.dependency import split_names
from procauthor.planning.lack import CUT, Lack, read_lack
from procauthor.planning.line import plain_text, read_lines
from procauthor.planning.order import Gain, arrange, gains
from procauthor.planning.plan import PRIORITIES, Action, Dependency, Effort, Group, Plan, PlanItem, Priority, State
from procauthor.planning.text import read_fields
from procauthor.planning.title import clean_title
from procauthor.planning.value import read_status
from procauthor.procedure import DONE, UNCOUNTED

_MOST_WAITING = 20
_HALF = 2
# So many errors take as long as a text.
_MANY = 40
# A lifecycle that lacks no more than these is worth finishing.
_FEW = 5
# Words of a purpose that says something, and fits into a reason.
_FEWEST, _MOST = 3, 45
# Words of a placeholder that can be said in a reason.
_LITTLE = 25


class Proposal(Struct, frozen=True):
    """A plan, how far the library is now, what the plan would reach, and what is left out of it."""

    plan: Plan
    evaluation: Evaluation
    gains: tuple[Gain, ...]
    left_out: tuple[str, ...] = ()

    def without(self, titles: Collection[str]) -> Proposal:
        """Leave out items whose titles a plan cannot hold, and what is said of them, and say so."""
        kept = [item for item in self.plan.items if item.title not in titles]
        items = _renumbered(kept, [item.number for item in kept], set(titles))
        paths = {row.title: row.path or "the index" for row in self.evaluation.rows}
        said = (f"{title!r} ({paths.get(title)}): a plan cannot hold this title" for title in titles)
        plan = replace(self.plan, items=tuple(items), order=tuple(item.number for item in items))
        return replace(self, plan=plan, left_out=(*self.left_out, *said), gains=gains(self.evaluation, _urgent(items)))


def propose(survey: Census, evaluation: Evaluation, present: Plan | None = None) -> Proposal:
    """Make a plan: an item for every gap that something speaks for, and a group for the others of a lifecycle.

    ``present`` is the plan there is: the dependencies that it states count, its priorities do not. Where nothing
    speaks for any gap, each is an item.
    """
    terrain = _Terrain(survey, evaluation, present)
    gaps = terrain.gaps()
    speaking = [gap for gap in gaps if gap.speaks]
    others = Counter(gap.row.lifecycle for gap in gaps if speaking and not gap.speaks)
    single = speaking or gaps
    single.sort(
        key=lambda g: (g.item.priority, -g.score, -g.open, g.row.lifecycle, g.place, g.row.path or "", g.row.title)
    )
    numbered = [replace(gap.item, number=number) for number, gap in enumerate(single, 1)]
    order, problems = arrange(numbered)
    items = _renumbered(numbered, order)
    plan = Plan(
        title="Procedures Library Action Plan",
        items=tuple(items),
        groups=tuple(Group(name, count, "P3", 0) for name, count in others.items()),
        problems=problems,
        order=tuple(item.number for item in items),
    )
    return Proposal(plan, evaluation, gains(evaluation, _urgent(items)), tuple(terrain.left_out()))


def _renumbered(items: Sequence[PlanItem], order: Sequence[int], without: Collection[str] = ()) -> list[PlanItem]:
    """Number the items by their order; a dependency that closes a circle is left out."""
    by_number = {item.number: item for item in items}
    places = {title_key(by_number[number].title): place for place, number in enumerate(order)}
    renumbered = []
    for place, number in enumerate(order):
        item = by_number[number]
        needs = [d for d in item.depends_on if d.title not in without and places.get(title_key(d.title), -1) < place]
        blocks = [t for t in item.blocks if t not in without and places.get(title_key(t), len(order)) > place]
        renumbered.append(replace(item, number=place + 1, depends_on=tuple(needs), blocks=tuple(blocks)))
    return renumbered


def _urgent(items: Sequence[PlanItem]) -> list[PlanItem]:
    return [item for item in items if item.priority in PRIORITIES[:2]]


def _is_retired(row: Row) -> bool:
    """Say whether a document is deprecated, by its status or by a remark behind its title: it is no work."""
    remark = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", row.title)
    return row.status == "deprecated" or bool(remark and read_status(remark[1]) == "deprecated")


class _Gap(Struct, frozen=True):
    """One unfinished procedure, its item, and how much speaks for it.

    ``waiting`` holds the ids in the graph of every gap behind it, however far; ``place`` is that in the index, if any.
    ``open`` counts what a begun text lacks.
    """

    row: Row
    item: PlanItem
    score: float
    waiting: frozenset[str] = frozenset()
    place: int = 0
    open: int = 0

    @property
    def speaks(self) -> bool:
        """Whether anything speaks for it: a priority, a text that is begun, or others that it works with."""
        return bool(self.item.priority != "P3" or self.row.path or self.item.depends_on or self.item.blocks)


class _Terrain:
    """All that gaps are judged by; what the present plan knows of dependencies is kept."""

    def __init__(self, survey: Census, evaluation: Evaluation, plan: Plan | None) -> None:
        self.survey = survey
        self.evaluation = evaluation
        self.graph = survey.graph
        self.weights = survey.settings.plan
        self._findings = grouped((f.path, f) for f in survey.report.findings)
        self.titles = {row_id(row): row.title for row in evaluation.rows}
        self._lacks = {row_id(row): self._lack(row) for row in evaluation.rows}
        # What is written, with errors or without.
        self.finished = {row_id(row) for row in evaluation.rows if row.done or row.text_status in DONE}
        self.flawed = {row_id(row) for row in evaluation.rows if self._is_whole(row) and not row.done}
        # The ids that have to be there before each id, and those that wait for it.
        self.before = {each: [n for n in self.graph.needs(each) if n in self.titles] for each in self.titles}
        for first, then in self._stated(plan):
            if first != then and first not in self.before[then]:
                self.before[then].append(first)
        self.after: dict[str, list[str]] = defaultdict(list)
        for then, firsts in sorted(self.before.items()):
            for first in firsts:
                self.after[first].append(then)

    def _stated(self, plan: Plan | None) -> Iterator[tuple[str, str]]:
        """Yield who comes before whom by the present plan, and by labels of unfinished texts such as "Depends on"."""
        times = Counter(map(title_key, self.titles.values()))
        # Titles that one row alone has.
        known = {key: own for own, title in self.titles.items() if times[key := title_key(title)] == 1}
        named: list[tuple[str | None, str | None]] = []
        for item in plan.items if plan else ():
            own, loose = known.get(title_key(item.title)), {*item.soft_blocks, *item.vague_blocks}
            needs = [d.title for d in item.depends_on if d.hard and d.state != "vague"]
            named += [(known.get(title_key(title)), own) for title in needs]
            named += [(own, known.get(title_key(title))) for title in item.blocks if title not in loose]
        for row in self.evaluation.rows:
            document = None if row.done or row.path is None else self.survey.library.by_path[row.path].document
            for field in read_fields(read_lines(document)) if document else ():
                parts = chain.from_iterable(split_names(text, known) for text, _ in field.values)
                others = [known.get(title_key(clean_title(part, known))) for part in parts]
                named += [(other, row_id(row)) for other in others if field.key == "depends_on"]
                named += [(row_id(row), other) for other in others if field.key == "blocks"]
        yield from ((first, then) for first, then in named if first and then)

    def left_out(self) -> Iterator[str]:
        """Say what is not finished and no work of a plan."""
        retired = [row.title for row in self.evaluation.rows if _is_retired(row)]
        other = [row.title for row in self.evaluation.rows if self._lacks[row_id(row)].slight]
        if retired:
            yield f"{amount(len(retired), 'deprecated document')}: {listed(retired)}"
        if other:
            yield f"{amount(len(other), 'written text')} without some of the usual headings: {listed(other)}"

    def gaps(self) -> list[_Gap]:
        """Return all gaps, in the order of the evaluation's rows; what comes before an urgent gap is as urgent."""
        rows = [row for row in self.evaluation.rows if self._is_gap(row)]
        self.open = {row_id(row) for row in rows if not self._is_whole(row)}
        purposes = [self._purpose(row) for row in rows]
        # What two texts say of their purpose, but for their titles, tells neither apart.
        kinds = [title_key(said).replace(title_key(row.title), "") for said, row in zip(purposes, rows, strict=True)]
        shared = Counter(kinds)
        told = [said if shared[kind] == 1 else "" for said, kind in zip(purposes, kinds, strict=True)]
        gaps = [self._gap(row, said) for row, said in zip(rows, told, strict=True)]
        own = {row_id(gap.row): self._rank(gap.score) for gap in gaps}
        for place, gap in enumerate(gaps):
            priority = min([own[row_id(gap.row)], *(own[other] for other in gap.waiting)])
            gaps[place] = replace(gap, item=replace(gap.item, priority=priority))
        return gaps

    def _is_gap(self, row: Row) -> bool:
        gone = row.done or row.status in UNCOUNTED or _is_retired(row)
        return not (gone or self._lacks[row_id(row)].slight)

    def _is_whole(self, row: Row) -> bool:
        """Say whether a text is written, whatever there is to correct or to decide."""
        return row.text_status in DONE or row.status == "proposed" or self._lacks[row_id(row)].slight

    def _lack(self, row: Row) -> Lack:
        """Return what the text of a row lacks; a placeholder is written from nothing, so it lacks no part."""
        if row.path is None or row.done or row.status in UNWRITTEN:
            return Lack()
        return read_lack(self.survey.library.by_path[row.path], row, self._findings.get(row.path, ()))

    def _rank(self, score: float) -> Priority:
        bounds = (self.weights.p0, self.weights.p1, self.weights.p2)
        return next((priority for priority, bound in zip(PRIORITIES, bounds, strict=False) if score >= bound), "P3")

    def _gap(self, row: Row, purpose: str) -> _Gap:
        own, lack = row_id(row), self._lacks[row_id(row)]
        if self._is_whole(row):
            # It comes behind all that is not written.
            wrong = f"it is written, and the check finds {amount(row.errors, 'error')} in it"
            reasons = [purpose, "it is proposed, and waits for a decision"] if row.status == "proposed" else [wrong]
            return _Gap(row, self._item(row, (), reasons), -1.0)
        users = self.after.get(own, [])
        # A finished procedure between two gaps does not part them.
        waiting = frozenset(_reach(own, self.after)) & self.open - {own}
        signs = [*self._signs(row, users, waiting)]
        reasons = [purpose or self._little(row), *(text for value, text in signs if value > 0), *lack.reasons()]
        place, follows = self._places.get(title_key(row.title)) or (0, "")
        if follows and row.path is None:
            reasons.append(f"the index lists it after {follows}")
        score = round(sum(value for value, _ in signs), 4)
        return _Gap(row, self._item(row, users, reasons), score, waiting, place, len(lack.sections) + len(lack.marks))

    def _little(self, row: Row) -> str:
        """Say how little there is in a placeholder, where it is that little."""
        if row.path is None or row.status != "placeholder":
            return ""
        blocks = self.survey.library.by_path[row.path].document.blocks
        said = " ".join(plain_text(block.text) for block in blocks if block.kind == "paragraph")
        little = f"it says no more than {said!r}" if said else "it is a heading without a text"
        return little if len(said.split()) <= _LITTLE else ""

    def _item(self, row: Row, users: Collection[str], reasons: Sequence[str]) -> PlanItem:
        """Return the item of a gap, without number and priority."""
        own = row_id(row)
        alone = f"{row.announced} announces it" if row.announced else "nothing waits for it yet"
        # Nothing has to wait for a text that is written, even with errors.
        needs = [] if self._is_whole(row) else [each for each in self.before[own] if each not in self.flawed]
        states: dict[str, State] = {
            each: "defined" if self.graph.by_id[each].status in DONE else "to be defined" for each in needs
        }
        named = {title_key(self.titles[each]): Dependency(self.titles[each], state) for each, state in states.items()}
        named.pop(title_key(row.title), None)
        return PlanItem(
            number=0,
            title=row.title,
            priority="P3",
            lifecycle=row.lifecycle,
            phase=row.phase,
            status=row.status,
            depends_on=tuple(named.values()),
            blocks=tuple(dict.fromkeys(self.titles[user] for user in users)),
            effort_hours=self._effort(row),
            actions=tuple(Action(text, done=False, marker=None, line=0) for text in self._actions(row)),
            why=" ".join(map(_sentence, [*filter(None, reasons)] or [alone])),
        )

    def _purpose(self, row: Row) -> str:
        """Return the first sentence that a text says of its purpose."""
        procedure = self.survey.library.by_path.get(row.path) if row.path else None
        if procedure is None:
            return ""
        heads = {section.title for section in purpose_sections(procedure.document, procedure.template)}
        # What another first section says need not be a purpose, except where something is to be decided.
        if not heads & {*row.required} and row.declared not in ("proposed", "in progress"):
            return ""
        first = re.split(r"(?<=[.!?])\s", plain_text(procedure.gist.purpose), maxsplit=1)[0]
        fits = _FEWEST <= len(first.split()) <= _MOST and not first.endswith("?") and "://" not in first
        # What only repeats the template's guidance says nothing of the text.
        guidance = [spec.guidance for spec in procedure.template.sections] if procedure.template else []
        return first.rstrip(".!?:; ") if fits and not any(first in each for each in guidance) else ""

    @cached_property
    def _places(self) -> Mapping[str, tuple[int, str]]:
        """The places of titles in the index, and what is listed before each: people begin with what is done first."""
        index = index_of(self.survey.library)
        rows = list(entries(self.survey.library, index)) if index else []
        before = ["", *(a.title if a.table == b.table else "" for a, b in pairwise(rows))]
        return {entry.key: (place + 1, before[place]) for place, entry in enumerate(rows)}

    def _signs(self, row: Row, users: Collection[str], behind: Collection[str]) -> Iterator[tuple[float, str]]:
        """Yield what speaks for a gap: how much, and in words."""
        weights, courses = self.weights, self.evaluation.courses
        own = _key(row)
        critical = [c.title for c in courses if own in map(_key, c.critical)]
        called = [c.title for c in courses if own in map(_key, c.calls)]
        relied = [self.titles[user] for user in sorted(users) if user in self.finished]
        waiting = sorted(self.titles[each] for each in behind)
        lack = self._lacks[row_id(row)]
        # What a text lacks is said in words of its own.
        yield weights.lacks * (bool(lack.sections) or lack.declared), ""
        yield weights.open * bool(lack.marks), ""
        yield weights.critical * bool(critical), f"it is on the critical path of {listed(critical)}"
        yield weights.used * len(relied), listed(self._uses(row_id(row), users)) or f"{_who(relied, 'build')} on it"
        first = f"it comes before {amount(len(waiting), 'unfinished procedure')}: {listed(waiting)}"
        first = first if len(waiting) != 1 else f"it comes before {waiting[0]}, which is not finished either"
        yield weights.blocks * min(len(waiting), _MOST_WAITING), first
        yield weights.called * len(called) * (not critical), f"it is called by {listed(called)}"
        yield from self._end(row)

    def _uses(self, own: str, users: Collection[str]) -> list[str]:
        """Say what finished procedures take from a gap: "Backend Implementation waits for Mitigation Plan"."""
        taken = grouped((e.artifact, e.source) for e in self.graph.users(own) if e.kind == "input" and e.artifact)
        takers = {each: self.titles[each] for each in users if each in self.finished}
        named = [(tuple(sorted({takers[i] for i in ids if i in takers})), what) for what, ids in sorted(taken.items())]
        return [
            f"{_who(names, 'wait')} for {listed(artifacts)}" for names, artifacts in grouped(named).items() if names
        ]

    def _end(self, row: Row) -> Iterator[tuple[float, str]]:
        """Yield what it counts that a lifecycle is near its end, where a text that is not begun is one of a few."""
        home = next(h for h in self.evaluation.lifecycles if title_key(h.name) == title_key(row.lifecycle))
        done = home.tally.completion
        lacking = done.whole - done.part
        if home.name and row.status != "in progress" and lacking <= _FEW and done.part * 3 >= done.whole:
            few = f"one of the last {lacking} gaps" if lacking > 1 else "the last gap"
            yield self.weights.ends, f"it is {few} in {home.name}"

    @cached_property
    def _lengths(self) -> dict[str, float]:
        """The median length in words of the finished procedures, by key of the lifecycle and over all ("")."""
        done = {row.path for row in self.survey.rows if row.done and row.kind == "procedure"}
        texts = [each for each in self.survey.library.counted if each.path in done]
        words = [(title_key(each.lifecycle), len(each.document.source.raw.split())) for each in texts]
        return {key: median(each) for key, each in grouped([*words, *(("", count) for _, count in words)]).items()}

    def _effort(self, row: Row) -> Effort:
        """Scale the usual hours by the length of finished neighbours, and by what a begun text still lacks."""
        if self._is_whole(row):
            return Effort(0.5, 0.5)
        usual = self._lengths.get("", 0.0)
        near = self._lengths.get(title_key(row.lifecycle), usual)
        scale = min(2.0, max(0.5, near / usual)) if usual else 1.0
        if row.status == "in progress":
            lacking = 1 - row.filled / len(row.required) if row.required else 0.0
            scale *= max(0.25, lacking, min(1.0, row.errors / _MANY))
        low, high = sorted((self.weights.hours_min * scale, self.weights.hours_max * scale))
        return Effort(max(0.5, round(low * _HALF) / _HALF), max(0.5, round(high * _HALF) / _HALF))

    def _actions(self, row: Row) -> list[str]:
        """Return what there is to do, from the text and from what the neighbours promise and expect."""
        lack = self._lacks[row_id(row)]
        actions = [self._begin(row)] if row.status in UNWRITTEN else [*lack.actions()]
        if row.status == "proposed":
            actions.append("Accept or reject it, and say so in its status")
        elif not self._is_whole(row):
            actions += self._handed(row_id(row))
        return actions or ["Run the check until it finds no error"]

    def _begin(self, row: Row) -> str:
        """Say what a text that is not begun begins with: its template, or else the form of its neighbours."""
        near = [r.title for r in self.evaluation.rows if r.done and title_key(r.lifecycle) == title_key(row.lifecycle)]
        if row.required or not near:
            verb = "Create the file from" if row.path is None else "Replace the placeholder with the sections of"
            return f"{verb} the canonical template"
        return f"Write it in the form of {listed(near)}"

    def _handed(self, own: str) -> Iterator[str]:
        """Yield what to take from neighbours, what to provide for them, and which rows change."""
        users = self.graph.users(own)
        taken = grouped((e.artifact, e.target) for e in self.graph.uses(own) if e.kind == "output")
        provided = grouped((e.artifact, e.source) for e in users if e.kind == "input")
        for verb, joint, artifacts in (("Take", "from", taken), ("Provide", "for", provided)):
            for artifact, ids in artifacts.items():
                yield f"{verb} {artifact} {joint} {listed([self.graph.by_id[each].title for each in ids])}"
        known = {edge.target for edge in self.graph.uses(own)}
        # What is written and has no more than gaps between it and this one.
        for each in [each for each in _reach(own, self.before, self.finished) if each in self.finished]:
            path = None if each in known else self.graph.by_id[each].path
            outputs = self.survey.library.by_path[path].contract.outputs if path else ()
            if outputs:
                yield f"Begin with what {self.titles[each]} makes: {listed([output.name for output in outputs])}"
        tables = (self.graph.by_id[edge.source].title for edge in users if edge.kind == "calls")
        yield from (f"Bring the row in {title} up to date" for title in tables)


def _reach(root: str, near: Mapping[str, Sequence[str]], ends: Collection[str] = ()) -> dict[str, None]:
    """Return an id and all that is reached from it, nearest first; nothing is looked for behind ``ends``."""
    found, stack = {root: None}, [root]
    while stack:
        new = [each for each in near.get(stack.pop(), ()) if each not in found]
        found |= dict.fromkeys(new)
        stack += [each for each in new if each not in ends]
    return found


def _who(names: Sequence[str], verb: str) -> str:
    return f"{listed(names)} {verb if len(names) > 1 else verb + 's'}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:].rstrip('.')}{'' if text.endswith(CUT) else '.'}"


def _key(row: Row | Call) -> str:
    return row.path or title_key(row.title)
