"""Which passages of the library stand in a brief."""

from pathlib import Path

import pytest

from procauthor import Project
from tests.batch import good
from tests.conftest import INDEX, PLACEHOLDER, REVIEW, SETTINGS, write_library
from tests.loopback import Loopback

TITLE = "Noise Check Procedure"
PURPOSE = "Measure how loud each machine is in decibels, and mark where ear protection is worn."
LOUD = (
    "Read the decibels at each machine with the meter at head height, and put the sign for ear protection up above 85."
)


def step(number: int, name: str, action: str) -> str:
    return (
        f"\n### Step {number}: {name}\n\n**Purpose:** {name}.\n\n**Inputs:**\n\n- Component Diagram (From: Step 1)\n\n"
        f"**Actions:**\n\n1. {action}\n\n**Decisions:**\n\nNone.\n\n**Outputs:**\n\n- Note {number}: what was seen\n\n"
        "**Failure Handling:**\n\n- It cannot be done: ask the foreman\n"
    )


def page(title: str, *steps: str) -> str:
    text = REVIEW.replace("Design Review", title).replace("id: design-review", f"id: {title.lower().replace(' ', '-')}")
    return text.replace("\n## 6. ", f"{''.join(steps)}\n## 6. ")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    said = "This procedure will find what can go wrong with a design, before it is built. It starts from the Component Diagram."
    placeholder = PLACEHOLDER.replace("Threat Check", "Noise Check").replace("threat-check", "noise-check")
    lamps = [
        step(n, f"Check lamp {n}", f"Check the lamp {n} of the noise check sheet of hall {n}.") for n in range(4, 16)
    ]
    rows = "| [Noise Check Procedure](feature/noise-check.md) | 1 | Placeholder |"
    return write_library(
        tmp_path / "library",
        **{
            "feature/noise-check.md": placeholder.replace(said, PURPOSE),
            "feature/light-check.md": page("Light Check", *lamps),
            "feature/floor-walk.md": page("Floor Walk", step(4, "Go to the machines", LOUD)),
            "index.md": INDEX.replace("| Release Check", f"{rows}\n| Release Check"),
        },
    )


def test_what_is_said_of_the_purpose_counts_more_than_a_title_that_sounds_alike(library: Path) -> None:
    passages = Project.open(library).handoff.brief(TITLE).brief.passages
    assert LOUD in passages[0].text
    of_the_lamps = [p for p in passages if p.path == "feature/light-check.md"]
    assert len(of_the_lamps) <= 3, "one document alone does not fill the brief"


def test_only_what_says_how_to_work_is_a_passage(library: Path) -> None:
    headings = [p.heading for p in Project.open(library).handoff.brief(TITLE).brief.passages]
    assert "Step 4: Go to the machines" in headings
    assert all("Step" in heading for heading in headings)


def test_words_that_meet_by_chance_make_no_passage(library: Path) -> None:
    """Each page speaks of checks and of designs; none speaks of tide tables."""
    author = Project.open(library).author("offline")
    brief = author.brief("Tide Table Procedure", lifecycle="Feature", purpose="Print the tide table of the harbour.")
    assert brief.passages == ()


def test_in_a_large_library_one_rare_word_and_a_document_about_something_else_are_not_enough(tmp_path: Path) -> None:
    halls = {f"feature/hall-{n}.md": page(f"Hall {n}", step(4, f"Sweep hall {n}", "Sweep it.")) for n in range(20)}
    root = write_library(
        tmp_path / "library",
        **halls,
        **{
            "feature/machine.md": page("Machine Noise", step(4, "Measure", LOUD)),
            "feature/oven.md": page("Bread Oven", step(4, "Bake", "Bake until the decibels of the crust are heard.")),
            "feature/choir.md": page("Choir Song", step(4, "Sing", LOUD)),
        },
    )
    brief = Project.open(root).author("offline").brief("Noise Limit Procedure", lifecycle="Feature", purpose=PURPOSE)
    assert {passage.path for passage in brief.passages} == {"feature/machine.md"}


@pytest.fixture
def ruled(library: Path) -> Path:
    """The library with a standard that a neighbour links."""
    rules = (
        "- **EAR-01 Signs**: Above 85 decibels ear protection MUST be worn; measure: a walk.\n"
        "- **EAR-02 Doors**: Doors MUST be shut.\n"
    )
    (library / "standards").mkdir()
    (library / "standards/ear.md").write_text(
        "---\nid: ear\nstatus: Defined\n---\n\n# Ear Protection Standards\n\n## 1. Purpose\n\nKeep ears whole.\n\n"
        f"## 2. Scope\n\nThe hall.\n\n## 3. Rules\n\n{rules}"
    )
    walk, placeholder = library / "feature/floor-walk.md", library / "feature/noise-check.md"
    walk.write_text(walk.read_text().replace(LOUD, f"{LOUD} See [ears](../standards/ear.md)."))
    placeholder.write_text(placeholder.read_text().replace("- Design Review Procedure", "- Floor Walk Procedure"))
    return library


def test_the_offline_author_cites_rules_that_speak_about_the_subject(ruled: Path) -> None:
    text = Project.open(ruled).author("offline").create(TITLE).text
    linked = "[Ear Protection Standards](../standards/ear.md)"
    assert f"Keep to EAR-01 Signs of {linked}: Above 85 decibels ear protection MUST be worn." in text
    assert "EAR-02" not in text


def test_a_model_reads_the_rules_of_standards_and_each_title_once(ruled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with Loopback(good) as server:
        (ruled / "procauthor.toml").write_text(f'{SETTINGS}\n[authoring]\nbase_url = "{server.url}"\n')
        Project.open(ruled).author("openai:any").create(TITLE)
        prompt = "\n".join(str(message["content"]) for message in server.requests[0]["messages"])
    assert "EAR-01 Signs: Above 85 decibels ear protection MUST be worn" in prompt
    listed = prompt.partition("The closed list")[2].partition("Passages of the library")[0]
    assert listed.count('"Ear Protection Standards"') == 1
    assert listed.count('"Release Check Procedure"') == 1
