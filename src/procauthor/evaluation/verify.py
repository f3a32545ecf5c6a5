"""The invariants of an evaluation. They are counted again here, in another way than where they came from."""

from __future__ import annotations

from collections import Counter

from procauthor.errors import CountError
from procauthor.evaluation.value import Evaluation, Share
from procauthor.library.library import Library
from procauthor.naming import title_key


def verify(evaluation: Evaluation, library: Library) -> None:
    """Make sure that no number contradicts another.

    Raises:
        CountError: One does.
    """
    _require_each_once(evaluation, library)
    _require_sums(evaluation)
    _require_questions(evaluation, library)
    _require_states(evaluation)
    for share in (evaluation.compliance, evaluation.sections, *(each.sections for each in evaluation.lifecycles)):
        _require(0 <= share.part <= share.whole, f"{share.part} is no part of {share.whole}")


def _require(holds: object, message: str) -> None:
    if not holds:
        raise CountError(message, "nothing was reported; please report this as a fault of procauthor")


def _require_each_once(evaluation: Evaluation, library: Library) -> None:
    paths = Counter(row.path for row in evaluation.rows if row.path)
    wanted = Counter(procedure.path for procedure in library.counted)
    _require(paths == wanted, f"{sum(paths.values())} rows for {sum(wanted.values())} documents")
    beside = Counter(row.path for row in evaluation.others)
    _require(paths + beside == Counter(p.path for p in library.procedures), "a document has no row, or two")
    _require(not any(row.counted for row in evaluation.others), "a document beside the total is counted")
    titles = Counter((title_key(row.lifecycle), title_key(row.title)) for row in evaluation.rows if row.path is None)
    _require(all(count == 1 for count in titles.values()), "a title without a document is in two rows")
    _require(all(row.status == "missing" for row in evaluation.rows if row.path is None), "a row has no document")
    names = Counter(title_key(each.name) for each in evaluation.lifecycles)
    _require(all(count == 1 for count in names.values()), "a lifecycle appears twice")


def _require_sums(evaluation: Evaluation) -> None:
    total = evaluation.total
    _require(total.total == len(evaluation.rows), f"the total is {total.total}, the rows are {len(evaluation.rows)}")
    summed = sum(each.tally.total for each in evaluation.lifecycles)
    _require(summed == total.total, f"the lifecycles sum to {summed}, the total is {total.total}")
    for status, count in total.states:
        of_lifecycles = sum(each.tally.count(status) for each in evaluation.lifecycles)
        of_rows = sum(row.status == status for row in evaluation.rows)
        _require(count == of_lifecycles == of_rows, f"{status}: {count}, {of_lifecycles} and {of_rows}")
    parts = [each.sections for each in evaluation.lifecycles]
    sections = Share(sum(part.part for part in parts), sum(part.whole for part in parts))
    _require(sections == evaluation.sections, "the sections of the lifecycles do not sum to those of the library")


def _require_questions(evaluation: Evaluation, library: Library) -> None:
    asked = Counter({p.path: len(p.questions) for p in library.procedures if p.questions})
    of_rows = Counter({row.path: len(row.questions) for row in evaluation.asking})
    _require(asked == of_rows, "the questions of the rows are not those of the documents")
    _require(
        evaluation.questions == asked.total(), f"{evaluation.questions} questions, the documents have {asked.total()}"
    )


def _require_states(evaluation: Evaluation) -> None:
    for tally in (evaluation.total, *(each.tally for each in evaluation.lifecycles)):
        summed = sum(count for _, count in tally.states)
        _require(summed == tally.total, f"the states sum to {summed}, the total is {tally.total}")
        counts = dict(tally.states)
        counted = sum(count for status, count in counts.items() if status not in ("alias", "deprecated", "rejected"))
        right = Share(counts["defined"] + counts["approved"], counted)
        _require(tally.completion == right, "a completion is not that of its states")
