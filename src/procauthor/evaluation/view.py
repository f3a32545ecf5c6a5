"""An evaluation as the documented JSON object, and as the small record that is kept for the trend."""

from __future__ import annotations

from procauthor.data import pick, ungrouped
from procauthor.evaluation.method import method_lines
from procauthor.evaluation.value import Call, Course, Evaluation, Lifecycle, Point, Row, Share, Tally
from procauthor.library.status import question_json

SCHEMA_VERSION = 1
_DIGITS = 6
_CLAIM = ("path", "line", "text", "scope", "stated", "counted", "holds", "note")


def evaluation_json(evaluation: Evaluation) -> dict[str, object]:
    """Return the evaluation as a JSON object; shares go from 0 to 1, or are null where there is nothing to count."""
    asked = ungrouped((row, row.questions) for row in evaluation.asking)
    return {
        **record_json(evaluation),
        "section_completeness": {
            "filled": evaluation.sections.part,
            "required": evaluation.sections.whole,
            "ratio": ratio(evaluation.sections),
        },
        "left_out": len(evaluation.left_out),
        "documents": [_row(row) for row in (*evaluation.rows, *evaluation.others)],
        "questions": evaluation.questions,
        # As ``procauthor questions --json`` gives them.
        "open_questions": [question_json(q, str(row.path), row.title, row.owner) for row, q in asked],
        "broken": [pick(finding, "path", "line", "rule", "message") for finding in evaluation.broken],
        "orchestrations": [_course(course) for course in evaluation.courses],
        "status_mismatches": [
            {"path": r.path or r.announced, "title": r.title, "declared": r.declared, "status": r.status}
            for r in evaluation.disagreeing
        ],
        "claims": [pick(claim, *_CLAIM) for claim in evaluation.claims],
        "findings": {
            "errors": evaluation.report.count("error"),
            "warnings": evaluation.report.count("warning"),
            "infos": evaluation.report.count("info"),
        },
        "unread": list(evaluation.unread),
        "trend": [_point(point) for point in evaluation.trend],
        "method": list(method_lines(evaluation)),
        "notes": list(evaluation.notes),
    }


def record_json(evaluation: Evaluation) -> dict[str, object]:
    """Return what a later trend needs: a few hundred bytes a lifecycle."""
    return {
        "schema_version": SCHEMA_VERSION,
        "measured": pick(evaluation.measured, "date", "revision", "clean", "at"),
        "lifecycles": [_lifecycle(each) for each in evaluation.lifecycles],
        "total": tally_json(evaluation.total),
        "compliance": ratio(evaluation.compliance),
        "broken_references": evaluation.broken_references,
    }


def ratio(share: Share) -> float | None:
    """Return a share as JSON shows it."""
    return None if share.ratio is None else round(share.ratio, _DIGITS)


def tally_json(tally: Tally) -> dict[str, object]:
    """Return the counts of a tally."""
    counts: dict[str, object] = {status.replace(" ", "_"): count for status, count in tally.states}
    return {"total": tally.total, **counts, "completion": ratio(tally.completion)}


def _lifecycle(each: Lifecycle) -> dict[str, object]:
    extra = {"section_completeness": ratio(each.sections), "compliance": ratio(each.compliance)}
    return {"name": each.name, **tally_json(each.tally), **extra}


def _row(row: Row) -> dict[str, object]:
    return {
        **pick(row, "path", "title", "lifecycle", "phase", "kind"),
        "form": row.form or None,
        **pick(row, "counted", "owner"),
        "followed": row.followed or None,
        "questions": len(row.questions),
        "declared_status": row.declared,
        **pick(row, "status", "text_status"),
        "sections_required": len(row.required),
        "sections_missing": list(row.missing),
        "sections_empty": list(row.empty),
        **pick(row, "errors", "warnings", "announced"),
    }


def _course(course: Course) -> dict[str, object]:
    return {
        **pick(course, "title", "path", "lifecycle"),
        "calls": [_call(call) for call in course.calls],
        "gaps": [call.title for call in course.gaps],
        "critical_path": [_call(call) for call in course.critical],
        "critical_gaps": [call.title for call in course.critical if call.gap],
    }


def _call(call: Call) -> dict[str, object]:
    return pick(call, "title", "path", "status", "place")


def _point(point: Point) -> dict[str, object]:
    return {
        **pick(point, "label", "date", "kind", "revision"),
        "total": tally_json(point.total),
        "compliance": None if point.compliance is None else round(point.compliance, _DIGITS),
        "broken_references": point.broken_references,
        "lifecycles": [{"name": name, **tally_json(tally)} for name, tally in point.lifecycles],
    }
