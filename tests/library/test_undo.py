"""A change is taken back without what came later, and without what may be deleted."""

from pathlib import Path

import pytest

from procauthor.errors import ConflictError
from procauthor.library.change import Change, Edit
from procauthor.library.history import redo, undo
from procauthor.library.transaction import apply

PAGE = b"# A\n\n## One\n\nFirst.\n\n## Two\n\nSecond.\n\n## Three\n\nThird.\n"
ENTRY = b'{\n "schema_version": 1,\n "sections": [\n%s\n ]\n}\n'


def origins(*pairs: tuple[str, str]) -> bytes:
    lines = [f'  {{"section": "{key}", "hash": "{word}", "by": "x", "on": "2026-01-01"}}' for key, word in pairs]
    return ENTRY % ",\n".join(lines).encode()


def write(root: Path, old: bytes, new: bytes, before: bytes | None, after: bytes) -> None:
    raw = (root / "a.md").read_bytes()
    edits = (Edit("a.md", raw, raw.replace(old, new)), Edit("provenance/a.md.json", before, after))
    apply(root, root / ".procauthor", Change(edits, new.decode()))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A library with two updates at different places, and what is known of who wrote them."""
    (tmp_path / "a.md").write_bytes(PAGE)
    one, both = origins(("one", "1")), origins(("one", "1"), ("two", "2"))
    write(tmp_path, b"First.", b"First, better.", None, one)
    write(tmp_path, b"Second.", b"Second, better.", one, both)
    return tmp_path


@pytest.mark.parametrize("gone", ["", "provenance/a.md.json", "damaged"])
@pytest.mark.parametrize("number", [1, 2])
def test_one_of_two_updates_is_taken_back_whatever_became_of_provenance(root: Path, number: int, gone: str) -> None:
    sidecar = root / "provenance/a.md.json"
    if gone == "damaged":
        sidecar.write_bytes(b"{")
    elif gone:
        sidecar.unlink()
    entry, _ = undo(root, root / ".procauthor", number)
    left = {1: PAGE.replace(b"Second.", b"Second, better."), 2: PAGE.replace(b"First.", b"First, better.")}
    assert (root / "a.md").read_bytes() == left[number]
    assert entry.number == number
    redo(root, root / ".procauthor", number)
    assert b"First, better." in (root / "a.md").read_bytes()
    assert b"Second, better." in (root / "a.md").read_bytes()


def test_provenance_is_merged_by_section(root: Path) -> None:
    one, both = origins(("one", "1"), ("two", "2")), origins(("one", "3"), ("two", "2"))
    write(root, b"First, better.", b"First, best.", one, both)
    undo(root, root / ".procauthor", 2)
    assert (root / "provenance/a.md.json").read_bytes() == origins(("one", "3"))


def test_an_edit_by_hand_at_another_place_stays(root: Path) -> None:
    page = root / "a.md"
    page.write_bytes(page.read_bytes().replace(b"Third.", b"Third, by hand."))
    undo(root, root / ".procauthor")
    undo(root, root / ".procauthor")
    assert page.read_bytes() == PAGE.replace(b"Third.", b"Third, by hand.")


def test_an_edit_by_hand_at_the_same_place_is_refused_with_its_line(root: Path) -> None:
    page = root / "a.md"
    page.write_bytes(page.read_bytes().replace(b"Second, better.", b"Second, by hand."))
    before = page.read_bytes()
    with pytest.raises(ConflictError, match=r"^a\.md:9 changed since"):
        undo(root, root / ".procauthor")
    assert page.read_bytes() == before
    undo(root, root / ".procauthor", 1)
    assert page.read_bytes() == before.replace(b"First, better.", b"First.")
