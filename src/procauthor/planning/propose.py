"""A plan made from the gaps of a library."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.graph import Edge
from procauthor.evaluation.value import Evaluation, Share
from procauthor.naming import amount, listed, title_key
from procauthor.planning.gap import Gap, Terrain, find_gaps, is_retired, is_written, rank, survey_terrain
from procauthor.planning.order import arrange
from procauthor.planning.plan import PRIORITIES, Action, Dependency, Effort, Group, Plan, PlanItem, Priority, State
from procauthor.procedure import DONE


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan, how far the library is now, what the plan would reach, and what is left out of it."""

    plan: Plan
    evaluation: Evaluation
    gains: tuple[Gain, ...]
    left_out: tuple[str, ...] = ()

    def without(self, titles: Collection[str]) -> Proposal:
        """Leave out items whose titles a plan cannot hold, and what is said of them, and say so."""
        kept = [item for item in self.plan.items if item.title not in titles]
        kept = [
            replace(
                item,
                depends_on=tuple(d for d in item.depends_on if d.title not in titles),
                blocks=tuple(title for title in item.blocks if title not in titles),
            )
            for item in kept
        ]
        items = _renumbered(kept, [item.number for item in kept])
        paths = {row.title: row.path or "the index" for row in self.evaluation.rows}
        said = (f"{title!r} ({paths.get(title)}): a plan cannot hold this title" for title in titles)
        plan = replace(self.plan, items=tuple(items), order=tuple(item.number for item in items))
        return replace(self, plan=plan, left_out=(*self.left_out, *said), gains=tuple(_gains(self.evaluation, items)))


@dataclass(frozen=True, slots=True)
class Gain:
    """The completion of a lifecycle (the library under an empty name) now, and with all P0 and P1 done."""

    name: str
    now: Share
    then: Share


def propose(survey: Census, evaluation: Evaluation, present: Plan | None = None) -> Proposal:
    """Make a plan: an item for every gap that something speaks for, and a group for the others of a lifecycle.

    ``present`` is the plan there is: the dependencies that it states count, its priorities do not. Where nothing
    speaks for any gap, each is an item.
    """
    terrain = survey_terrain(survey, evaluation, present)
    gaps = find_gaps(terrain)
    priorities = _priorities(gaps, terrain)
    single = [g for g in gaps if priorities[g.id] != "P3" or g.row.path is not None or g.needs or g.users] or gaps
    drafts = [_item(terrain, gap, priorities[gap.id]) for gap in single]
    rank_of = {title_key(g.row.title): (-g.score, g.row.lifecycle, g.place) for g in single}
    drafts.sort(key=lambda i: (i.priority, *rank_of[title_key(i.title)], title_key(i.title)))
    numbered = [replace(item, number=number) for number, item in enumerate(drafts, 1)]
    order, problems = arrange(numbered)
    items = _renumbered(numbered, order)
    chosen = {g.id for g in single}
    plan = Plan(
        title="Procedures Library Action Plan",
        items=tuple(items),
        groups=tuple(_groups([g for g in gaps if g.id not in chosen])),
        problems=problems,
        order=tuple(item.number for item in items),
    )
    retired = tuple(f"{row.title!r} ({row.path}) is deprecated" for row in evaluation.rows if is_retired(row))
    return Proposal(plan, evaluation, tuple(_gains(evaluation, items)), retired)


def _priorities(gaps: Sequence[Gap], terrain: Terrain) -> dict[str, Priority]:
    """Return priorities; what comes before an urgent gap is as urgent as that."""
    found = {gap.id: rank(gap.score, terrain.weights) for gap in gaps}
    own = dict(found)
    for gap in gaps:
        found[gap.id] = min([own[gap.id], *(own[other] for other in gap.waiting)])
    return found


def _renumbered(items: Sequence[PlanItem], order: Sequence[int]) -> list[PlanItem]:
    """Number the items by their order; a dependency that closes a circle is left out."""
    by_number = {item.number: item for item in items}
    places = {title_key(by_number[number].title): place for place, number in enumerate(order)}
    found = []
    for place, number in enumerate(order):
        item = by_number[number]
        needs = tuple(d for d in item.depends_on if places.get(title_key(d.title), -1) < place)
        blocks = tuple(t for t in item.blocks if places.get(title_key(t), len(order)) > place)
        found.append(replace(item, number=place + 1, depends_on=needs, blocks=blocks))
    return found


def _item(terrain: Terrain, gap: Gap, priority: Priority) -> PlanItem:
    row, graph = gap.row, terrain.graph
    reasons = gap.reasons or ("nothing waits for it yet",)
    own = rank(gap.score, terrain.weights)
    if own != priority:
        reasons = (*reasons, f"a {priority} item waits for it")
    hard = [Dependency(graph.by_id[n].title, _state(graph.by_id[n].status)) for n in gap.needs]
    soft = [Dependency(graph.by_id[n].title, _state(graph.by_id[n].status), hard=False) for n in gap.softly]
    return PlanItem(
        number=0,
        title=row.title,
        priority=priority,
        lifecycle=row.lifecycle,
        phase=row.phase,
        status=row.status,
        depends_on=_unique([*hard, *soft], row.title),
        blocks=tuple(dict.fromkeys(graph.by_id[u].title for u in gap.users)),
        effort_hours=gap.effort,
        actions=tuple(Action(text, done=False, marker=None, line=0) for text in _actions(terrain, gap)),
        why=_sentence(reasons),
    )


def _unique(found: Sequence[Dependency], own: str) -> tuple[Dependency, ...]:
    unique = {title_key(each.title): each for each in reversed(found)}
    unique.pop(title_key(own), None)
    return tuple(reversed(unique.values()))


def _state(status: str) -> State:
    if status in DONE:
        return "defined"
    return "missing" if status == "missing" else "to be defined"


def _sentence(reasons: Sequence[str]) -> str:
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in reasons)


def _actions(terrain: Terrain, gap: Gap) -> Iterator[str]:
    """Yield what there is to do, from the text and from what the neighbours promise and expect."""
    row = gap.row
    if row.path is None:
        yield "Create the file from the canonical template"
    elif row.status == "placeholder":
        yield "Replace the placeholder by the sections of the canonical template"
    yield from (f"Write the section {name}" for name in (*row.missing, *row.empty) if row.status == "in progress")
    if row.errors and row.status != "placeholder":
        yield f"Correct what the check finds: {amount(row.errors, 'error')}"
    if not is_written(row):
        yield from _handed(terrain, gap)
    yield "Check it, until no error is found"


def _handed(terrain: Terrain, gap: Gap) -> Iterator[str]:
    """Yield what to take from neighbours, what to provide for them, and which rows change."""
    graph = terrain.graph
    uses, users = graph.uses(gap.id), graph.users(gap.id)
    taken = _artifacts((edge, edge.target) for edge in uses if edge.kind == "output")
    provided = _artifacts((edge, edge.source) for edge in users if edge.kind == "input")
    for verb, joint, found in (("Take", "from", taken), ("Provide", "for", provided)):
        for artifact, ids in found.items():
            yield f"{verb} {artifact} {joint} {listed([graph.by_id[each].title for each in ids])}"
    yield from (f"Bring the row in {graph.by_id[e.source].title} up to date" for e in users if e.kind == "calls")


def _artifacts(found: Iterable[tuple[Edge, str]]) -> dict[str, list[str]]:
    """Return the ids of the other ends by artifact, in order."""
    named: dict[str, list[str]] = {}
    for edge, other in found:
        named.setdefault(edge.artifact, []).append(other)
    return named


def _groups(gaps: Sequence[Gap]) -> Iterator[Group]:
    names: dict[str, list[Gap]] = {}
    for gap in gaps:
        names.setdefault(gap.row.lifecycle, []).append(gap)
    yield from (Group(name, len(found), "P3", 0) for name, found in names.items())


def _gains(evaluation: Evaluation, items: Sequence[PlanItem]) -> Iterator[Gain]:
    """Yield what completion would be with all P0 and P1 items done, where that is more than now."""
    urgent = [item for item in items if item.priority in PRIORITIES[:2]]
    total = evaluation.total.completion
    yield Gain("", total, Share(total.part + len(urgent), total.whole))
    for each in evaluation.lifecycles:
        more = sum(title_key(item.lifecycle) == title_key(each.name) for item in urgent)
        now = each.tally.completion
        if more:
            yield Gain(each.name, now, Share(now.part + more, now.whole))


def sums(items: Sequence[PlanItem]) -> Mapping[Priority, Effort]:
    """Return the hours of each priority that occurs."""
    found: dict[Priority, Effort] = {}
    for item in items:
        if item.effort_hours:
            so_far = found.get(item.priority, Effort(0.0, 0.0))
            found[item.priority] = Effort(so_far.min + item.effort_hours.min, so_far.max + item.effort_hours.max)
    return found
