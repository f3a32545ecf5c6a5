"""Documents follow their template: names, order and what is missing; no line of people is lost."""

import random
from collections import Counter
from pathlib import Path

import pytest

from procauthor import Project
from procauthor.errors import ConfigError, ConflictError, NotFoundError
from tests.cli.inside import run
from tests.conftest import REVIEW, snapshot

FILE = "feature/design-review.md"
OLD, NEW = "## 2. Trigger\n", "## 2. Starting Events\n"


def template(root: Path, text: str) -> None:
    (root / "templates").mkdir(exist_ok=True)
    (root / "templates/procedure.md").write_text(text)


def shipped() -> str:
    return (Path(__file__).parents[2] / "templates/procedure.md").read_text()


def migrate(root: Path, *references: str, renamed: tuple[str, ...] = ()) -> dict[str, bytes]:
    project = Project.open(root)
    project.apply(project.refactor.migrate(*references, renamed=renamed))
    assert not Project.open(root).refactor.migrate(*references)
    return snapshot(root)


def swap(text: str, first: str, second: str, end: str) -> str:
    """Exchange two neighbouring sections."""
    a, b, c = text.index(first), text.index(second), text.index(end)
    return text[:a] + text[b:c] + text[a:b] + text[c:]


def test_documents_in_line_with_their_template_stay_as_they_are(root: Path) -> None:
    assert not Project.open(root).refactor.migrate()


@pytest.mark.parametrize("declared", [True, False])
def test_a_section_takes_its_new_name_and_links_follow(root: Path, *, declared: bool) -> None:
    words = shipped().replace(OLD, NEW)
    template(root, words.replace(NEW, f"{NEW}\n<!-- synonyms: Trigger -->\n") if declared else words)
    (root / "guide.md").write_text("# Guide\n\n[when](feature/design-review.md#2-trigger)\n")
    after = migrate(root, renamed=() if declared else ("Trigger=Starting Events",))
    assert after[FILE].decode() == REVIEW.replace(OLD, NEW)
    assert after["guide.md"] == b"# Guide\n\n[when](feature/design-review.md#2-starting-events)\n"


def test_sections_take_the_order_of_the_template_and_the_numbers_follow(root: Path) -> None:
    text = swap(shipped(), "## 2. Trigger", "## 3. Required Inputs", "## 4. Plan")
    template(root, text.replace("## 3. Required", "## 2. Required").replace("## 2. Trigger", "## 3. Trigger"))
    (root / "guide.md").write_text("# Guide\n\n[b](feature/design-review.md#3-required-inputs)\n")
    page = root / FILE
    page.write_text(page.read_text().replace("A feature is approved.", "A feature is approved, see Section 3."))
    after = migrate(root)
    moved = swap(REVIEW, "## 2. Trigger", "## 3. Required Inputs", "## 4. Plan")
    moved = moved.replace("## 3. Required", "## 2. Required").replace("## 2. Trigger", "## 3. Trigger")
    assert after[FILE].decode() == moved.replace("A feature is approved.", "A feature is approved, see Section 2.")
    assert after["guide.md"] == b"# Guide\n\n[b](feature/design-review.md#2-required-inputs)\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_section_comes_in_where_the_template_has_it(root: Path, newline: str) -> None:
    added = "## 2. Owner\n\n<!--\nThe role that keeps it.\n-->\n\n{The role.}\n\n"
    numbered = shipped()
    for number in range(11, 1, -1):
        numbered = numbered.replace(f"\n## {number}. ", f"\n## {number + 1}. ")
    template(root, numbered.replace("## 3. Trigger", added + "## 3. Trigger"))
    (root / FILE).write_bytes(REVIEW.replace("\n", newline).encode())
    after = migrate(root)[FILE].decode()
    wanted = REVIEW
    for number in range(11, 1, -1):
        wanted = wanted.replace(f"\n## {number}. ", f"\n## {number + 1}. ")
    wanted = wanted.replace("## 3. Trigger", "## 2. Owner\n\n<!-- The role that keeps it. -->\n\n## 3. Trigger")
    assert after == wanted.replace("\n", newline)
    rules = {f.rule for f in Project.open(root).check([FILE]).findings}
    assert "empty-section" in rules or "missing-section" in rules


def test_what_the_template_does_not_know_stays_behind_what_it_followed(root: Path) -> None:
    own = "## Background\n\nWhy it is so.\n\n"
    (root / FILE).write_text(REVIEW.replace("## 3. Required", own + "## 3. Required") + "\n---\n\nKept by the board.\n")
    text = swap(shipped(), "## 2. Trigger", "## 3. Required Inputs", "## 4. Plan")
    template(root, text)
    after = migrate(root)[FILE].decode()
    assert after.index("## 2. Required Inputs") < after.index("## 3. Trigger") < after.index(own)
    assert after.index(own) < after.index("## 4. Plan Requirement")
    assert after.endswith("\n---\n\nKept by the board.\n")


def test_placeholders_and_documents_that_are_not_named_stay(root: Path) -> None:
    template(root, shipped().replace(OLD, NEW))
    before = snapshot(root)
    project = Project.open(root)
    project.apply(project.refactor.migrate("threat-check"))
    assert snapshot(root)[FILE] == before[FILE]
    assert snapshot(root)["feature/threat-check.md"] == before["feature/threat-check.md"]


def test_a_whole_text_whose_headings_have_all_changed_is_carried_over(root: Path) -> None:
    (root / "procauthor.toml").write_text('[templates]\n"cards/*.md" = "card"\n')
    template(root, shipped())
    card = "---\ntemplate: card\nkind: other\n---\n\n# {title}\n\n## Count\n\n{How many.}\n\n## Colour\n\n{Which.}\n"
    (root / "templates/card.md").write_text(card)
    (root / "cards").mkdir()
    (root / "cards/a.md").write_text("# A Card\n\n## Number\n\n7 of them.\n")
    (root / "cards/stub.md").write_text("# A Stub\n\n## Number\n\nPlaceholder.\n")
    after = migrate(root, renamed=("Number=Count",))
    assert after["cards/a.md"] == b"# A Card\n\n## Count\n\n7 of them.\n\n## Colour\n"
    assert after["cards/stub.md"] == b"# A Stub\n\n## Number\n\nPlaceholder.\n"


@pytest.mark.parametrize(
    ("renamed", "said"),
    [
        ("Trigger", "is not of the form"),
        ("=Purpose", "is not of the form"),
        ("Trigger=Nothing Known", "no template of these documents has a section 'Nothing Known'"),
    ],
)
def test_a_renaming_that_makes_no_sense_is_one_sentence(root: Path, renamed: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Project.open(root).refactor.migrate(renamed=(renamed,))
    with pytest.raises(NotFoundError):
        Project.open(root).refactor.migrate("no such document")


def test_two_sections_are_not_joined_by_guessing(root: Path) -> None:
    with pytest.raises(ConflictError, match=r"'2\. Trigger' becomes '1\. Purpose', which is there too"):
        Project.open(root).refactor.migrate(renamed=("Trigger=Purpose",))


def test_any_order_is_mended_without_losing_a_line(root: Path) -> None:
    dice = random.Random(7)
    head, *sections = REVIEW.split("\n## ")
    for _ in range(25):
        shuffled = dice.sample(sections, dice.randint(4, len(sections)))
        text = "\n## ".join([head, *shuffled]).replace("\n", dice.choice(["\n", "\r\n"]))
        text = text.rstrip() if dice.random() < 0.3 else text
        (root / FILE).write_bytes(text.encode())
        after = migrate(root)[FILE]
        kept = Counter(line for line in text.encode().splitlines() if line.strip() and not line.startswith(b"## "))
        assert not kept - Counter(after.splitlines())
        found = [line for line in after.decode().splitlines() if line.startswith("## ")]
        # A plan is optional: a document that has none gets none.
        wanted = [s for s in sections if "Plan Requirement" not in s or s in shuffled]
        assert [line.split(". ")[1] for line in found] == [s.splitlines()[0].split(". ")[1] for s in wanted]
        Project.open(root).undo()
        assert (root / FILE).read_bytes() == text.encode()


def test_the_command_shows_the_diff_and_writes_nothing(root: Path) -> None:
    template(root, shipped().replace(OLD, NEW))
    before = snapshot(root)
    shown = run("-C", root, "migrate", "--rename", "Trigger=Starting Events", "--dry-run")
    assert "+## 2. Starting Events" in shown.stdout
    assert snapshot(root) == before


CARD = "## At a Glance\n\n- **Goal:** A decision is merged.\n- **When:** A feature is approved.\n- **Who:** The tech lead.\n"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_card_comes_to_the_front_and_the_numbers_stay(root: Path, newline: str) -> None:
    (root / FILE).write_bytes((REVIEW.rstrip() + f"\n\n{CARD}").replace("\n", newline).encode())
    after = migrate(root)[FILE].decode()
    assert after == REVIEW.replace("## 1. Purpose", f"{CARD}\n## 1. Purpose").replace("\n", newline)
    assert not Project.open(root).check().findings
