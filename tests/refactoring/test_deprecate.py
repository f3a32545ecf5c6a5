"""Documents out of use."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import LibraryError
from tests.conftest import snapshot


def deprecate(root: Path, reference: str, by: str = "") -> None:
    project = Project.open(root)
    project.apply(project.refactor.deprecate(reference, by))


def put(root: Path, path: str, text: str) -> None:
    (root / path).write_bytes(text.encode())


def test_a_tombstone_stands_and_references_lead_to_the_replacement(root: Path) -> None:
    put(
        root,
        "feature/new.md",
        "# New Check Procedure\n\n## Steps\n\nIt replaces the [Threat Check Procedure](threat-check.md).\n",
    )
    put(
        root,
        "guide.md",
        "# Guide\n\n[a](feature/threat-check.md#1-purpose) [Threat Check Procedure](feature/threat-check.md)\n",
    )
    Project.open(root).apply(Project.open(root).sync())
    before = snapshot(root)
    deprecate(root, "threat-check", "feature/new.md")
    after = snapshot(root)
    old = before["feature/threat-check.md"].decode()
    assert after["feature/threat-check.md"].decode() == old.replace(
        "status: Placeholder", "status: Deprecated"
    ).replace("Procedure\n---\n", 'Procedure\nsuperseded_by: "New Check Procedure"\n---\n').replace(
        "# Threat Check Procedure\n",
        "# Threat Check Procedure\n\n> **Deprecated.** Use [New Check Procedure](new.md) instead.\n",
    )
    assert after["guide.md"] == b"# Guide\n\n[a](feature/new.md) [New Check Procedure](feature/new.md)\n"
    assert b"used by [New Check Procedure](new.md)" in after["feature/design-review.md"]
    assert after["feature/new.md"] == before["feature/new.md"]
    assert b"| [Threat Check Procedure](feature/threat-check.md) | 1 | Deprecated |" in after["index.md"]
    findings = Project.open(root).check(select=["reference-to-deprecated", "broken-link", "broken-anchor"]).findings
    assert {f.rule for f in findings} <= {"nothing-matched"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeff# Page\r\n\r\nText.\r\n", "\ufeff---\r\nstatus: Deprecated\r\n---\r\n\r\n# Page\r\n\r\n> **Deprecated.** Nothing replaces it.\r\n\r\nText.\r\n"),
        ("# Page", "---\nstatus: Deprecated\n---\n\n# Page\n\n> **Deprecated.** Nothing replaces it.\n"),
        ("Text.\n", "---\nstatus: Deprecated\n---\n\n> **Deprecated.** Nothing replaces it.\n\nText.\n"),
        ("---\nid: x\n---\n# Page\n", "---\nid: x\nstatus: Deprecated\n---\n# Page\n\n> **Deprecated.** Nothing replaces it.\n"),
        ("# Page\n\n- **Status:** Defined\n- **Owner:** me\n", "# Page\n\n> **Deprecated.** Nothing replaces it.\n\n- **Status:** Deprecated\n- **Owner:** me\n"),
    ],
)  # fmt: skip
def test_the_status_is_written_in_the_manner_of_the_document(root: Path, text: str, expected: str) -> None:
    put(root, "feature/page.md", text)
    deprecate(root, "feature/page.md")
    assert (root / "feature/page.md").read_bytes().decode() == expected
    assert Project.open(root).library().by_path["feature/page.md"].status == "deprecated"


def test_bold_fields_name_the_replacement_below(root: Path) -> None:
    put(root, "feature/page.md", "# Page\n\n**Status:** Defined  \n**Owner:** me  \n")
    deprecate(root, "feature/page.md", "design-review")
    assert (root / "feature/page.md").read_text() == (
        "# Page\n\n> **Deprecated.** Use [Design Review Procedure](design-review.md) instead.\n\n"
        "**Status:** Deprecated  \n**Superseded by:** [Design Review Procedure](design-review.md)  \n**Owner:** me  \n"
    )


def test_what_makes_no_sense_is_refused(root: Path) -> None:
    deprecate(root, "threat-check")
    before = snapshot(root)
    for reference, by, words in (
        ("threat-check", "design-review", "deprecated already"),
        ("design-review", "threat-check", "deprecated too"),
        ("design-review", "Design Review", "the document itself"),
        ("index.md", "", "no document that can be deprecated"),
    ):
        with pytest.raises(LibraryError, match=words):
            deprecate(root, reference, by)
    assert snapshot(root) == before
