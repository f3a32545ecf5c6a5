"""Names to items and library: the state of each dependency, and what names nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import chain
from typing import cast, get_args

from procauthor.naming import title_key
from procauthor.planning.dependency import Named, Numbering, read_names
from procauthor.planning.item import UnresolvedItem
from procauthor.planning.plan import Dependency, Goal, PlanItem, Problem, State
from procauthor.planning.vague import Vague, spell_numbers
from procauthor.procedure import DONE

_COMPARED = 100
_STATES = frozenset(get_args(State))


class Resolver:
    """Resolves the names of one plan against its own items and the library's statuses by title key."""

    def __init__(self, drafts: Sequence[UnresolvedItem], known: Mapping[str, str], finished: Sequence[Goal]) -> None:
        self.known = known
        self._finished = {title_key(goal.title) for goal in finished if goal.done}
        self.problems: list[Problem] = []
        self.items = [self._item(draft.item) for draft in drafts]
        self.by_key = {title_key(item.title): item for item in reversed(self.items)}
        self._numbers = Numbering([(i.number, i.code, i.title, i.groups) for i in self.items])
        self._keys = {*known, *self.by_key}
        self._by_word: dict[str, list[str]] = {}
        self._vague_names = Vague(self.items)

    def resolve(self, drafts: Sequence[UnresolvedItem]) -> list[PlanItem]:
        """Return the items with dependencies and blocks."""
        return [self._named(item, draft) for item, draft in zip(self.items, drafts, strict=True)]

    def _item(self, item: PlanItem) -> PlanItem:
        """Decide whether an item is done: the library's word counts before the plan's."""
        key = title_key(item.title)
        said = item.done or key in self._finished
        status = self.known.get(key) if item.asks else None
        if said and status is not None and status not in DONE:
            message = f"the plan has {item.title!r} as done, the library as {status}"
            self.problems.append(Problem("stale", message, item.line, item.number))
        done = said if status is None else status in DONE
        stated = status if status is not None and item.status == "unknown" else item.status
        return replace(item, done=done, status=stated)

    def _named(self, item: PlanItem, draft: UnresolvedItem) -> PlanItem:
        needs = read_names(draft.needs, self._numbers, self._keys, own=item.title)
        needs += read_names(draft.softly, self._numbers, self._keys, own=item.title, hard=False)
        blocks = read_names(draft.blocks, self._numbers, self._keys, own=item.title)
        needs, blocks = ([self._spelled(each) for each in names] for names in (needs, blocks))
        self.problems += self._complaints(item, needs, blocks)
        return replace(
            item,
            depends_on=tuple(self._dependency(each) for each in needs),
            blocks=tuple(each.title for each in blocks),
            soft_blocks=tuple(each.title for each in blocks if not each.hard),
            vague_blocks=tuple(each.title for each in blocks if each.vague),
        )

    def _spelled(self, named: Named) -> Named:
        """Spell a name as the item that it names: "Threat Model" becomes "Threat Model Procedure"."""
        item = self.by_key.get(title_key(named.title))
        return named if item is None or named.vague else replace(named, title=item.title)

    def _dependency(self, named: Named) -> Dependency:
        return Dependency(named.title, self._state(named), named.hard, named.line)

    def _state(self, named: Named) -> State:
        """Return a state: what the library says, else what the plan says, else that it is an open item."""
        key = title_key(named.title)
        if named.vague:
            return "vague"
        if key in self.known:
            status = self.known[key]
            return "defined" if status in DONE else cast("State", status) if status in _STATES else "unknown"
        item = self.by_key.get(key)
        if item is not None and item.done:
            return "defined"
        open_item: State = "to be defined" if item is not None else "unknown" if named.hard else "soft"
        return named.stated or open_item

    def _complaints(self, item: PlanItem, needs: list[Named], blocks: list[Named]) -> Iterator[Problem]:
        for each in needs:
            yield from self._vague(item, each) if each.vague else self._unresolved(item, each, "depends on")
        for each in blocks:
            yield from self._vague(item, each, behind=True) if each.vague else self._unresolved(item, each, "blocks")

    def _vague(self, item: PlanItem, named: Named, *, behind: bool = False) -> Iterator[Problem]:
        reading = spell_numbers(self._vague_names.read(named.title, item, behind=behind))
        yield Problem("vague", f"{named.title!r} names no procedure; read as {reading}", named.line, item.number)

    def _unresolved(self, item: PlanItem, named: Named, verb: str) -> Iterator[Problem]:
        """Complain of a name that is no item and not in the library; without a library the plan's word is enough."""
        key = title_key(named.title)
        claimed = named.stated and not self.known
        if key in self._keys:
            yield from self._stale(item, named, key)
            return
        if claimed:
            return
        near = get_close_matches(key, self._alike(key), n=1, cutoff=0.85)
        hint = f"; did you mean {self._title(near[0])!r}?" if near else ""
        where = "in the library nor an item of this plan" if self.known else "an item of this plan"
        which = "neither" if self.known else "not"
        message = f"{item.title!r} {verb} {named.title!r}, which is {which} {where}{hint}"
        yield Problem("unresolved", message, named.line, item.number)

    def _alike(self, key: str) -> list[str]:
        """Return the keys that share a word with one, at most some: to compare with all takes too long."""
        if not self._by_word:
            for other in sorted(self._keys):
                for word in other.split():
                    self._by_word.setdefault(word, []).append(other)
        shared = sorted((self._by_word.get(word, []) for word in key.split()), key=len)
        return list(dict.fromkeys(chain.from_iterable(others[:_COMPARED] for others in shared)))

    def _stale(self, item: PlanItem, named: Named, key: str) -> Iterator[Problem]:
        open_item = self.by_key.get(key)
        actual = self.known.get(key) or ("an open item of this plan" if open_item and not open_item.done else "defined")
        if named.stated == "defined" and actual not in DONE:
            message = f"{item.title!r} calls {named.title!r} defined, but it is {actual}"
            yield Problem("stale", message, named.line, item.number)

    def _title(self, key: str) -> str:
        return self.by_key[key].title if key in self.by_key else key
