"""Measure drafting: the same wishes to any author, scored without a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.dataset import Dataset, Outcome
from evals.drafted import EVALUATORS, is_clean
from evals.figure import Figure, estimate
from evals.replay import Replay
from evals.report import figure_json, hash_files, table
from evals.workshop import CASES, LIBRARY, Bounds, Drafted, Wish, Workshop, read_cases
from procauthor.naming import title_key

_SHARES = ("drafted", "clean", "grounded", "rests", "kept", "fulfilled")
Outcomes = list[Outcome[Drafted]]


@dataclass(frozen=True)
class Setup:
    """Who drafts, and from what.

    ``settings`` are tables of settings beside those of the library, ``prompts`` a folder of prompts that come first.
    ``recorded`` is a folder of completions; with ``upstream``, what is not in it is asked for and kept there.
    """

    author: str = "offline"
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    prompts: Path | None = None
    recorded: Path | None = None
    upstream: str = ""


def measure_drafting(setup: Setup, part: str = "", keep: Path | None = None) -> dict[str, Any]:
    """Return what an author scores on the cases, as data.

    Args:
        setup: Who drafts, and from what.
        part: Take only cases whose name holds these words, such as ``create``.
        keep: A folder that the drafts are written to, for a judge or a person.
    """
    every = read_cases()
    dataset: Dataset[Wish, Bounds] = Dataset(every.name, tuple(case for case in every.cases if part in case.name))
    with _serve(setup) as (settings, replay), Workshop.open(setup.author, settings, setup.prompts) as workshop:
        outcomes = dataset.evaluate(workshop.draft, EVALUATORS)
    if keep:
        _keep(outcomes, keep)
    return {
        "author": setup.author,
        "cases": len(outcomes),
        "cases_sha256": hash_files([CASES, LIBRARY]),
        "own_prompts_sha256": hash_files(sorted(setup.prompts.rglob("*.j2"))) if setup.prompts else "",
        "replayed": {"found": replay.found, "missed": replay.missed} if replay else None,
        "parts": {name: _summarise(chosen) for name, chosen in _parts(outcomes) if chosen},
        "results": [_row(outcome) for outcome in outcomes],
    }


def show_drafting(result: Mapping[str, Any]) -> str:
    """Return the result as Markdown: the shares, the counts a draft, and each case that is not clean."""
    lines = [f"{result['cases']} cases, author `{result['author']}`.", ""]
    parts = result["parts"]
    names = sorted({name for part in parts.values() for name in part}, key=_order)
    rows = [[name, *(_cell(part.get(name)) for part in parts.values())] for name in names]
    lines += [table(["score, mean of the cases", *parts], rows), ""]
    lines += [f"- **{row['case']}**: {_complaint(row)}" for row in result["results"] if not row["scores"]["clean"]]
    return "\n".join(lines) + "\n"


@contextmanager
def _serve(setup: Setup) -> Iterator[tuple[Mapping[str, Mapping[str, object]], Replay | None]]:
    if setup.recorded is None:
        yield setup.settings, None
        return
    with Replay(setup.recorded, setup.upstream) as replay:
        authoring = {**setup.settings.get("authoring", {}), "base_url": replay.url, "retries": 0}
        yield {**setup.settings, "authoring": authoring}, replay


def _parts(outcomes: Outcomes) -> Iterator[tuple[str, Outcomes]]:
    for name in ("create", "update"):
        yield name, [one for one in outcomes if one.case.startswith(name)]


def _summarise(outcomes: Outcomes) -> dict[str, dict[str, float]]:
    scores = [{**one.scores, "clean": float(is_clean(one.scores))} for one in outcomes]
    names = dict.fromkeys(name for one in scores for name in one if name != "seconds")
    return {name: figure_json(estimate([one[name] for one in scores if name in one])) for name in names}


def _row(outcome: Outcome[Drafted]) -> dict[str, Any]:
    scores = {name: round(value, 4) for name, value in outcome.scores.items() if name != "seconds"}
    draft = outcome.output.draft
    rules = sorted({f"{f['rule']}: {f['message']}" for f in draft.findings}) if draft else []
    scores["clean"] = float(is_clean(scores))
    return {"case": outcome.case, "scores": scores, "error": outcome.output.error, "findings": rules}


def _complaint(row: Mapping[str, Any]) -> str:
    if row["error"]:
        return str(row["error"])
    wrong = [f"{name} {value:g}" for name, value in row["scores"].items() if _is_bad(name, value)]
    return "; ".join([*wrong, *row["findings"][:1]])


def _is_bad(name: str, value: float) -> bool:
    if name in ("kept", "fulfilled"):
        return value < 1
    return name in ("errors", "breaks", "bad_references", "gaps", "invented", "unflagged") and value > 0


def _order(name: str) -> tuple[int, str]:
    return (_SHARES.index(name), "") if name in _SHARES else (len(_SHARES), name)


def _cell(figure: Mapping[str, float] | None) -> str:
    return str(Figure(figure["mean"], figure["low"], figure["high"])) if figure else ""


def _keep(outcomes: Outcomes, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        if outcome.output.draft:
            name = "-".join(title_key(outcome.case).split())[:80].replace("/", "-")
            (folder / f"{name}.md").write_text(outcome.output.draft.text, encoding="utf-8")
