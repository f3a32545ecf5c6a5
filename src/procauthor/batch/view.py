"""A batch as the documented JSON objects."""

from __future__ import annotations

from typing import Any

from procauthor.batch.batching import Outlook
from procauthor.batch.record import BatchReport, LeftOut, Written
from procauthor.data import pick
from procauthor.evaluation.view import tally_json


def batch_json(report: BatchReport) -> dict[str, Any]:
    """Return what came of a batch as a JSON object."""
    return {
        **pick(report, "batch", "outcome", "halted", "author"),
        "items": [_item(written) for written in report.items],
        "left_out": _left_out(report.left_out),
        "usage": report.usage.as_json(),
        "max_tokens": report.max_tokens,
        "seconds": round(report.seconds, 3),
        "evaluation": {
            "before": tally_json(report.before),
            "after": tally_json(report.after),
            "once_accepted": tally_json(report.once_accepted),
        },
    }


def _item(written: Written) -> dict[str, Any]:
    item = written.item
    return {
        **pick(item, "number", "title", "state", "outcome", "path"),
        **pick(written, "run", "draft"),
        "usage": written.usage.as_json(),
        "seconds": round(item.seconds, 3),
        "reason": item.reason,
    }


def _left_out(left: tuple[LeftOut, ...]) -> list[dict[str, Any]]:
    return [pick(each, "number", "title", "reason") for each in left]


def outlook_json(outlook: Outlook) -> dict[str, Any]:
    """Return what a batch would do as a JSON object."""
    schedule = outlook.schedule
    return {
        "author": outlook.author,
        "items": [
            {
                **pick(task, "number", "title", "needs", "after"),
                "bound": outlook.bounds[task.number].as_json() if task.number in outlook.bounds else None,
            }
            for task in schedule.tasks
        ],
        "order": [task.number for task in schedule.tasks],
        "waves": [list(wave) for wave in schedule.waves],
        "critical_path": list(schedule.critical_path),
        "left_out": _left_out(outlook.left_out),
        "bound": {
            "calls": sum(bound.calls for bound in outlook.bounds.values()),
            "tokens": sum(bound.plain for bound in outlook.bounds.values()),
            "worst_calls": sum(bound.worst_calls for bound in outlook.bounds.values()),
            "worst_tokens": sum(bound.most for bound in outlook.bounds.values()),
            "ceiling": outlook.max_tokens,
        },
    }
