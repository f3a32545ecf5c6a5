"""Three-way merge: nothing of either side is lost, and nothing is guessed."""

from __future__ import annotations

import os
import random

import pytest

from procauthor.authoring.update.edit import edit
from procauthor.authoring.update.operation import OperationError
from procauthor.markdown.document import Replacement, replace_spans
from procauthor.markdown.merge import merge
from tests.authoring.update.documents import LINKS, document, operation, outline_of
from tests.conftest import REVIEW

ROUNDS = int(os.environ.get("PROCAUTHOR_RANDOM_UPDATES", "120"))
BASE = REVIEW.encode()


def change(raw: bytes, old: str, new: str) -> bytes:
    assert raw.count(old.encode()) == 1
    return raw.replace(old.encode(), new.encode())


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"])
def test_changes_of_two_sections_are_both_taken(newline: bytes) -> None:
    base = BASE.replace(b"\n", newline)
    ours = change(base, "Two options were", "Three options were")
    theirs = change(base, "phase: 1", "phase: 2")
    found = merge(base, ours, theirs)
    assert found.clashes == ()
    assert found.raw == change(ours, "phase: 1", "phase: 2")
    assert (found.ours, found.theirs) == (("7. Validation & Acceptance Criteria",), ("the head of the document",))


def test_changes_of_two_items_of_one_list_are_both_taken() -> None:
    ours = change(BASE, "Two options were compared.", "Three were.")
    theirs = change(BASE, "The board has accepted the record.", "It is accepted.")
    assert merge(BASE, ours, theirs).raw == change(ours, "The board has accepted the record.", "It is accepted.")


def test_one_side_may_add_a_section_while_the_other_changes_one() -> None:
    ours = change(BASE, "Two options were compared.", "Three were.")
    theirs = BASE.replace(b"## 7.", b"## Notes\n\nwords\n\n## 7.")
    found = merge(BASE, ours, theirs)
    assert found.clashes == ()
    assert found.raw == change(theirs, "Two options were compared.", "Three were.")


def test_the_same_change_on_both_sides_is_taken_once() -> None:
    both = change(BASE, "Two options were", "Three options were")
    assert merge(BASE, both, both).raw == both


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("Two options", "Three options"), ("Two options", "Four options")),
        (("- Two options were compared.\n", ""), ("Two options", "Four options")),
        (("- Two options", "- New.\n- Two options"), ("- Two options", "- Other.\n- Two options")),
        (("status: Defined", "status: In progress"), ("status: Defined", "status: Deprecated")),
    ],
)
def test_a_conflict_holds_the_bytes_of_both(ours: tuple[str, str], theirs: tuple[str, str]) -> None:
    mine, yours = change(BASE, *ours), change(BASE, *theirs)
    found = merge(BASE, mine, yours)
    (clash,) = found.clashes
    assert clash.base in BASE
    assert clash.ours in mine
    assert clash.theirs in yours
    assert clash.ours != clash.theirs


def test_random_edits_merge_without_losing_a_byte() -> None:
    merged = clashed = 0
    for seed in range(ROUNDS):
        r = random.Random(f"merge {seed}")
        base = document(r)
        ours, theirs = edited(r, base), edited(r, base)
        if ours is None or theirs is None:
            continue
        found, turned = merge(base, ours[0], theirs[0]), merge(base, theirs[0], ours[0])
        assert bool(found.clashes) == bool(turned.clashes), seed
        if found.clashes:
            clashed += 1
            # Outside of the clashes each side is whole: put into the gaps, its bytes give it back.
            assert all(c.ours in ours[0] and c.theirs in theirs[0] for c in found.clashes), seed
        else:
            merged += 1
            assert found.raw == turned.raw, seed
            wanted, apart = both(base, ours[1], theirs[1])
            # Where neighbours go, either may take the blank line between them.
            assert found.raw == wanted if apart else found.raw.split() == wanted.split(), seed
    assert merged > ROUNDS / 3
    assert merged + clashed > ROUNDS / 2


def edited(r: random.Random, raw: bytes) -> tuple[bytes, tuple[Replacement, ...]] | None:
    outline = outline_of(raw)
    try:
        found = edit(outline, [operation(r, outline)], LINKS)
    except OperationError:
        return None
    return found.raw, found.replacements


def both(base: bytes, ours: tuple[Replacement, ...], theirs: tuple[Replacement, ...]) -> tuple[bytes, bool]:
    """Both edits made at once, and whether they stand apart: deletions of neighbours share a blank line."""
    every = sorted([*ours, *(each for each in theirs if each not in ours)], key=lambda e: (e.start, e.end))
    joined: list[Replacement] = []
    for each in every:
        if joined and each.start < joined[-1].end:
            assert not each.text
            assert not joined[-1].text
            joined[-1] = Replacement(joined[-1].start, max(joined[-1].end, each.end), "")
        else:
            joined.append(each)
    return replace_spans(base, joined), len(joined) == len(every)
