"""The gaps of a library: what is not finished, what waits for it, and how urgent that makes it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median

from procauthor.evaluation.evaluate import Census
from procauthor.evaluation.graph import Graph, row_id
from procauthor.evaluation.value import Evaluation, Row
from procauthor.library.index import entries, index_of
from procauthor.naming import amount, listed, title_key
from procauthor.planning.dependency import split_names
from procauthor.planning.field import read_fields
from procauthor.planning.line import plain_text, read_lines
from procauthor.planning.plan import Effort, Plan, Priority
from procauthor.planning.title import clean_title
from procauthor.planning.value import read_status
from procauthor.procedure import DONE, UNCOUNTED
from procauthor.settings import PlanSettings

_MOST_WAITING = 20
_HALF = 2
_ENOUGH = 2
# A lifecycle that lacks no more than these is worth finishing.
_FEW = 5
# Words of a purpose that says something, and fits into a reason.
_FEWEST, _MOST = 5, 45


@dataclass(frozen=True, slots=True)
class Gap:
    """One unfinished procedure. Ids are those of the graph.

    ``needs`` have to be there first, ``softly`` would help; ``waiting`` holds every gap behind it, however far.
    ``place`` is that in the index, where it has one.
    """

    id: str
    row: Row
    needs: tuple[str, ...]
    softly: tuple[str, ...]
    users: tuple[str, ...]
    waiting: frozenset[str]
    score: float
    reasons: tuple[str, ...]
    effort: Effort
    place: int = 0


@dataclass(frozen=True)
class Terrain:
    """All that gaps are judged by. ``before`` maps an id to the ids that have to be there first."""

    survey: Census
    evaluation: Evaluation
    before: Mapping[str, tuple[str, ...]]
    softly: Mapping[str, tuple[str, ...]]

    @cached_property
    def after(self) -> Mapping[str, list[str]]:
        """The ids that wait for each id."""
        found: dict[str, list[str]] = {}
        for then, firsts in sorted(self.before.items()):
            for first in firsts:
                found.setdefault(first, []).append(then)
        return found

    @cached_property
    def finished(self) -> frozenset[str]:
        """The ids of what is written, with errors or without."""
        return frozenset(row_id(r) for r in self.evaluation.rows if r.done or is_written(r))

    @cached_property
    def flawed(self) -> frozenset[str]:
        """The ids of what is written and has errors."""
        return frozenset(row_id(r) for r in self.evaluation.rows if is_written(r) and not r.done)

    @cached_property
    def places(self) -> Mapping[str, tuple[int, str]]:
        """The places of titles in the index, and what is listed before each: people begin with what is done first."""
        index = index_of(self.survey.library)
        listed = list(entries(index)) if index else []
        before = ["", *(entry.title for entry in listed)]
        same = [True, *(a.table == b.table for a, b in pairwise(listed))]
        return {e.key: (n + 1, before[n] if n and same[n] else "") for n, e in enumerate(listed)}

    @property
    def graph(self) -> Graph:
        """Who uses whom."""
        return self.survey.graph

    @property
    def weights(self) -> PlanSettings:
        """What makes a gap urgent."""
        return self.survey.settings.plan


def survey_terrain(survey: Census, evaluation: Evaluation, plan: Plan | None) -> Terrain:
    """Return what gaps are judged by; what the present plan knows of dependencies is kept."""
    counted = {row_id(row) for row in evaluation.rows}
    before = {each: tuple(n for n in survey.graph.needs(each) if n in counted) for each in counted}
    softly = {
        each: tuple(dict.fromkeys(e.target for e in survey.graph.uses(each) if e.optional and e.target in counted))
        for each in counted
    }
    for first, then in (*_planned(plan, evaluation.rows), *_declared(survey, evaluation.rows)):
        if first != then and first not in before[then]:
            before[then] = (*before[then], first)
    return Terrain(survey, evaluation, before, softly)


def _planned(plan: Plan | None, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
    """Yield who comes before whom by the present plan, where both are known by one title."""
    known = _unique_ids(rows)
    for item in plan.items if plan else ():
        own = known.get(title_key(item.title))
        needed = [d.title for d in item.depends_on if d.hard and d.state != "vague"]
        blocked = [t for t in item.blocks if t not in item.soft_blocks and t not in item.vague_blocks]
        for first, then in [*((n, item.title) for n in needed), *((item.title, b) for b in blocked)]:
            pair = known.get(title_key(first)), known.get(title_key(then))
            if own and pair[0] and pair[1]:
                yield pair[0], pair[1]


def _unique_ids(rows: Iterable[Row]) -> dict[str, str]:
    """Return the ids of the titles that one row alone has."""
    ids: dict[str, list[str]] = {}
    for row in rows:
        ids.setdefault(title_key(row.title), []).append(row_id(row))
    return {key: own[0] for key, own in ids.items() if len(own) == 1}


def _declared(survey: Census, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Yield who comes before whom by the labels of unfinished texts, such as "Depends on" and "Prerequisite for"."""
    known = _unique_ids(rows)
    for row in rows:
        document = None if row.done or row.path is None else survey.library.by_path[row.path].document
        for field in read_fields(read_lines(document)) if document else ():
            names = [name for text, _ in field.values for name in split_names(text, known)]
            others = [known[key] for name in names if (key := title_key(clean_title(name, known))) in known]
            if field.key == "depends_on":
                yield from ((other, row_id(row)) for other in others)
            elif field.key == "blocks":
                yield from ((row_id(row), other) for other in others)


def find_gaps(terrain: Terrain) -> list[Gap]:
    """Return all gaps, in the order of the evaluation's rows."""
    rows = [r for r in terrain.evaluation.rows if not r.done and r.status not in UNCOUNTED and not is_retired(r)]
    waiting = _waiting({row_id(row) for row in rows if not is_written(row)}, terrain.after)
    words = _words(terrain.survey)
    purposes = {row_id(row): _purpose(terrain, row) for row in rows}
    shared = {text for text, times in Counter(purposes.values()).items() if times > 1}
    gaps = []
    for row in rows:
        own = row_id(row)
        purpose = "" if purposes[own] in shared else purposes[own]
        gaps.append(_flaw(row) if is_written(row) else _gap(terrain, row, waiting[own], words, purpose))
    return gaps


def is_written(row: Row) -> bool:
    """Say whether a text is finished and only the check finds errors in it: nobody has to wait for it."""
    return row.text_status in DONE


def _flaw(row: Row) -> Gap:
    """Return the gap of a finished text with errors: it comes behind all that is not written."""
    reason = f"it is written, and the check finds {amount(row.errors, 'error')} in it"
    return Gap(row_id(row), row, (), (), (), frozenset(), -1.0, (reason,), Effort(0.5, 0.5))


def is_retired(row: Row) -> bool:
    """Say whether a document is deprecated, by its status or by a remark behind its title: it is nobody's work."""
    remark = re.search(r"[(\[]([^()\[\]]*)[)\]]\s*$", row.title)
    return row.status == "deprecated" or bool(remark and read_status(remark[1]) == "deprecated")


def _waiting(open_ids: set[str], after: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    """Return for every gap all gaps behind it; a finished procedure between two gaps does not part them."""
    found: dict[str, frozenset[str]] = {}
    for root in open_ids:
        seen: set[str] = set()
        stack = list(after.get(root, ()))
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                stack += after.get(node, ())
        found[root] = frozenset(seen & open_ids - {root})
    return found


def _gap(terrain: Terrain, row: Row, waiting: frozenset[str], words: Mapping[str, float], purpose: str) -> Gap:
    own = row_id(row)
    users = tuple(terrain.after.get(own, ()))
    signs = [*_signs(terrain, row, users, waiting)]
    reasons = [text for value, text in signs if value > 0]
    value, near, ends = _closeness(terrain, row)
    # How far a lifecycle is says little where there is more to say.
    if value > 0 and (ends or len(reasons) < _ENOUGH):
        reasons.append(near)
    place, listed_behind = terrain.places.get(title_key(row.title)) or (0, "")
    if listed_behind and row.path is None:
        reasons.append(f"the index lists it behind {listed_behind}")
    # Nothing has to wait for a text that is written, even with errors.
    needs = tuple(each for each in terrain.before.get(own, ()) if each not in terrain.flawed)
    soft = tuple(each for each in terrain.softly.get(own, ()) if each not in needs)
    score = round(value + sum(value for value, _ in signs), 4)
    effort = _effort(row, words, terrain.weights)
    return Gap(own, row, needs, soft, users, waiting, score, (*filter(None, [purpose]), *reasons), effort, place)


def _purpose(terrain: Terrain, row: Row) -> str:
    """Return the first sentence that a text says of its purpose."""
    procedure = terrain.survey.library.by_path.get(row.path) if row.path else None
    text = plain_text(procedure.gist.purpose) if procedure else ""
    first = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    if first.endswith("?"):
        return ""
    return first.rstrip(".!?:; ") if _FEWEST <= len(first.split()) <= _MOST else ""


def _uses(terrain: Terrain, own: str, users: Iterable[str]) -> list[str]:
    """Say what finished procedures take from a gap: "Backend Implementation Procedure waits for Mitigation Plan"."""
    takers: dict[str, set[str]] = {}
    for edge in terrain.graph.users(own):
        if edge.kind == "input" and edge.artifact and edge.source in users and edge.source in terrain.finished:
            takers.setdefault(edge.artifact, set()).add(terrain.graph.by_id[edge.source].title)
    taken: dict[tuple[str, ...], list[str]] = {}
    for artifact, names in sorted(takers.items()):
        taken.setdefault(tuple(sorted(names)), []).append(artifact)
    verbs = {names: "waits" if len(names) == 1 else "wait" for names in taken}
    return [f"{listed(names)} {verbs[names]} for {listed(artifacts)}" for names, artifacts in taken.items()]


def _is(path: str | None, title: str, row: Row) -> bool:
    return path == row.path if path else row.path is None and title_key(title) == title_key(row.title)


# Urgency


def _signs(terrain: Terrain, row: Row, users: Collection[str], behind: Collection[str]) -> Iterator[tuple[float, str]]:
    """Yield what speaks for a gap: how much, and in words."""
    weights, titles = terrain.weights, {each: terrain.graph.by_id[each].title for each in (*users, *behind)}
    courses = terrain.evaluation.courses
    critical = [c.title for c in courses if any(_is(call.path, call.title, row) for call in c.critical)]
    called = [c.title for c in courses if any(_is(call.path, call.title, row) for call in c.calls)]
    relied = [titles[user] for user in sorted(users) if user in terrain.finished]
    told = listed(_uses(terrain, row_id(row), users))
    waiting = sorted(titles[each] for each in behind)
    # A placeholder is written from nothing, so its broken references do not count.
    broken = sum(f.path == row.path for f in terrain.evaluation.broken) * (row.status == "in progress")
    yield weights.critical * bool(critical), f"it is on the critical path of {listed(critical)}"
    relies = f"it is relied on by {amount(len(relied), 'finished procedure')}: {listed(relied)}"
    yield weights.used * len(relied), told or relies
    first = f"it comes before {amount(len(waiting), 'unfinished procedure')}: {listed(waiting)}"
    yield weights.blocks * min(len(waiting), _MOST_WAITING), first
    yield weights.called * len(called) * (not critical), f"it is called by {listed(called)}"
    yield weights.broken * broken, f"it has {amount(broken, 'broken reference')}"


def _closeness(terrain: Terrain, row: Row) -> tuple[float, str, bool]:
    """Say how near its lifecycle is to its end: how much that counts, in words, and whether a few gaps are left."""
    home = next(each for each in terrain.evaluation.lifecycles if title_key(each.name) == title_key(row.lifecycle))
    done, weights = home.tally.completion, terrain.weights
    lacking = done.whole - done.part
    ends = bool(home.name) and row.status != "in progress" and 0 < lacking <= _FEW and done.part * 3 >= done.whole
    value = weights.closeness * (done.ratio or 0.0) + weights.ends * ends
    if ends:
        return value, f"{home.name} lacks {amount(lacking, 'procedure')} of {done.whole}, this one among them", ends
    return value, f"{home.name or 'the library'} is {done.part} of {done.whole} complete", ends


def rank(score: float, weights: PlanSettings) -> Priority:
    """Return the priority that a score means."""
    if score >= weights.p0:
        return "P0"
    if score >= weights.p1:
        return "P1"
    return "P2" if score >= weights.p2 else "P3"


# Effort


def _words(survey: Census) -> dict[str, float]:
    """Return the median length in words of the finished procedures, by key of the lifecycle and over all ("")."""
    lengths: dict[str, list[int]] = {}
    done = {row.path for row in survey.rows if row.done and row.kind == "procedure"}
    for procedure in survey.library.counted:
        if procedure.path in done:
            count = len(procedure.document.source.raw.split())
            lengths.setdefault(title_key(procedure.lifecycle), []).append(count)
            lengths.setdefault("", []).append(count)
    return {key: median(found) for key, found in lengths.items()}


def _effort(row: Row, words: Mapping[str, float], weights: PlanSettings) -> Effort:
    """Scale the usual hours by the length of finished neighbours, and by what a begun text still lacks."""
    usual = words.get("", 0.0)
    scale = min(2.0, max(0.5, words.get(title_key(row.lifecycle), usual) / usual)) if usual else 1.0
    if row.status == "in progress" and row.required:
        scale *= max(0.25, 1 - row.filled / len(row.required))
    low, high = sorted((weights.hours_min, weights.hours_max))
    return Effort(_half(low * scale), _half(high * scale))


def _half(hours: float) -> float:
    return max(0.5, round(hours * _HALF) / _HALF)
