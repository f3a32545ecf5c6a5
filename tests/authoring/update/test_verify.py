"""The proof of an edit believes nobody: neither the author nor the editor."""

from __future__ import annotations

import pytest

from procauthor.authoring.update.operation import Operation, OperationError
from procauthor.authoring.update.verify import verify
from procauthor.markdown.document import Replacement, replace_spans
from tests.authoring.update.documents import outline_of
from tests.conftest import REVIEW

RAW = REVIEW.encode()
OUTLINE = outline_of(RAW)
TARGET = OUTLINE.targets["S7.items[1]"]
ONE = Operation("replace", TARGET.id, TARGET.hash, ("x",))


def prove(claims: list[Replacement], after: bytes | None = None) -> None:
    verify(OUTLINE, [ONE], claims, replace_spans(RAW, claims) if after is None else after)


def test_a_change_within_the_target_is_proved() -> None:
    prove([Replacement(TARGET.start, TARGET.end, "- other words")])


@pytest.mark.parametrize("place", [TARGET.start - 2, TARGET.end + 1, 0, len(RAW) - 1])
def test_a_claim_outside_of_the_target_is_refused(place: int) -> None:
    with pytest.raises(OperationError, match="no target of an operation"):
        prove([Replacement(place, place + 1, "x")])


def test_bytes_that_nobody_claimed_are_seen() -> None:
    claims = [Replacement(TARGET.start, TARGET.end, "- other words")]
    good = replace_spans(RAW, claims)
    for bad in (good[:-1], good + b" ", b" " + good, good.replace(b"The board", b"the board")):
        with pytest.raises(OperationError, match="would change"):
            prove(claims, bad)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```", "closed|lost"),
        ("<!-- x", "closed|lost"),
        ("- x\n\n## Mine\n", "a heading would appear"),
        ("words\n===\n", "a heading would appear|would no longer be one"),
    ],
)
def test_a_text_that_changes_the_structure_is_refused(text: str, words: str) -> None:
    with pytest.raises(OperationError, match=words):
        prove([Replacement(TARGET.start, TARGET.end, text)])


def test_a_text_that_breaks_the_metadata_is_refused() -> None:
    field = OUTLINE.targets["M.phase"]
    claims = [Replacement(field.start, field.end, " [1")]
    with pytest.raises(OperationError):
        verify(OUTLINE, [Operation("replace", field.id, field.hash, ("x",))], claims, replace_spans(RAW, claims))
