"""Earlier evaluations, kept as small JSON files in the library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from procauthor.evaluation.value import STATUSES, Evaluation, Point, PointKind, Tally
from procauthor.evaluation.view import record_json
from procauthor.library.change import Change, Edit
from procauthor.library.library import EVALUATIONS
from procauthor.system import read_regular

_MAX_BYTES = 1024 * 1024


def point_of(evaluation: Evaluation, label: str, kind: PointKind) -> Point:
    """Return an evaluation as one point of a trend."""
    return Point(
        label=label,
        date=evaluation.measured.date,
        kind=kind,
        total=evaluation.total,
        compliance=evaluation.compliance.ratio,
        broken_references=evaluation.broken_references,
        lifecycles=tuple((each.name, each.tally) for each in evaluation.lifecycles),
        revision=evaluation.measured.revision,
    )


def save(root: Path, evaluation: Evaluation) -> Change:
    """Return the change that keeps an evaluation; a second one on the same day takes the place of the first."""
    path = f"{EVALUATIONS}/{evaluation.measured.date}.json"
    text = json.dumps(record_json(evaluation), ensure_ascii=False, indent=1) + "\n"
    try:
        before: bytes | None = read_regular(root / path)
    except FileNotFoundError:
        before = None
    after = text.encode()
    return Change(
        () if before == after else (Edit(path, before, after),), f"save the evaluation of {evaluation.measured.date}"
    )


def read_saved(root: Path) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    """Return the kept evaluations by date, and a note for every file that is none or contradicts itself."""
    points: list[Point] = []
    notes: list[str] = []
    for file in sorted((root / EVALUATIONS).glob("*.json")):
        try:
            points.append(_read(file))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            reason = error.args[0] if isinstance(error, ContradictionError) else "it is no saved evaluation"
            notes.append(f"{EVALUATIONS}/{file.name} is left out of the trend: {reason}")
    return tuple(sorted(points, key=lambda point: (point.date, point.label))), tuple(notes)


class ContradictionError(ValueError):
    """A saved evaluation whose numbers do not sum."""


def _read(file: Path) -> Point:
    if file.is_symlink() or file.stat().st_size > _MAX_BYTES:
        message = "it is a link, or too large"
        raise ContradictionError(message)
    data = json.loads(read_regular(file))
    lifecycles = tuple((str(each["name"]), read_tally(each)) for each in data["lifecycles"])
    total = read_tally(data["total"])
    if total.total != sum(tally.total for _, tally in lifecycles):
        message = "its lifecycles do not sum to its total"
        raise ContradictionError(message)
    compliance = data["compliance"]
    return Point(
        label=file.stem,
        date=str(data["measured"]["date"]),
        kind="saved",
        total=total,
        compliance=None if compliance is None else float(compliance),
        broken_references=int(data["broken_references"]),
        lifecycles=lifecycles,
        revision=str(data["measured"]["revision"]),
    )


def read_tally(data: Mapping[str, Any]) -> Tally:
    """Read counts as `tally_json` writes them.

    Raises:
        ContradictionError: They do not sum to their total.
    """
    states = tuple((status, int(data.get(status.replace(" ", "_"), 0))) for status in STATUSES)
    tally = Tally(int(data["total"]), states)
    if tally.total != sum(count for _, count in states) or any(count < 0 for _, count in states):
        message = "its states do not sum to its total"
        raise ContradictionError(message)
    return tally
