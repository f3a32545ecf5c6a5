"""Weighs series of openings: how likely they are items, by what is seen of them and of what is around them.

What is seen has a name and a share from 0 to 1; `weights.toml` says how much each of these counts.
``benchmarks/weights.py`` fits the weights to plans whose items people have named.
"""

from __future__ import annotations

import math
import re
import tomllib
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from pathlib import Path

from procauthor.data import grouped
from procauthor.planning import title as say
from procauthor.planning.entry import ISSUE
from procauthor.planning.heading import Headings
from procauthor.planning.line import Line, plain_text
from procauthor.planning.series import Series, share
from procauthor.planning.text import Opening, PlanText, field_key
from procauthor.planning.value import pattern, read_words
from procauthor.regex import lazy

WEIGHTS = Path(__file__).with_name("weights.toml")
"""The file of the weights."""
# Of a long series, so many openings are looked at.
_SEEN = 100
# How much a series counts by what others that are written alike say.
_EVEN = 0.8

_TITLED = lazy(r"^\*\*(?:[^*]+[.:]\*\*|[^*]+\*\*(?:$|[.:]|\s[(–—-]))")
_PATH = lazy(r"^[`*\[]*[\w./@-]+[./][\w./-]+[`*\]]*(?:\s|$|\()")
_BEGINS = r"^\W*(?:\d[\d.)]*\W+)?(?:{})\b"
_ENDS = r"(?:^|\W)(?:{})\W*(?:\([^()]*\)\W*)?$"

# What the text of a line says.
_TEXTS: Mapping[str, Callable[[str], object]] = {
    "title in bold": _TITLED.match,
    "bold": lambda text: text.startswith(("**", "__")),
    "issue": ISSUE.match,
    "path": _PATH.match,
    "stop": lambda text: text.rstrip("*_` ").endswith("."),
}
# What a title, a heading or a label is.
_NAMES: Mapping[str, Callable[[str], object]] = {
    "priority": say.names_priority,
    "documents": say.asks_for_documents,
    "work": say.names_work,
    "bucket": say.names_bucket,
    "aside": say.names_aside,
    "check": say.names_check,
    "about": lambda text: pattern("around", _BEGINS).search(text),
    "around": lambda text: pattern("around", _ENDS).search(text),
}
# Lines that may be below an opening.
_LINES: Mapping[str, Callable[[Line], object]] = {
    "boxes": lambda line: line.bullet and line.mark and line.mark.marker is not None,
    "numbers": lambda line: line.bullet and line.text.lstrip()[:1].isdigit(),
    "bullets": lambda line: line.bullet,
    "headings": lambda line: line.heading,
    "lines": lambda line: line.text.strip(),
}
_SHORT, _MUCH, _EARLY, _LATE, _SMALL = 2, 8, 0.15, 0.75, 12


def weigh(text: PlanText, headings: Headings, series: Sequence[Series]) -> list[float]:
    """Return how likely each series is one of items, as the logarithm of the odds.

    What is written alike counts in part for all that is: the same work is not read in one place and left in another.
    """
    sight = Sight(text, headings, series)
    odds = [_sum_up(sight.describe(each)) for each in series]
    alike = grouped((each.alike, place) for place, each in enumerate(series))
    for places in alike.values():
        sizes = [math.sqrt(len(series[place].openings)) for place in places]
        mean = math.fsum(odds[place] * size for place, size in zip(places, sizes, strict=True)) / math.fsum(sizes)
        for place in places:
            odds[place] += _EVEN * (mean - odds[place])
    return odds


@lru_cache(maxsize=1)
def read_weights() -> dict[tuple[str, ...], float]:
    """Return the weights by the names of what is seen; several, which "&" joins in the file, count where all are."""
    weights: dict[str, float] = tomllib.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"]
    return {tuple(names.split(" & ")): weight for names, weight in weights.items()}


def _sum_up(seen: Mapping[str, float]) -> float:
    weights = read_weights().items()
    return math.fsum(weight * math.prod(seen.get(name, 0.0) for name in names) for names, weight in weights)


class Sight:
    """What is seen of the series of a plan."""

    def __init__(self, text: PlanText, headings: Headings, series: Sequence[Series]) -> None:
        self._text, self._headings, self._series = text, headings, series
        self._sums = {key: [0, *accumulate(bool(says(line)) for line in text.lines)] for key, says in _LINES.items()}
        self._tables = sorted(block.start for _, block in text.tables)
        self._code = sorted(block.start for block in text.document.blocks if block.kind == "code")
        self._alike = Counter(each.alike for each in series)
        self._sizes = Counter[str]()
        self._homes: dict[int, list[Series]] = defaultdict(list)
        for each in series:
            self._sizes[each.kind] += len(each.openings)
            if each.kind != "headings":
                self._homes[each.openings[0].section.index].append(each)
        self._told = sum(bool(o.told) for o in chain.from_iterable(each.openings for each in series))
        self._siblings = grouped(((s.parent, s.level), s.index) for s in text.document.sections)

    def describe(self, series: Series) -> dict[str, float]:
        """Return what is seen of a series, by name."""
        openings = series.openings[:: max(1, len(series.openings) // _SEEN)]
        seen = {
            "always": 1.0,
            series.kind: 1.0,
            **self._describe_lines(series, openings),
            **self._describe_below(openings),
            **self._describe_above(series),
            **self._describe_plan(series),
            **series.facts,
        }
        return {name: float(value) for name, value in seen.items() if value}

    def _describe_lines(self, series: Series, openings: Sequence[Opening]) -> dict[str, float]:
        heading, listed = series.kind == "headings", series.kind == "lists"
        marks = [o.line.mark if listed else o.line.any_mark for o in openings]
        contents = [" ".join(o.line.content.split()) for o in openings]
        said = [_even(o.section.title if heading else o.said or o.title) for o in openings]
        verbs, unit = pattern("verbs", r"^(?:{})\b"), series.form.removesuffix(" box").rpartition(" ")[0]
        box, number = share(m and m.marker is not None for m in marks), share(o.first for o in openings)
        code = share(o.code for o in openings)
        return {
            **{name: share(map(says, contents)) for name, says in _TEXTS.items()},
            **{f"is {name}": share(map(says, said)) for name, says in _NAMES.items()},
            "outer list": listed and not series.level,
            "second list": listed and series.level == 1,
            "inner list": listed and series.level > 0,
            "box": box,
            "sign": share(m and m.marker is None for m in marks),
            "done": share(m and m.done for m in marks),
            "number": number,
            "code": code,
            "code of letters": share(re.search("[A-Z]", o.code) for o in openings),
            "plain": listed and not (box or number or code),
            "known unit": unit in read_words().lists["units"],
            "task": share(say.names_task(each) for each in said),
            "verb": share(verbs.match(each) for each in said),
            "lower case": share(each[:1].islower() for each in said),
            "told": share(o.told for o in openings),
            "field on the line": share(any(f.key and f.line == o.line.number for f in o.fields) for o in openings),
            "labels below": share(any(f.label and f.line > o.line.number for f in o.fields) for o in openings),
            "short": share(len(o.title.split()) <= _SHORT for o in openings),
            "single": len(series.openings) == 1,
            "size": math.log(len(series.openings)),
        }

    def _describe_below(self, openings: Sequence[Opening]) -> dict[str, float]:
        below = {name: [self._count(sums, o) for o in openings] for name, sums in self._sums.items()}
        return {
            **{f"{name} below": share(counts) for name, counts in below.items()},
            "much below": share(count > _MUCH for count in below["lines"]),
            "tables below": share(_has(self._tables, o) for o in openings),
            "code below": share(_has(self._code, o) for o in openings),
        }

    def _count(self, sums: Sequence[int], opening: Opening) -> int:
        first, last = opening.line.number, bisect_left(self._text.lines, opening.scope_end, key=lambda line: line.start)
        return sums[max(first, last)] - sums[first]

    def _describe_above(self, series: Series) -> dict[str, float]:
        section, heading, label = series.openings[0].section, series.kind == "headings", series.label
        named = self._text.named(section)
        named = named[1:] if heading and section.title != self._text.document.title else named
        near, *rest = map(_even, [label, *named] if label else named or [""])
        home = section.parent if heading else section.index
        number = None if home is None else self._headings.numbers[home]
        known = field_key(label)
        return {
            **{f"under {name}": bool(says(near)) for name, says in _NAMES.items()},
            **{f"below {name}": any(map(says, rest)) for name, says in _NAMES.items()},
            "under number": number is not None,
            "under unit": bool(number and number.unit),
            "under told": home is not None and bool(self._headings.keys[home]),
            "under nothing": not named,
            "role of an aside": series.role == "aside",
            "role of metrics": series.role == "metrics",
            "other role": series.role not in ("", "aside", "metrics"),
            "label of actions": known == "actions",
            "label of a field": known not in ("", "actions") and not say.names_status(label),
            "heading of actions": bool(named) and field_key(named[0]) == "actions",
        }

    def _describe_plan(self, series: Series) -> dict[str, float]:
        text, section, size = self._text, series.openings[0].section, len(series.openings)
        boxes, all_boxes = size * (" box" in series.form), self._sums["boxes"][-1]
        beside = [each for each in self._homes[section.index] if each is not series]
        siblings = () if series.kind == "headings" else self._siblings[section.parent, section.level]
        like = [any(each.alike == series.alike for each in self._homes[index]) for index in siblings[:_SEEN]]
        place, told = series.openings[0].line.number / len(text.lines), sum(bool(o.told) for o in series.openings)
        return {
            "plan": text.is_plan,
            "no boxes in the plan": not all_boxes,
            "share of boxes": boxes / all_boxes if all_boxes else 0,
            "share of told": told / self._told if self._told else 0,
            "others are told": self._told > told,
            "share of its kind": size / self._sizes[series.kind],
            "share of all": size / self._sizes.total(),
            "most alike": self._alike[series.alike] == max(self._alike.values()),
            "alike share": self._alike[series.alike] / len(self._series),
            "alike beside": share(like),
            "told beside": not told and any(o.told for o in chain.from_iterable(each.openings for each in beside)),
            "early": place < _EARLY,
            "late": place > _LATE,
            "small plan": self._sizes.total() < _SMALL,
        }


def _even(text: str) -> str:
    # Of a long row of blanks each would be looked at again and again.
    return " ".join(plain_text(text).split())


def _has(starts: Sequence[int], opening: Opening) -> bool:
    """Say whether a block begins below an opening."""
    place = bisect_left(starts, opening.line.start + 1)
    return place < len(starts) and starts[place] < opening.scope_end
