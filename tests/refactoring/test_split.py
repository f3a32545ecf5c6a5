"""Sections and steps that go into a document of their own."""

from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import AmbiguousError, ConflictError, InvalidTitleError, LibraryError, NotFoundError
from tests.conftest import snapshot

PAGE = """# Page\r
\r
[a](#part) [b](#inner) [c](#again) [d](#again-1) [e][x] [f](#mark)\r
\r
## Part\r
\r
Text with [x], [home](#page), [own](#inner), [kept](other.md) and [y].\r
\r
### Inner\r
\r
<a name="mark"></a>More.\r
\r
### Again\r
\r
[y]: other.md#y\r
\r
## Again\r
\r
End [y].\r
\r
[x]: other.md 'X'\r
"""

LEFT = """# Page\r
\r
[a](#part) [b](parted.md#inner) [c](parted.md#again) [d](#again) [e][x] [f](parted.md#mark)\r
\r
## Part\r
\r
See [Parted](parted.md).\r
\r
[y]: other.md#y\r
\r
## Again\r
\r
End [y].\r
\r
[x]: other.md 'X'\r
"""

NEW = """# Parted\r
\r
## Part\r
\r
Text with [x], [home](page.md#page), [own](#inner), [kept](other.md) and [y].\r
\r
### Inner\r
\r
<a name="mark"></a>More.\r
\r
### Again\r
\r
[y]: other.md#y\r
\r
[x]: other.md 'X'\r
"""


@pytest.fixture
def pages(root: Path) -> Path:
    (root / "procauthor.toml").write_text("")
    (root / "pages").mkdir()
    (root / "pages/page.md").write_bytes(PAGE.encode())
    (root / "pages/other.md").write_text("# Other\n\n[Page](page.md#inner), [z](page.md#part)\n\n## Y\n")
    return root


def split(root: Path, reference: str, at: list[str], title: str) -> None:
    project = Project.open(root)
    project.apply(project.refactor.split(reference, at, title))


def test_a_section_goes_with_its_links_definitions_and_anchors(pages: Path) -> None:
    before = snapshot(pages)
    split(pages, "pages/page.md", ["part"], "Parted")
    after = snapshot(pages)
    assert after["pages/page.md"].decode() == LEFT
    assert after["pages/parted.md"].decode() == NEW
    assert after["pages/other.md"] == b"# Other\n\n[Parted](parted.md#inner), [z](page.md#part)\n\n## Y\n"
    Project.open(pages).undo()
    assert snapshot(pages) == before


def test_a_definition_stands_where_it_is_used_and_nowhere_else(pages: Path) -> None:
    put = pages / "pages/labels.md"
    put.write_text(
        "# Labels\n\nSee [one][a] and [b].\n\n## Going\n\nSee [two][a] and [three][c], not [four][d].\n\n"
        "[b]: #going\n\n## Staying\n\nText.\n\n[a]: other.md\n[c]: other.md#y\n[d]: #staying\n"
    )
    split(pages, "pages/labels.md", ["Going"], "Gone")
    assert put.read_text() == (
        "# Labels\n\nSee [one][a] and [b].\n\n## Going\n\nSee [Gone](gone.md).\n\n[b]: #going\n\n"
        "## Staying\n\nText.\n\n[a]: other.md\n"
    )
    assert (pages / "pages/gone.md").read_text() == (
        "# Gone\n\n## Going\n\nSee [two][a] and [three][c], not [four][d].\n\n"
        "[a]: other.md\n[c]: other.md#y\n[d]: labels.md#staying\n"
    )


def test_a_step_keeps_its_contract_and_calls_the_new_procedure(root: Path) -> None:
    before = Project.open(root).check()
    text = (root / "feature/design-review.md").read_text()
    split(root, "design-review", ["Step 2"], "Decision Procedure")
    actions = "1. Compare at least two options, and write down why one was chosen."
    assert (root / "feature/design-review.md").read_text() == text.replace(
        actions, "1. Carry out the [Decision Procedure](decision.md)."
    )
    new = (root / "feature/decision.md").read_text()
    start, end = text.index("### Step 2"), text.index("### Step 3")
    assert new == (
        "---\nid: decision\nlifecycle: Feature\nstatus: Placeholder\n---\n\n# Decision Procedure\n\n"
        + text[start + 1 : end].rstrip() + "\n"
    )  # fmt: skip
    assert "| [Decision Procedure](feature/decision.md) | - | Placeholder |" in (root / "index.md").read_text()
    assert {f.rule for f in Project.open(root).check().findings} <= {f.rule for f in before.findings}


def test_the_actions_of_a_step_are_known_by_their_role(root: Path) -> None:
    template = (Path(__file__).parents[2] / "templates/procedure.md").read_text()
    assert "**Actions:**" in template
    put = root / "templates/procedure.md"
    put.parent.mkdir(exist_ok=True)
    put.write_text(template.replace("**Actions:**", "**Moves:**\n\n<!-- role: actions -->"))
    place = root / "feature/design-review.md"
    place.write_text(place.read_text().replace("**Actions:**", "**Moves:**"))
    split(root, "design-review", ["Step 2"], "Decision Procedure")
    assert "**Moves:**\n\n1. Carry out the [Decision Procedure](decision.md).\n" in place.read_text()


@pytest.mark.parametrize(
    ("at", "title", "error", "words"),
    [
        (["Prat"], "New", NotFoundError, "no section 'Prat'"),
        (["Again"], "New", AmbiguousError, "heading of 2 sections"),
        (["Part"], "Other", InvalidTitleError, "title of pages/other.md already"),
        (["Part"], "Taken", ConflictError, "pages/taken.md is there already"),
        (["Noted"], "New", ConflictError, "footnote 'n' of pages/page.md would be torn"),
        (["Part"], "../x", InvalidTitleError, "cannot be the title"),
    ],
)
def test_what_cannot_be_split_is_refused(
    pages: Path, at: list[str], title: str, error: type[LibraryError], words: str
) -> None:
    with (pages / "pages/page.md").open("a") as file:
        file.write("\n[^n]: A note.\n\n## Noted\n\nText[^n].\n")
    (pages / "pages/taken.md").write_text("# Somebody Else's\n")
    before = snapshot(pages)
    with pytest.raises(error, match=words):
        split(pages, "pages/page.md", at, title)
    assert snapshot(pages) == before


def test_a_chapter_of_the_first_level_is_a_section(tmp_path: Path) -> None:
    text = "---\ntitle: Pump\n---\n\n# Purpose\n\nIt runs.\n\n# Steps\n\nOpen it.\n\n## Detail\n\nSlowly.\n"
    (tmp_path / "pump.md").write_text(text)
    split(tmp_path, "pump.md", ["Steps"], "Pump Steps")
    assert (tmp_path / "pump-steps.md").read_text().endswith("## Steps\n\nOpen it.\n\n### Detail\n\nSlowly.\n")
