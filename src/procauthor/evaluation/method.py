"""How each number was made. It is part of every report, so that a reader can count again."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.evaluation.value import Evaluation, Share
from procauthor.naming import amount


def method_lines(evaluation: Evaluation) -> Iterator[str]:
    """Yield a sentence for each number, with its denominator."""
    documents = sum(row.path is not None for row in evaluation.rows)
    announced = len(evaluation.rows) - documents
    done = evaluation.total.completion
    yield (
        f"Total: {len(evaluation.rows)} = {amount(documents, 'document')} of procedures and orchestrations "
        f"+ {amount(announced, 'title')} without a document in the index, a README or an orchestration. "
        "Each has exactly one row."
    )
    yield (
        "Status: computed from the text. Placeholder: the document says so, or fewer than a quarter of its required "
        "sections hold text. In progress: a required section is missing, empty or thin, a question or a proposal is "
        "open, words are to be replaced, or the check has a finding of severity error in it. Defined: none of these."
    )
    yield (
        f"Completion: {_of(done)} = defined and approved, of all but alias and deprecated. Missing ones are in the "
        "denominator."
    )
    yield (
        f"Template compliance: {_of(evaluation.compliance)} = documents that hold every section their template "
        "requires, of the written ones (in progress, defined, approved) that have a template."
    )
    yield (
        f"Section completeness: {_of(evaluation.sections)} = required sections that hold text, of all required ones. "
        "A missing procedure lacks as many as most procedures must have; alias and deprecated are left out."
    )
    yield (
        f"Broken references: {amount(evaluation.broken_references, 'finding')} of the rules broken-link, "
        "broken-anchor, unknown-procedure and index-dead-entry."
    )
    yield (
        f"Open questions: {evaluation.questions} = those under open_questions, marks in the text, and proposals, in "
        "all documents, counted or not."
    )
    yield (
        "Critical path: the chain of calls of an orchestration, each needing the one before it, that holds the most "
        "unfinished procedures; of several such chains the longest."
    )
    if evaluation.silenced:
        yield f"Switched off in the settings, and so not counted: {', '.join(evaluation.silenced)}."
    if evaluation.unread:
        yield f"Not counted, because they cannot be read: {', '.join(evaluation.unread)}."


def _of(share: Share) -> str:
    return f"{share.part} of {share.whole}" if share.whole else "nothing to count"


def percent(value: float | None) -> str:
    """Return a share in percent with one decimal; it says 100 % only where nothing lacks, and 0 % only for nothing."""
    if value is None:
        return "-"
    shown = round(value * 100, 1)
    if shown >= 100 and value < 1:  # noqa: PLR2004 - percent
        shown = 99.9
    elif shown <= 0 < value:
        shown = 0.1
    return f"{shown:g}%"
