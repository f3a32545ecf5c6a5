"""Input that nobody writes by mistake: each must end soon, and with one finding or none."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from procauthor.finding import Report
from tests.checking.cases import run_check

HEAD = "# A Procedure\n\n" + "".join(
    f"## {name}\n\nWords.\n\n"
    for name in (
        "Purpose",
        "Trigger",
        "Required Inputs",
        "Plan Requirement",
        "Output Contract",
        "Validation & Acceptance Criteria",
        "Downstream Dependencies",
        "Definition of Done",
        "Audit & Traceability",
        "Exit States",
        "Workflow",
    )
)
BOMB = "---\na: &a [x, x]\nb: &b [*a, *a, *a]\nc: [*b, *b, *b]\n---\n# A\n"


def check_text(root: Path, text: str | bytes) -> Report:
    (root / "f").mkdir(exist_ok=True)
    (root / "f/a.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    return run_check(root)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "aliases are not allowed"),
        ("---\na: " + "[" * 30000 + "\n---\n", "more than 50 levels"),
        ("---\n" + "".join(" " * n + "a:\n" for n in range(300)) + "---\n", "more than 50 levels"),
        ("---\na: " + "{a: " * 9000 + "1" + "}" * 9000 + "\n---\n", "more than 50 levels"),
        ("---\na: " + "x" * 100_000 + "\n---\n", "larger than 64 KiB"),
        ("---\nphase: " + "9" * 5000 + "\n---\n", "Exceeds the limit"),
        ("---\na: !!python/object/apply:os.system [ls]\n---\n", "could not determine a constructor"),
        ("---\ndate: 2020-99-99\n---\n", "month must be in 1..12"),
        ("---\n? [a, b]\n: c\n---\n", "unhashable key"),
    ],
    ids=["aliases", "open", "deep block", "deep mapping", "large", "digits", "tag", "date", "key"],
)
def test_front_matter_that_attacks_the_reader_is_one_finding(tmp_path: Path, text: str, words: str) -> None:
    (found,) = [f for f in check_text(tmp_path, text).findings if f.rule != "missing-section"]
    assert found.rule == "bad-front-matter"
    assert words in found.message


@pytest.mark.parametrize(
    "text",
    [
        "- " * 20_000 + "x\n",
        "1. " * 20_000 + "x\n",
        ">" * 100_000 + " x\n",
        "> - " * 10_000 + "x\n",
        "[" * 50_000,
        "![" * 5_000 + "x" + "](a.md)" * 5_000,
        "**a_ " * 20_000,
        "<!-- " * 50_000,
        "<a " * 50_000,
        "<a " + "x" * 100_000 + ">\n",
        "<div>\n" + "[" * 50_000 + "](x)\n</div>\n",
        "[x](" + "a " * 50_000 + "\n",
        "word " * 200_000,
        "# " + "word " * 20_000,
        "[x](#" + "a-b" * 50_000 + ")",
        "## Workflow\n\n### Step " + "9" * 10_000 + ": x\n\nreturn to step " + "8" * 10_000 + "\n",
        "---\nstatus: [1]\nid: {}\nphase: ²\ndepends_on: {a: b}\naliases: 1\nsuperseded_by: [1]\n---\n# A\n",
        "# A\0B\n\n\0[x](a\0b.md) [y](%00.md) [z](%ff.md)\n",
        "-----BEGIN PRIVATE KEY-----\n" + "a: b: c: " * 5_000,
        "<!-- to" + "." * 50_000 + " AI" + " " * 50_000 + "\n" * 50_000 + "-->",
    ],
)
def test_nesting_and_length_do_no_harm(tmp_path: Path, text: str) -> None:
    start = time.monotonic()
    assert check_text(tmp_path, text).documents == 1
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "make",
    [
        lambda n: HEAD + "see Other Thing Procedure now " * n,
        lambda n: HEAD + "see Other Thing Procedure now\n" * n,
        lambda n: HEAD + "é TODO " * n * 4,
        lambda n: HEAD + "<!-- c -->\n\n" * n * 2,
        lambda n: HEAD + "x\u200b\u200b\u200b\u200b " * n * 4,
        lambda n: HEAD + "".join(f"### Step {k}: a\n\n**Inputs:**\n\n- B (From: Step 1)\n\n" for k in range(1, n)),
        lambda n: "# A\n\n" + "".join(f"## Heading {k}\n\n[x](#headin-{k})\n\n" for k in range(n)),
        lambda n: "# A\n\n" + "```\nx\n```\n\n" * n * 4,
        lambda n: "# A\n\n" + "".join(f"[x](gone-{k}.md) " for k in range(n * 2)),
        lambda n: "# A\n\n" + "<!-- é -->" * n * 20,
        lambda n: "# A\n\n<div>\n" + '<a href="#a">é</a>\n' * n * 5,
        lambda n: HEAD + "see The Other Procedure now " * n * 8,
        lambda n: HEAD + "### Step 1: x\n\n## More\n\n" + "return to step 9 now " * n * 2,
        lambda n: "# A\n\n" + "## b\n\n" * n * 5,
    ],
    ids=[
        *("names", "paragraph", "words", "comments", "characters", "steps", "anchors", "fences", "links"),
        *("comments in a line", "links of HTML", "names to link", "lost steps", "headings"),
    ],
)
def test_twice_the_text_takes_about_twice_the_time(tmp_path: Path, make: Callable[[int], str]) -> None:
    """Where time grows with the square, ten times the text takes a hundred times as long."""
    took = []
    for size in (200, 2000):
        (tmp_path / str(size)).mkdir()
        (tmp_path / str(size) / "other.md").write_text("# The Other Procedure\n")
        start = time.process_time()
        check_text(tmp_path / str(size), make(size))
        took.append(time.process_time() - start)
    assert took[1] < 40 * max(took[0], 0.02)


def test_files_that_are_no_files_are_one_finding_each(tmp_path: Path) -> None:
    folder = tmp_path / "f"
    folder.mkdir()
    os.mkfifo(folder / "pipe.md")
    os.symlink("/dev/zero", folder / "zero.md")
    os.symlink("two.md", folder / "one.md")
    os.symlink("one.md", folder / "two.md")
    os.symlink("gone.md", folder / "dead.md")
    os.symlink("..", folder / "loop")
    (folder / "dir.md").mkdir()
    with (folder / "large.md").open("wb") as file:
        file.truncate(1 << 40)
    (tmp_path / os.fsdecode(b"bad\xff.md")).write_text("# Bad\n\n[x](gone.md)\n")
    (folder / "good.md").write_text("# Good\n\nWords.\n")
    report = run_check(tmp_path, select=["not-utf8", "broken-link"])
    assert [f.path for f in report.findings] == [
        r"bad\xff.md",
        "f/dead.md",
        "f/large.md",
        "f/one.md",
        "f/pipe.md",
        "f/two.md",
        "f/zero.md",
    ]
    assert {f.rule for f in report.findings} == {"not-utf8"}


def test_spaces_and_letters_of_all_scripts_are_ordinary_in_paths(tmp_path: Path) -> None:
    (tmp_path / "Prüf plan (1) & mehr.md").write_text("# P\n\n## Größe\n", encoding="utf-8")
    (tmp_path / "b.md").write_text(
        "# B\n\n[a](<Prüf plan (1) & mehr.md>) [b](Pr%C3%BCf%20plan%20%281%29%20&%20mehr.md#gr%C3%B6%C3%9Fe)\n",
        encoding="utf-8",
    )
    assert run_check(tmp_path).findings == ()
