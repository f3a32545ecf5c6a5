"""Fits the weights by which the items of a plan are found, and measures them on plans that they were not fitted to.

A folder holds plans NAME.md, each with NAME.truth: the lines on which its items begin, one a line (what follows the
number, and "#", is a remark; "---" begins another reading that is as right, of which the best counts). Where the plans
of ``evals/plans.json`` come from is said there; NAME begins with the owner, and the plans of one owner
are always held out together. ``--small`` are made-up plans that all have to be right: those that are read wrong count
more in the next of some rounds. What the file of the weights names is fitted: a new name needs a first weight there.

Usage: python benchmarks/weights.py FOLDER... [--small FOLDER] [--folds 8] [--write]
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np

from procauthor.markdown.parse import parse
from procauthor.planning.heading import Headings
from procauthor.planning.shape import find_openings, find_series, names_of
from procauthor.planning.text import PlanText
from procauthor.planning.weigh import WEIGHTS, Sight, read_weights

ROUNDS, MORE, MOST, SMALL, RIDGE = 9, 2.5, 60.0, 0.3, 2.0
HEAD = WEIGHTS.read_text(encoding="utf-8").partition("[weights]")[0]


class Example:
    def __init__(self, path: Path, weight: float) -> None:
        self.owner, self.weight, self.raw = path.stem.split("-")[0].casefold(), weight, path.read_bytes()
        said = path.with_suffix(".truth").read_text(encoding="utf-8").split("---")
        lines = [[line.split("#")[0].split() for line in each.splitlines()] for each in said]
        self.readings = [{int(words[0]) for words in each if words} for each in lines]
        text = self.text()
        headings = Headings(text)
        self.series = find_series(text, headings)
        sight = Sight(text, headings, self.series)
        self.seen = [sight.describe(each) for each in self.series]
        items = [o for s in self.series for o in s.openings if o.line.number in self.readings[0]]
        self.named = {name for opening in items for name in names_of(opening)}
        counted = [[o for o in s.openings if not self.is_neutral(o)] for s in self.series]
        self.truth = np.array([np.mean([o.line.number in self.readings[0] for o in some] or [0]) for some in counted])
        sizes = np.sqrt([float(len(some)) for some in counted])
        self.shares = sizes / max(sizes.sum(), 1) * min(1 + math.sqrt(len(counted)), 8)

    def text(self) -> PlanText:
        return PlanText(parse(self.raw))

    def is_neutral(self, opening) -> bool:
        # What only names an item again is merged with it.
        return opening.line.number not in self.readings[0] and not self.named.isdisjoint(names_of(opening))

    def found(self) -> set[int]:
        return {opening.line.number for opening in find_openings(self.text())[0]}

    def tell(self, names: list[str]) -> None:
        rows = [[math.prod(seen.get(part, 0.0) for part in name.split(" & ")) for name in names] for seen in self.seen]
        self.rows = np.array(rows).reshape(-1, len(names))
        starts = [[(o.line.start, o.scope_end) for o in each.openings] for each in self.series]
        pairs = [
            (a, b) for a in range(len(starts)) for b in range(len(starts)) if a != b and _is_over(starts[a], starts[b])
        ]
        told = [share > 0.5 for share in self.truth]
        # Of two that both hold items the inner one has to be taken first.
        self.pairs = [(b, a) if told[b] else (a, b) for a, b in pairs if told[a] or told[b]]


def _is_over(outer, inner) -> bool:
    first = inner[0][0]
    return any(start < first < end for start, end in outer)


def fit(examples: list[Example], names: list[str]) -> None:
    """Fit by a logistic regression: of each series, and of which is likelier of two that exclude each other."""
    rows = [each.rows for each in examples] + [np.array([e.rows[a] - e.rows[b] for e in examples for a, b in e.pairs])]
    truth = [each.truth for each in examples] + [np.ones(len(rows[-1]))]
    counts = [each.shares * each.weight for each in examples]
    counts.append(np.array([(e.shares[a] + e.shares[b]) / 1.5 * e.weight for e in examples for a, b in e.pairs]))
    x, y, w = np.concatenate(rows), np.concatenate(truth), np.concatenate(counts)
    ridge, weights = np.full(len(names), RIDGE), np.zeros(len(names))
    ridge[names.index("always")] = 0.01
    for _ in range(25):
        likely = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (w * (likely - y)) + ridge * weights
        step = np.linalg.solve((x.T * (w * likely * (1 - likely))) @ x + np.diag(ridge), slope)
        weights -= step
        if np.abs(step).max() < 1e-5:
            break
    kept = [f'"{name}" = {value:.2f}' for name, value in zip(names, weights, strict=True) if abs(value) >= 0.02]
    WEIGHTS.write_text("\n".join([f"{HEAD}[weights]", *kept, ""]), encoding="utf-8")
    read_weights.cache_clear()


def fit_all(plans: list[Example], small: list[Example], names: list[str]) -> None:
    for each in small:
        each.weight = SMALL
    for _ in range(ROUNDS if small else 1):
        fit([*plans, *small], names)
        for each in small:
            each.weight = min(each.weight * MORE, MOST) if each.found() != each.readings[0] else each.weight


def judge(plans: list[Example]) -> np.ndarray:
    """Return how many items there are, were found, and were found besides."""
    total = np.zeros(3)
    for each in plans:
        found = each.found()
        total += max(
            (np.array([len(t), len(found & t), len(found - t)]) for t in each.readings),
            key=lambda n: n[1] / max(1, n.sum()),
        )
    return total


def shown(n: np.ndarray) -> str:
    return f"items {100 * n[1] / n[0]:.1f} % of {n[0]:.0f}, precision {100 * n[1] / (n[1] + n[2]):.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--small", type=Path, action="append", default=[])
    parser.add_argument("--folds", type=int, default=8)
    parser.add_argument("--write", action="store_true", help="keep the weights that are fitted to all plans")
    said = parser.parse_args()
    plans, small = (
        [Example(p.with_suffix(".md"), 1.0) for f in some for p in sorted(f.glob("*.truth"))]
        for some in (said.folders, said.small)
    )
    names = [" & ".join(parts) for parts in read_weights()]
    for each in [*plans, *small]:
        each.tell(names)
    before, total = WEIGHTS.read_text(encoding="utf-8"), np.zeros(3)
    owners = sorted({each.owner for each in plans}, key=lambda owner: owner[::-1])
    try:
        for fold in range(said.folds):
            held = set(owners[fold :: said.folds])
            fit_all([each for each in plans if each.owner not in held], small, names)
            total += judge([each for each in plans if each.owner in held])
        print(f"{len(plans)} plans, each read by weights fitted to others: {shown(total)}")
        fit_all(plans, small, names)
        print(f"all, by weights fitted to all: {shown(judge(plans))}")
        print(f"small plans read wrong: {sum(each.found() != each.readings[0] for each in small)} of {len(small)}")
    finally:
        if not said.write:
            WEIGHTS.write_text(before, encoding="utf-8")


if __name__ == "__main__":
    main()
