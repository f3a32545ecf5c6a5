"""Names to items and library: the state of each dependency, and what names nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cached_property
from itertools import chain
from typing import cast, get_args

from procauthor.naming import listed, title_key
from procauthor.planning.dependency import FEWEST, Directory, Named, read_names, split_names
from procauthor.planning.item import UnresolvedItem
from procauthor.planning.line import Line
from procauthor.planning.opening import needs_pattern
from procauthor.planning.plan import Dependency, Goal, PlanItem, Problem, State
from procauthor.planning.words import pattern
from procauthor.procedure import DONE

_COMPARED = 100
_STATES = frozenset(get_args(State))


class Resolver:
    """Resolves the names of one plan against its own items and the library's statuses by title key."""

    def __init__(self, drafts: Sequence[UnresolvedItem], known: Mapping[str, str], finished: Sequence[Goal]) -> None:
        self.known = known
        self._finished = {title_key(goal.title) for goal in finished if goal.done}
        self.problems: list[Problem] = []
        self._drafts = [replace(draft, item=self._item(draft.item)) for draft in drafts]
        items = [draft.item for draft in self._drafts]
        self.by_key = {title_key(item.title): item for item in reversed(items)}
        self._keys = {*known, *self.by_key}
        self._directory = Directory(items)

    def add(self, lines: Iterable[Line]) -> None:
        """Read lines of a list of dependencies, "Task 1 depends on tasks 2 and 3", and add what they say of items."""
        drafts = {draft.item.title: draft for draft in self._drafts}
        lead = pattern("lead|vague", r"^(?:(?:{})\s+)+")
        for line in lines:
            needs = needs_pattern().search(line.body)
            own = self._directory.mean(lead.sub("", line.body[: needs.start()]).strip()) if needs else []
            for name in split_names(lead.sub("", needs["names"]).rstrip(" ."), self._keys) if needs and own else ():
                for title in own if self._directory.mean(name) else ():
                    drafts[title].names["depends_on"].append((name, line.number))

    def resolve(self) -> list[PlanItem]:
        """Return the items with dependencies and blocks."""
        return [self._named(draft) for draft in self._drafts]

    def _item(self, item: PlanItem) -> PlanItem:
        """Decide whether an item is done: the library's word counts before the plan's."""
        key = title_key(item.title)
        said = item.done or key in self._finished
        status = self.known.get(key) if item.asks else None
        if said and status is not None and status not in DONE:
            message = f"the plan has {item.title!r} as done, the library as {status}"
            self.problems.append(Problem("stale", message, item.line, item.number))
        done = said if status is None else status in DONE
        return replace(item, done=done, status=status if status and item.status == "unknown" else item.status)

    def _named(self, draft: UnresolvedItem) -> PlanItem:
        item = draft.item
        needs = [*self._read(draft.names["depends_on"], item), *self._read(draft.names["soft"], item, hard=False)]
        blocks = self._read(draft.names["blocks"], item)
        for each in needs:
            self.problems += self._complaints(item, each, "depends on")
        for each in blocks:
            self.problems += self._complaints(item, each, "blocks")
        return replace(
            item,
            depends_on=tuple(Dependency(each.title, self._state(each), each.hard, each.line) for each in needs),
            blocks=tuple(each.title for each in blocks),
            soft_blocks=tuple(each.title for each in blocks if not each.hard),
            vague_blocks=tuple(each.title for each in blocks if each.vague),
        )

    def _read(self, values: Sequence[tuple[str, int]], item: PlanItem, *, hard: bool = True) -> list[Named]:
        """Read names, spelt as the items that they name: "Threat Model" becomes "Threat Model Procedure"."""
        names = read_names(values, self._directory, self._keys, own=item.title, hard=hard)
        items = [None if each.vague else self.by_key.get(title_key(each.title)) for each in names]
        return [replace(n, title=own.title) if own else n for n, own in zip(names, items, strict=True)]

    def _state(self, named: Named) -> State:
        """Return a state: what the library says, else what the plan says, else that it is an open item."""
        key = title_key(named.title)
        if named.vague:
            return "vague"
        item, status = self.by_key.get(key), self.known.get(key)
        if status in DONE or (status is None and item is not None and item.done):
            return "defined"
        if status is not None:
            return cast("State", status) if status in _STATES else "unknown"
        lost: State = "unknown" if named.hard else "soft"
        return named.stated or (lost if item is None else "to be defined")

    def _complaints(self, item: PlanItem, named: Named, verb: str) -> Iterator[Problem]:
        """Complain of a name that is vague, stale or nowhere; without a library the plan's word is enough."""
        key = title_key(named.title)
        if named.vague:
            meant = _spell_numbers(self._directory.read_vague(named.title, item, behind=verb == "blocks"))
            yield Problem("vague", f"{named.title!r} names no procedure; read as {meant}", named.line, item.number)
        elif key in self._keys:
            yield from self._stale(item, named, key)
        elif self.known or not named.stated:
            near = get_close_matches(key, self._alike(key), n=1, cutoff=0.85)
            title = self.by_key[near[0]].title if near and near[0] in self.by_key else "".join(near)
            hint = f"; did you mean {title!r}?" if near else ""
            where = "neither in the library nor an item of this plan" if self.known else "not an item of this plan"
            message = f"{item.title!r} {verb} {named.title!r}, which is {where}{hint}"
            yield Problem("unresolved", message, named.line, item.number)

    def _alike(self, key: str) -> list[str]:
        """Return the keys that share a word with one, at most some: to compare with all takes too long."""
        shared = sorted((self._by_word[word] for word in key.split() if word in self._by_word), key=len)
        return list(dict.fromkeys(chain.from_iterable(others[:_COMPARED] for others in shared)))

    @cached_property
    def _by_word(self) -> Mapping[str, list[str]]:
        words: dict[str, list[str]] = defaultdict(list)
        for key in sorted(self._keys):
            for word in key.split():
                words[word].append(key)
        return words

    def _stale(self, item: PlanItem, named: Named, key: str) -> Iterator[Problem]:
        open_item = self.by_key.get(key)
        actual = self.known.get(key) or ("an open item of this plan" if open_item and not open_item.done else "defined")
        if named.stated == "defined" and actual not in DONE:
            message = f"{item.title!r} calls {named.title!r} defined, but it is {actual}"
            yield Problem("stale", message, named.line, item.number)


def _spell_numbers(numbers: Sequence[int]) -> str:
    """Return "items 1 and 2", and of many "43 items from 1 to 60"."""
    if len(numbers) > FEWEST:
        return f"{len(numbers)} items from {numbers[0]} to {numbers[-1]}"
    names = listed([str(number) for number in numbers], most=FEWEST)
    return f"item{'s' * (len(numbers) > 1)} {names}" if numbers else "no item of this plan"
