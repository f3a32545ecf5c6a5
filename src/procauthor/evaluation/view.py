"""An evaluation as the documented JSON object, and as the small record that is kept for the trend."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from procauthor.evaluation.method import method_lines
from procauthor.evaluation.value import Call, Claim, Course, Evaluation, Lifecycle, Measured, Point, Row, Share, Tally
from procauthor.library.status import question_json

SCHEMA_VERSION = 1
_DIGITS = 6


def evaluation_json(evaluation: Evaluation) -> dict[str, object]:
    """Return the evaluation as a JSON object; shares go from 0 to 1, or are null where there is nothing to count."""
    return {
        **record_json(evaluation),
        "section_completeness": _share(evaluation.sections),
        "left_out": len(evaluation.left_out),
        "documents": [_row(row) for row in (*evaluation.rows, *evaluation.others)],
        "questions": evaluation.questions,
        "open_questions": list(chain.from_iterable(map(_questions, evaluation.asking))),
        "broken": [{"path": f.path, "line": f.line, "rule": f.rule, "message": f.message} for f in evaluation.broken],
        "orchestrations": [_course(course) for course in evaluation.courses],
        "status_mismatches": [
            {"path": r.path or r.announced, "title": r.title, "declared": r.declared, "status": r.status}
            for r in evaluation.disagreeing
        ],
        "claims": [_claim(claim) for claim in evaluation.claims],
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
        "measured": _measured(evaluation.measured),
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


def _measured(measured: Measured) -> Mapping[str, object]:
    return {"date": measured.date, "revision": measured.revision, "clean": measured.clean, "at": measured.at}


def _lifecycle(each: Lifecycle) -> dict[str, object]:
    extra = {"section_completeness": ratio(each.sections), "compliance": ratio(each.compliance)}
    return {"name": each.name, **tally_json(each.tally), **extra}


def _share(share: Share) -> dict[str, object]:
    return {"filled": share.part, "required": share.whole, "ratio": ratio(share)}


def _row(row: Row) -> dict[str, object]:
    return {
        "path": row.path,
        "title": row.title,
        "lifecycle": row.lifecycle,
        "phase": row.phase,
        "kind": row.kind,
        "form": row.form or None,
        "counted": row.counted,
        "owner": row.owner,
        "followed": row.followed or None,
        "questions": len(row.questions),
        "declared_status": row.declared,
        "status": row.status,
        "text_status": row.text_status,
        "sections_required": len(row.required),
        "sections_missing": list(row.missing),
        "sections_empty": list(row.empty),
        "errors": row.errors,
        "warnings": row.warnings,
        "announced": row.announced,
    }


def _questions(row: Row) -> Iterator[dict[str, object]]:
    """Yield the open questions of a document, as ``procauthor questions --json`` gives them."""
    return (question_json(q, str(row.path), row.title, row.owner) for q in row.questions)


def _course(course: Course) -> dict[str, object]:
    return {
        "title": course.title,
        "path": course.path,
        "lifecycle": course.lifecycle,
        "calls": [_call(call) for call in course.calls],
        "gaps": [call.title for call in course.gaps],
        "critical_path": [_call(call) for call in course.critical],
        "critical_gaps": [call.title for call in course.critical if call.gap],
    }


def _call(call: Call) -> dict[str, object]:
    return {"title": call.title, "path": call.path, "status": call.status, "place": call.place}


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "path": claim.path,
        "line": claim.line,
        "text": claim.text,
        "scope": claim.scope,
        "stated": claim.stated,
        "counted": claim.counted,
        "holds": claim.holds,
        "note": claim.note,
    }


def _point(point: Point) -> dict[str, object]:
    return {
        "label": point.label,
        "date": point.date,
        "kind": point.kind,
        "revision": point.revision,
        "total": tally_json(point.total),
        "compliance": None if point.compliance is None else round(point.compliance, _DIGITS),
        "broken_references": point.broken_references,
        "lifecycles": [{"name": name, **tally_json(tally)} for name, tally in point.lifecycles],
    }
