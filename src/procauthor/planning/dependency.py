"""Names in "Dependencies" and "Blocks": which procedures, in what state, and whether they have to come first.

A value is split into names. Of each, the words around it and the note behind it are taken off; what is left is looked
up among what people call the items of the plan: codes, numbers, ranges of both, groups, words of a title.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import Literal, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from procauthor.data import grouped, ungrouped
from procauthor.naming import listed, title_key
from procauthor.planning import value
from procauthor.planning.line import plain_text, sign_of
from procauthor.planning.plan import Dependency, Goal, PlanItem, Priority, Problem, State
from procauthor.planning.precedence import Order
from procauthor.planning.title import Numbered, clean_title, read_number
from procauthor.planning.value import bucket_pattern, ends_in_noun, names_document, pattern, read_words
from procauthor.procedure import DONE
from procauthor.regex import lazy

_NOTE = lazy(r" ?[(\[]([^()\[\]]*)[)\]] ?")
# Between two names, but in parentheses; a sentence that ends sets apart as well.
# A comma in parentheses separates nothing. Their end is looked for nearby, so that long lines take no longer.
_SEPARATOR = lazy(
    r"[,;] ?(?![^(\[]{0,999}[)\]])|<br ?/?>|\n|"
    r"(?:(?<=[)\d])|(?<=[a-z]{3}))\. (?=[A-Z]|[^\w ([\"'])|(?:^| )(?:→|⇒|->|=>) "
)
_AFTER_DASH = lazy(r" [-–—] (.+)$|: (.+)$")
_CODES = lazy(r"^((?:[A-Z]+\d*[-_.]?\d[\w.]*(?:-\w+)* ?[/&+] ?)*[A-Z]+\d*[-_.]?\d[\w.]*(?:-\w+)*)(?: |$)")
# A code, or a range of codes, anywhere in a text.
_CODE_INSIDE = lazy(r"(?<![\w.-])[A-Z]{1,10}[-_]?\d+(?:[.-]\d+)*[a-z]?(?:\s*[–—-]\s*[A-Z]{1,10}[-_]?\d+)?(?![\w-])")
_LETTERED = lazy(r"^[A-Z]{1,10}[-_ ]?(\d+(?:\.\d+)*)$")
_MAX_RANGE = 200
_COMPARED = 100
_STATES = frozenset(get_args(State))
_FEWEST_WORDS = 2
# No title has more; to try longer ones would take time with the cube of the names.
_MOST_COMMAS = 6
_MOST_JOINTS = 20
_MOST_PAIRS = 100_000
# Many phases that each wait for all before them have pairs with the square of their items.
_MOST_ORDERED = 300_000
FEWEST = 20


@lru_cache(maxsize=1)
def _joint() -> re.Pattern[str]:
    """Return a pattern for what joins two names: "and", "&", "/"."""
    return pattern("joining", r" (?:{}|/) ")


@lru_cache(maxsize=1)
def _range() -> re.Pattern[str]:
    """Return a pattern for "3", "7-9", "T001 to T004", "1.2-1.4" and "G-MCP03-G-MCP07"."""
    one = r"#?((?:[A-Z]+\d+-(?=\d)|(?:[A-Z]+-(?=[A-Z]))*)[A-Z]*[-_]?\d+(?:\.\d+)*[A-Z]?)"
    return pattern("through", rf"^{one}(?: ?(?:[-–—‑]|\.\.\.?|\b(?:{{}})\b) ?{one})?$")


def _bucketed() -> re.Pattern[str]:
    """Return a pattern for "Phase 2" and "weeks 1, 2", with what it counts and the numbers."""
    return pattern("buckets", r"^({})s?\s+(?=#?[A-Z]?\d|[A-Z]\b|[IVX]+\b)(.+)$")


class Directory:
    """The items of a plan by what people call them: numbers, codes, groups, words, "all PR procedures"."""

    def __init__(self, items: Sequence[PlanItem]) -> None:
        self._items = items
        # Of a long plan, a name without an end is the nearest items alone, so that all names together stay bounded.
        self._most = max(FEWEST, _MOST_PAIRS // max(1, len(items)))
        self._kinds: dict[tuple[frozenset[str] | None, str, Priority | None], list[int]] = {}
        self._lifecycles = {item.lifecycle for item in items if item.lifecycle}
        self.titles = {item.number: item.title for item in reversed(items)}
        self.places = {item.title: place for place, item in enumerate(items)}
        self.groups = dict.fromkeys(chain.from_iterable(item.groups for item in items))
        self._lettered = any(re.search(r"[A-Z]", item.code) for item in items)
        # "007" is a file or a ticket where no item has such a number.
        self._digits = r"\d{1,6}" if any(item.code.startswith("0") for item in items) else r"[1-9]\d{0,5}"

    @cached_property
    def _index(self) -> dict[str, dict[int, None]]:
        """The places of items by code ("T001", "#1"), group ("group phase 2") and word of the title ("word dough")."""
        index: dict[str, dict[int, None]] = defaultdict(dict)
        for place, item in enumerate(self._items):
            names = re.split(r"\s*[,;&/]\s*", item.code.upper()) if item.code else []
            if not re.search(r"[A-Z]", item.code):
                # "PRP-001" may be what another column or heading calls the item "001".
                names.append("#" + (item.code.lstrip("0") or str(item.number)))
            elif "-" in item.code:
                # "T01" may be what another list calls "S3-T01".
                names.append(item.code.upper().rpartition("-")[2])
            names += [f"group {group}" for group in item.groups]
            for name in (*names, *(f"word {word}" for word in title_key(item.title).split())):
                index[name][place] = None
        return index

    def mean(self, name: str, own: str = "") -> list[str]:
        """Return the titles that a name means: a code, a range of codes, a group, "#3", "Items 7-9"; else none.

        Of several items with one number, each in a list of its own, it is that before the title ``own`` that names it.
        """
        near = self.places.get(own, len(self._items))
        bare = pattern("lead|vague", r"^(?:(?:{})\s+)*").sub("", name)
        grouped_by = pattern("units", r"^(?:{})?s?\s*(?:in\s+)?").sub("", bare)
        if _bucketed().match(grouped_by) and (titles := self._in_groups(grouped_by, near)):
            return titles
        if bucket_pattern().fullmatch(bare):
            return []
        bare = _unit().sub("", bare).strip("()[]. ").upper()
        whole, ends, run = self._place(bare.strip("#"), near), _range().match(bare), _CODES.match(name)
        # "P1-01 harness" speaks of what the code means.
        codes = re.split(r" ?[/&+] ?", run[1].upper()) if run else []
        codes = [ends[1], ends[2] or ends[1]] if ends else codes
        places = [whole] if whole is not None else [self._place(code, near) for code in codes]
        if places and None not in places:
            known = [place for place in places if place is not None]
            known = [*range(known[0], known[1] + 1)] if ends and len(known) > 1 else known
            return [self._items[place].title for place in known]
        first, last = map(int, codes) if ends and all(re.fullmatch(self._digits, code) for code in codes) else (1, 0)
        if titles := self._in_groups(run[1] if run else name, near):
            return titles
        return [self.titles.get(each, f"#{each}") for each in range(first, min(last, first + _MAX_RANGE) + 1)]

    def mean_inside(self, text: str) -> list[str]:
        """Return the titles of the items and groups whose codes are in a text: "the data of P1-P9"."""
        spans = [(span, re.split(r"\s*[–—]\s*", span)) for span in _CODE_INSIDE.findall(text)]
        known = [
            span for span, ends in spans if all(e.upper() in self._index or e.casefold() in self.groups for e in ends)
        ]
        return list(dict.fromkeys(chain.from_iterable(map(self.mean, known))))

    def _place(self, code: str, near: int) -> int | None:
        lettered = None if self._lettered or code.casefold() in self.groups else _LETTERED.match(code)
        names = (code, f"#{lettered[1].lstrip('0')}") if lettered else (code,)
        places = list(next((self._index[each] for each in names if each in self._index), {}))
        return places[max(0, bisect_left(places, near) - 1)] if places else None

    def _in_groups(self, name: str, near: int) -> list[str]:
        """Return the titles of the items in "Phase 2", "Phases 1-3", "Weeks 1, 2", "R1/R2", "P1-P9" or "Quick wins".

        A group does not wait for itself: the item at the place ``near``, which names it, is in none of them.
        """
        named = _bucketed().match(name.casefold())
        word = f"{named[1]} " if named else ""
        places: dict[int, None] = {}
        for part in re.split(rf" ?[,&/] ?|{_joint().pattern}", named[2] if named else name.casefold()):
            for key in self._between(word, part) or [f"{word}{part.strip('#.: ')}"]:
                places |= self._index.get(f"group {key}", {})
        places = places or self._index.get(f"group {title_key(name)}", {})
        return [] if near in places else list(dict.fromkeys(self._items[place].title for place in places))

    def _between(self, word: str, name: str) -> list[str]:
        """Return the keys of the groups of a range, such as "1-3" of phases, or "p1-p9"."""
        ends = _range().match(name)
        if not (ends and ends[2]):
            return []
        first, last = (int(re.findall(r"\d{1,9}", end)[0]) for end in ends.groups())
        letters = re.match(r"[a-z]*", ends[1])
        form = re.compile(rf"{word}{letters[0] if letters else ''}(\d{{1,9}})(?:\W|$)")
        numbers = {key: number for key in self.groups if (number := form.match(key))}
        return [key for key, number in numbers.items() if first <= int(number[1]) <= last]

    def find_by_words(self, name: str) -> str:
        """Return the only title that holds all words of a name: "Navigation refactor" of "Refactor navigation"."""
        words = title_key(name).split()
        first, *others = sorted((self._index.get(f"word {word}", {}) for word in words or [""]), key=len)
        shared = [place for place in first if all(place in other for other in others)]
        return self._items[shared[0]].title if len(words) >= _FEWEST_WORDS and len(shared) == 1 else ""

    def read_vague(self, text: str, item: PlanItem, *, behind: bool = False) -> list[int]:
        """Return the numbers of the items that a name is read as: only lower ones, or with ``behind`` higher ones.

        A lifecycle, phase or priority in the name narrows them down; a name without any means the item's own lifecycle.
        """
        if _undecided().match(text):
            return []
        phase = str(value.read_lifecycle(text)[1] or "")
        priority = value.read_priority(text) if value.PRIORITY_CODE.search(text) else None
        names = frozenset(name for name in self._lifecycles if f" {title_key(name)} " in f" {title_key(text)} ")
        any_of_them = not names and (priority or pattern("order").search(text))
        key = None if any_of_them else names or frozenset({item.lifecycle}), phase, priority
        if key not in self._kinds:
            fitting = (i for i in self._items if key[0] is None or i.lifecycle in key[0])
            fitting = (i for i in fitting if not phase or str(i.phase) == phase)
            self._kinds[key] = sorted({i.number for i in fitting if priority in (None, i.priority)})
        numbers = self._kinds[key]
        if behind:
            first = bisect_right(numbers, item.number)
            return numbers[first : first + self._most]
        last = bisect_left(numbers, item.number)
        return numbers[max(0, last - self._most) : last]


def _undecided() -> re.Pattern[str]:
    return pattern("undecided", r"^(?:{}|\?+)(?!\w)")


class Named(Struct, frozen=True):
    """One name as the plan writes it; ``stated`` is empty where the plan says nothing of its state.

    ``note`` is what is said behind the name.
    """

    title: str
    line: int
    stated: State | Literal[""] = ""
    hard: bool = True
    vague: bool = False
    note: str = ""


def split_names(text: str, known: Collection[str]) -> Iterator[str]:
    """Split at commas, semicolons and joining words outside parentheses, but never within a known title."""
    # "Ideally", where it is between commas, speaks of the name behind it.
    text = pattern("hedges", r"((?:^|[,;]) ?(?:{})), ").sub(r"\1 ", re.sub(r"[^\S\n]+", " ", text))
    parts = _with_buckets([part.strip() for part in _SEPARATOR.split(text) if part.strip()])
    place = 0
    while place < len(parts):
        ends = range(min(len(parts), place + _MOST_COMMAS), place + 1, -1)
        end = next((end for end in ends if _known(", ".join(parts[place:end]), known)), place + 1)
        name, place = ", ".join(parts[place:end]), end
        name = pattern("joining", r"^(?:{}) | (?:{})$").sub("", name)
        if name.startswith("(") and name.endswith(")"):
            yield from split_names(name[1:-1], known)
        elif _known(name, known):
            yield name
        elif not (value.is_nothing(plain_text(name)) or value.read_whole_effort(name)):
            yield from _split_joined(name, known)


def _with_buckets(names: list[str]) -> list[str]:
    """Return ["Phase 2", "Phase 4"] for ["Phase 2", "4"]."""
    for place, name in enumerate(names[1:], 1):
        before = names[place - 1]
        if name.isdigit() and bucket_pattern().fullmatch(before):
            names[place] = f"{before.rpartition(' ')[0]} {name}"
    return names


def _split_joined(text: str, known: Collection[str]) -> list[str]:
    """Split "Item 3 and Data Design Procedure (defined)": at an "and" between what can only be names."""
    joints = [*islice(_joint().finditer(text), _MOST_JOINTS)]
    split: dict[int, list[str]] = {}
    # From the last one on, so that what is behind a joint is split once.
    for start in (*(joint.end() for joint in reversed(joints)), 0):
        ways = ([text[start : joint.start()], *split[joint.end()]] for joint in joints if joint.start() > start)
        split[start] = next((way for way in ways if _are_names(*way, known=known)), [text[start:]])
    return split[0]


def _are_names(first: str, *others: str, known: Collection[str]) -> bool:
    """Say whether all are names; "Salt & Water Procedure" is one name, even where there is a Salt Procedure."""
    whole = _is_whole(first)
    named = whole or _known(first, known)
    return named and all(_known(each, known) or (whole and _is_whole(each)) for each in others)


def _is_whole(text: str) -> bool:
    """Say whether a text is a name by itself: a number, a code, or by its last word."""
    name = plain_text(_NOTE.sub(" ", text))
    return bool(_range().match(_unit().sub("", name).upper())) or names_document(name)


def _unit() -> re.Pattern[str]:
    return pattern("units", r"^(?:(?:{}|nos)s?\.?\s+)?(?=\S*\d)")


def _known(text: str, known: Collection[str]) -> bool:
    return title_key(_NOTE.sub(" ", plain_text(text))) in known


def _read_name(text: str, line: int, known: Collection[str], *, hard: bool) -> Named:
    sign, text = sign_of(text), plain_text(text)
    note = "; ".join(_NOTE.findall(text))
    name = plain_text(_NOTE.sub(" ", text)).rstrip(" .")
    if title_key(name) not in known:
        head = pattern("soft|hard", r"^(?:{})\s*:\s*").match(name)
        name, said = _without_phrases(name[head.end() if head else 0 :], known)
        if dash := _AFTER_DASH.search(name):
            note, name = "; ".join(filter(None, (note, dash[1] or dash[2]))), name[: dash.start()]
        hard = hard and not pattern("soft").search(f"{note} {said} {head[0] if head else ''}")
    title = clean_title(name, known)
    vague = title_key(title) not in known and _is_vague(title)
    return Named(title, line, _state(note, sign), hard and not pattern("soft").search(note), vague, note)


def _is_vague(title: str) -> bool:
    many = pattern("vague", r"^(?:{})\b").match(title) or pattern("nouns", r"\b(?:{})s$").search(title)
    undecided = _undecided().match(title) and not ends_in_noun(title)
    return bool(undecided or many) or title.casefold() in read_words().lists["every"]


def _without_phrases(name: str, known: Collection[str]) -> tuple[str, str]:
    """Take "Requires Data Design Procedure being complete" apart: the name, and what is said around it."""
    lead = pattern("lead|soft|hard", r"^(?:(?:{})\s+)+").match(name)
    start = lead.end() if lead else 0
    trail = pattern("trail|soft", r"(?:,?\s+(?:{}))+$").search(name, start)
    inside = name[start : trail.start() if trail else len(name)].strip()
    sure = title_key(inside) in known or _is_whole(inside) or bucket_pattern().fullmatch(inside)
    around = f"{name[:start]} {trail[0] if trail else ''}"
    return (inside, around) if sure else (name, "")


def _state(note: str, sign: str) -> State | Literal[""]:
    shared = pattern("pair|shared", r"^(?:{})\b").match(note)
    if pattern("future").search(note) or (shared and shared[0].casefold() in read_words().lists["no"]):
        return "to be defined"
    status = value.read_state(note) or sign
    return "defined" if status == "approved" else status  # type: ignore[return-value]


def _spread(names: list[Named]) -> list[Named]:
    """Give "(both defined)" behind the last name to the names before it as well."""
    for place, last in enumerate(names):
        shared = pattern("pair|shared", r"^(?:{})\b").match(last.note)
        pair = shared and shared[0].casefold() in read_words().lists["pair"]
        for other in range(max(0, place - 1) if pair else 0, place if shared else 0):
            if not names[other].note:
                names[other] = replace(names[other], stated=last.stated, hard=last.hard)
    return [replace(each, vague=each.vague and each.stated != "defined") for each in names]


class UnresolvedItem(Struct):
    """An item whose names are not resolved yet: the values of "depends_on", "soft" and "blocks", with their lines."""

    item: PlanItem
    names: dict[str, list[tuple[str, int]]]


class Resolver:
    """Resolves the names of one plan against its own items and the library's statuses by title key.

    ``missing`` are the keys of titles that the library announces without a document.
    """

    def __init__(
        self,
        drafts: Sequence[UnresolvedItem],
        known: Mapping[str, str],
        finished: Sequence[Goal],
        missing: Collection[str] = (),
    ) -> None:
        self.known = known
        self._missing = missing
        self._finished = {title_key(goal.title) for goal in finished if goal.done}
        self.problems: list[Problem] = []
        self._drafts = [replace(draft, item=self._item(draft.item)) for draft in drafts]
        self.items = items = [draft.item for draft in self._drafts]
        self.by_key = {title_key(item.title): item for item in reversed(items)}
        # "2D" may be an item as well as two days.
        codes = (title_key(item.code) for item in items if value.read_whole_effort(item.code))
        self._keys = {*known, *self.by_key, *codes}
        self._directory = Directory(items)
        self._called = {*self._keys, *self._directory.groups}
        self._titles = {item.title for item in items}
        self._ordered: dict[str, list[Named]] = defaultdict(list)

    def add(self, orders: Iterable[Order]) -> None:
        """Add what is said outside of items of what comes first, as far as it names items."""
        by_line = grouped((draft.item.line, draft.item.title) for draft in self._drafts)
        left = _MOST_ORDERED
        for order in orders:
            first, then = (
                self._meant(said) if isinstance(said, str) else list(chain.from_iterable(by_line[n] for n in said))
                for said in (order.first, order.then)
            )
            known = frozenset(then)
            first = [title for title in dict.fromkeys(first) if title not in known]
            names = [Named(name, order.line) for name in first[max(0, len(first) - left // max(1, len(then))) :]]
            left -= len(names) * len(then)
            for title in then:
                self._ordered[title] += names

    def place_of(self, text: str) -> int | None:
        """Return the place of the first item that a text names."""
        return next(map(self._directory.places.get, self._meant(text)), None)

    def _meant(self, text: str) -> list[str]:
        """Return the titles that a text names: of items, else of the library; of a group, only what a note names."""
        titles: list[str] = []
        for named in (_read_name(part, 0, self._called, hard=True) for part in self._split(text)):
            # "Setup phase completion"
            bare = pattern("trail|buckets", r"(?:,?\s+(?:{}))+$").sub("", named.title)
            bucket = bucket_pattern().match(named.title)
            ways = (named.title, bare, bucket[0] if bucket else "", named.note)
            meant = next(filter(None, map(self._directory.mean, ways)), [])
            near = self._directory.mean(named.note) if named.note else []
            noted = [t for t in meant if named.note and (t in near or title_key(named.note) in title_key(t))]
            inside = [title for title in noted or meant if title in self._titles]
            titles += inside or ([named.title] if title_key(named.title) in self.known else [])
        return titles

    def _split(self, text: str) -> Iterator[str]:
        lead = pattern("lead|vague", r"^(?:(?:{})\s+)+")
        return split_names(lead.sub("", text.strip()).strip(" ."), self._called)

    def resolve(self) -> list[PlanItem]:
        """Return the items with dependencies and blocks."""
        items = []
        for item, names in ((draft.item, draft.names) for draft in self._drafts):
            needs = [*self._read(names["depends_on"], item), *self._read(names["soft"], item, hard=False)]
            stated = {each.title for each in needs}
            ordered = {each.title: each for each in self._ordered[item.title]}
            needs = [*needs, *(each for title, each in ordered.items() if title not in stated)]
            # What a sentence says counts where it names something: "needs a private room" does not.
            said = [n for n in self._read(names["said"], item) if n.stated or _is_whole(n.title) or self._is_item(n)]
            inside = ungrouped((line, self._meant(text)) for text, line in names["told"])
            said += [Named(title, line) for line, title in inside]
            told = {item.title, *(each.title for each in needs)}
            needs = [n for n in needs if n.title != item.title] + [n for n in said if n.title not in told]
            blocks = self._read(names["blocks"], item)
            for verb, named in (*(("depends on", each) for each in needs), *(("blocks", each) for each in blocks)):
                self.problems += self._complaints(item, named, verb)
            known = replace(
                item,
                depends_on=tuple(Dependency(each.title, self._state(each), each.hard, each.line) for each in needs),
                blocks=tuple(each.title for each in blocks),
                soft_blocks=tuple(each.title for each in blocks if not each.hard),
                vague_blocks=tuple(each.title for each in blocks if each.vague),
            )
            items.append(known)
        return items

    def _is_item(self, named: Named) -> bool:
        return title_key(named.title) in self._keys

    def _item(self, item: PlanItem) -> PlanItem:
        """Decide whether an item is done: the library's word counts before the plan's."""
        key = title_key(item.title)
        said = item.done or key in self._finished
        silent = "missing" if said and key in self._missing else None
        status = self.known.get(key, silent) if item.asks else None
        if said and status is not None and status not in DONE:
            message = f"the plan has {item.title!r} as done, the library as {status}"
            self.problems.append(Problem("stale", message, item.line, item.number))
        done = said if status is None else status in DONE
        return replace(item, done=done, status=status if status and item.status == "unknown" else item.status)

    def _read(self, values: Iterable[tuple[str, int]], item: PlanItem, *, hard: bool = True) -> list[Named]:
        """Read names, spelt as the items that they name: "Threat Model" becomes "Threat Model Procedure"."""
        names: list[Named] = []
        for text, line in values:
            said = [] if value.is_nothing(plain_text(text)) else split_names(text, self._called)
            spread = _spread([_read_name(part, line, self._called, hard=hard) for part in said])
            names += chain.from_iterable(self._mean(each, item.title) for each in spread)
        unique = {title_key(each.title) or each.title: each for each in reversed(names)}
        names = [each for each in reversed(unique.values()) if each.title]
        items = [None if each.vague else self.by_key.get(title_key(each.title)) for each in names]
        return [replace(n, title=own.title) if own else n for n, own in zip(names, items, strict=True)]

    def _mean(self, named: Named, own: str) -> Iterator[Named]:
        """Replace what means items by their titles: "#3", "Items 7-9", "T001-T004", "Phase 2", words of a title.

        Some words of the title of the item that names them (``own``) do not mean that item.
        """
        directory, title = self._directory, named.title
        titles = directory.mean(title, own)
        if not titles:
            number = read_number(title)
            title = number.title if number and self._is_called(number) else title
            known = named.vague or title_key(title) in self._keys
            titles = [title] if known else directory.mean_inside(title) or self._by_words(title, own)
        yield from (replace(named, title=each, vague=named.vague and each == named.title) for each in titles)

    def _by_words(self, name: str, own: str) -> list[str]:
        """Return the titles that some of their words mean, of each of several joined names; else the name itself."""
        parts = _joint().split(name)
        meant = [self._directory.find_by_words(part) for part in parts]
        if len(parts) > 1:
            return [title or part for title, part in zip(meant, parts, strict=True)] if any(meant) else [name]
        return [name] if meant[0] == own else [meant[0] or name]

    def _is_called(self, number: Numbered) -> bool:
        """Say whether "3. Data Design" is what is called so, and not item 3 of another name, which has to be said."""
        key, item = title_key(number.title), self._directory.titles.get(number.first)
        own = item is None or title_key(item) == key or key not in self.by_key
        return bool(number.first) and key in self._keys and own

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
            item_meant = self.by_key.get(key)
            state = "an open item of this plan" if item_meant and not item_meant.done else "defined"
            actual = self.known.get(key) or state
            if named.stated == "defined" and actual not in DONE:
                message = f"{item.title!r} calls {named.title!r} defined, but it is {actual}"
                yield Problem("stale", message, named.line, item.number)
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
        words = ungrouped((key, key.split()) for key in sorted(self._keys))
        return grouped((word, key) for key, word in words)


def _spell_numbers(numbers: Sequence[int]) -> str:
    """Return "items 1 and 2", and of many "43 items from 1 to 60"."""
    if len(numbers) > FEWEST:
        return f"{len(numbers)} items from {numbers[0]} to {numbers[-1]}"
    names = listed([str(number) for number in numbers], most=FEWEST)
    return f"item{'s' * (len(numbers) > 1)} {names}" if numbers else "no item of this plan"
