"""What is remembered from one check to the next never shows in what is found."""

import os
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from procauthor.checking.check import check
from procauthor.finding import Finding
from procauthor.library.library import read_library
from procauthor.library.sidecar import read_marks
from procauthor.library.state import database
from procauthor.markdown.parse import parse
from procauthor.project import Project
from procauthor.workspace import Workspace
from procauthor.workspace.measure import survey
from tests.conftest import REVIEW, SETTINGS

DOCUMENTS = 66
SECTIONS = ("Purpose", "Trigger", "Required Inputs", "Workflow", "Output Contract", "Exit States")
CALLS = "# Feature Orchestration\n\n## Phases\n\n| Order | Procedure | Status |\n|---|---|---|\n"
USERS = """
## Downstream Dependencies

<!--
role: consumers
min: 0
none: None.
-->

- **{artifact}** is used by [{consumer}](procedure): {use}
"""
Edit = Callable[[Path, random.Random], None]


def document(number: int, rng: random.Random) -> str:
    other = rng.randrange(DOCUMENTS)
    anchor = rng.choice(SECTIONS).lower().replace(" ", "-")
    workflow = f"### Step 1: Draw\n\nAs the Topic {other:02} Procedure says.\n\n### Step 2: Say\n\nReturn to step 1."
    given = f"- **Note {number:02}**: what is said."
    wanted = f"- **Note {other:02}**: what is needed. (From: [Topic {other:02} Procedure](p{other:02}.md))"
    words = {"Required Inputs": wanted, "Output Contract": given, "Workflow": workflow}
    body = "\n\n".join(f"## {name}\n\n{words.get(name, f'See [other](p{other:02}.md#{anchor}).')}" for name in SECTIONS)
    head = f"---\nid: p{number:02}\nstatus: Defined\ndepends_on: [Topic {other:02} Procedure]\n---\n\n"
    users = (
        "None." if number % 3 else f"- **Note {number:02}** is used by [Topic {other:02} Procedure](p{other:02}.md): x."
    )
    return f"{head}# Topic {number:02} Procedure\n\n{body}\n\n## Downstream Dependencies\n\n{users}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = random.Random(7)
    root = tmp_path / "library"
    (root / "feature").mkdir(parents=True)
    (root / "templates").mkdir()
    (root / "procauthor.toml").write_text(SETTINGS)
    for number in range(DOCUMENTS):
        (root / f"feature/p{number:02}.md").write_text(document(number, rng))
    (root / "feature/design-review.md").write_text(f"{REVIEW}\n[x](../.hidden/note.txt) [y](../.hidden/other.txt)\n")
    write_template(root, SECTIONS)
    rows = [f"[Topic {n:02} Procedure]({{}}p{n:02}.md) | Defined |" for n in range(0, DOCUMENTS, 2)]
    calls = "\n".join(f"| {n} | {row.format('')}" for n, row in enumerate(rows[:9], 1))
    (root / "feature/feature-orchestration.md").write_text(f"{CALLS}{calls}\n")
    listed = "\n".join(f"| {row.format('feature/')}" for row in rows)
    (root / "index.md").write_text(f"# Index\n\n## Feature\n\n| Procedure | Status |\n|---|---|\n{listed}\n")
    return root


def write_template(root: Path, sections: Sequence[str]) -> None:
    examples = {"Workflow": "### Step {number}: {name}\n\n{words}"}
    text = "# {title}\n\n" + "\n\n".join(f"## {name}\n\n{examples.get(name, '{words}')}" for name in sections)
    (root / "templates/procedure.md").write_text(f"{text}\n{USERS}")


def cold(root: Path) -> tuple[Finding, ...]:
    """Read and check the library without any memory."""
    workspace = Workspace.open(root)
    library = read_library(workspace.root, workspace.settings, workspace.templates)
    announced = frozenset(workspace.announced(library))
    return check(library, settings=workspace.settings, announced=announced).findings


def warm(root: Path) -> tuple[Finding, ...]:
    return Project.open(root).check().findings


def assert_same(root: Path, what: object = "") -> None:
    found, wanted = warm(root), cold(root)
    assert set(found) - set(wanted) == set(), what
    assert set(wanted) - set(found) == set(), what
    assert found == wanted, what


# Edits of all kinds


def pick(root: Path, rng: random.Random) -> Path:
    return rng.choice(sorted(root.glob("feature/*.md")))


def change(root: Path, rng: random.Random, edit: Callable[[str], str]) -> None:
    file = pick(root, rng)
    file.write_bytes(edit(file.read_bytes().decode(errors="replace")).encode())


def say_more(root: Path, rng: random.Random) -> None:
    words = ["TODO.", "See the Quantum Review Procedure.", "[x](gone.md)", "As the Topic 03 Procedure says.", "[a](#b)"]
    change(root, rng, lambda text: f"{text}\n{rng.choice(words)}\n")


def promise_else(root: Path, rng: random.Random) -> None:
    change(root, rng, lambda text: text.replace("- **Note", "- **Remark"))


def say_it_first(root: Path, rng: random.Random) -> None:
    change(root, rng, lambda text: text.replace("## Purpose\n", "## Purpose\n\nOne line more.\n", 1))


def rename_heading(root: Path, rng: random.Random) -> None:
    change(root, rng, lambda text: text.replace("## Trigger", rng.choice(["## Triggers", "## trigger", "# Trigger"])))


def rename_title(root: Path, rng: random.Random) -> None:
    change(root, rng, lambda text: text.replace("# Topic", rng.choice(["# Theme", "# Topic 03"]), 1))


def change_status(root: Path, rng: random.Random) -> None:
    status = rng.choice(["Placeholder", "Deprecated", "Definde", "Alias"])
    change(root, rng, lambda text: text.replace("status: Defined", f"status: {status}", 1))


def change_id(root: Path, rng: random.Random) -> None:
    change(root, rng, lambda text: text.replace("id: p", "id: p0", 1))


def break_steps(root: Path, rng: random.Random) -> None:
    change(root, rng, lambda text: text.replace("### Step 2", "### Step 4", 1))


def mention_step(root: Path, rng: random.Random) -> None:
    change(root, rng, lambda text: f"{text}\nSee step 4 of [other](p{rng.randrange(DOCUMENTS):02}.md).\n")


def suppress(root: Path, rng: random.Random) -> None:
    comment = "<!-- procauthor: ignore-file broken-link, unknown-procedure -- for a while -->"
    change(root, rng, lambda text: f"{text}\n{comment}\n")


def move(root: Path, rng: random.Random) -> None:
    file = pick(root, rng)
    file.rename(file.with_name(f"moved-{rng.randrange(99)}.md"))


def delete(root: Path, rng: random.Random) -> None:
    pick(root, rng).unlink()


def add(root: Path, rng: random.Random) -> None:
    number = rng.randrange(DOCUMENTS + 5)
    (root / f"feature/p{number:02}.md").write_text(document(number, rng))


def spoil(root: Path, rng: random.Random) -> None:
    pick(root, rng).write_bytes(b"# \xff\n")


def touch(root: Path, rng: random.Random) -> None:
    os.utime(pick(root, rng))


def hide(root: Path, rng: random.Random) -> None:
    """Make or remove what only a link can reach."""
    for place in (root / ".hidden/note.txt", root / ".hidden/other.txt"):
        if place.exists() and rng.random() < 0.5:
            place.unlink()
        else:
            place.parent.mkdir(exist_ok=True)
            place.write_text("x")


def settle(root: Path, rng: random.Random) -> None:
    tables = ['[rules]\norphan = "off"\n', '[links]\nslugs = "gitlab"\n', "", '[library]\nindex = "other.md"\n']
    (root / "procauthor.toml").write_text(rng.choice(tables) + SETTINGS)


def change_template(root: Path, rng: random.Random) -> None:
    write_template(root, rng.sample(SECTIONS, 4))


def edit_index(root: Path, rng: random.Random) -> None:
    file = root / "index.md"
    row = f"| [Topic {rng.randrange(99):02} Procedure](feature/p{rng.randrange(99):02}.md) | Placeholder |"
    file.write_text(f"{file.read_text()}{row}\n")


def change_row(root: Path, rng: random.Random) -> None:
    file = root / "index.md"
    file.write_text(file.read_text().replace("| Defined |", "| In progress |", rng.randrange(1, 3)))


def keep_receipts(root: Path, rng: random.Random) -> None:
    """Approve some sections, of the present bytes or of others; see a contract as it is or as it is not."""
    number, other = rng.randrange(DOCUMENTS), rng.randrange(DOCUMENTS)
    file = root / f"feature/p{number:02}.md"
    marks = read_marks(parse(file.read_bytes())) if file.exists() and file.read_bytes() != b"# \xff\n" else ()
    ends = rng.choice(['"expires": "2020-01-01"', '"expires": "2999-01-01"', '"role": "Lead"', '"expires": 7'])
    wrong = rng.choice(["0" * 64, ""])
    approvals = [
        f'{{"section": "{m.key}", "hash": "{wrong or m.hash}", "by": "Ada", "on": "2019-01-01", {ends}}}' for m in marks
    ]
    seen = f'{{"from": "feature/p{other:02}.md", "part": "output", "name": "Note {other:02}", "text": ["x"]}}'
    place = root / f"receipts/feature/p{number:02}.md.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f'{{"approvals": [{", ".join(approvals)}], "seen": [{seen}]}}')


def approve_all(root: Path, rng: random.Random) -> None:
    file = pick(root, rng)
    if file.read_bytes() != b"# \xff\n":
        marks = read_marks(parse(file.read_bytes()))
        lines = [f'{{"section": "{m.key}", "hash": "{m.hash}", "by": "Ada", "on": "2019-01-01"}}' for m in marks]
        place = root / f"receipts/feature/{file.name}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f'{{"approvals": [{", ".join(lines)}]}}')


def drop_receipts(root: Path, rng: random.Random) -> None:
    for file in rng.sample(found, len(found) // 2) if (found := sorted(root.glob("receipts/*/*.json"))) else ():
        file.unlink()


EDITS: tuple[Edit, ...] = (
    keep_receipts,
    approve_all,
    drop_receipts,
    say_more,
    promise_else,
    say_it_first,
    rename_heading,
    rename_title,
    change_status,
    change_id,
    break_steps,
    mention_step,
    suppress,
    move,
    delete,
    add,
    spoil,
    touch,
    hide,
    settle,
    change_template,
    edit_index,
    change_row,
)


def test_after_any_edits_a_check_finds_what_one_that_remembers_nothing_finds(root: Path) -> None:
    rng = random.Random(1)
    assert_same(root)
    assert database(root / ".procauthor/check.db").is_file()
    for _ in range(14):
        edits = rng.choices(EDITS, k=rng.choice([1, 1, 2]))
        for edit in edits:
            edit(root, rng)
        assert_same(root, [edit.__name__ for edit in edits])


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_each_kind_of_edit_is_noticed(root: Path, edit: Edit) -> None:
    warm(root)
    edit(root, random.Random(3))
    assert_same(root)


def test_a_file_of_the_same_size_and_time_is_noticed(root: Path) -> None:
    file = root / "feature/p00.md"
    before = file.stat()
    time.sleep(2.1)
    warm(root)
    warm(root)
    file.write_text(file.read_text().replace("## Trigger", "## Trugger"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    assert_same(root)


def test_paths_narrow_what_is_shown_and_not_what_is_remembered(root: Path) -> None:
    shown = Project.open(root).check(["feature/p01.md"], select=["R"]).findings
    assert {f.path for f in shown} <= {"feature/p01.md"}
    assert_same(root)


# The file itself


@pytest.mark.parametrize(
    "spoilt",
    [b"", b"no database", b"SQLite format 3\0" + b"x" * 5000, None],
    ids=["empty", "text", "header", "one byte in fifty"],
)
def test_a_spoilt_file_is_made_anew(root: Path, spoilt: bytes | None) -> None:
    wanted = warm(root)
    file = database(root / ".procauthor/check.db")
    if spoilt is None:
        raw = bytearray(file.read_bytes())
        for place in range(3000, len(raw), 50):
            raw[place] ^= 1
        spoilt = bytes(raw)
    file.write_bytes(spoilt)
    assert warm(root) == wanted
    assert warm(root) == wanted
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT count(*) FROM fact").fetchone() == (len(list(root.rglob("*.md"))),)
    connection.close()


def tamper(root: Path, *statements: str) -> None:
    connection = sqlite3.connect(database(root / ".procauthor/check.db"), isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()


def test_a_wrong_value_is_not_believed(root: Path) -> None:
    wanted = warm(root)
    tamper(
        root,
        "UPDATE shelf SET records = x'90' WHERE number % 2",
        "UPDATE fact SET view = x'90'",
        "UPDATE note SET value = x'90' WHERE name = 'library'",
    )
    assert warm(root) == wanted


@pytest.mark.parametrize(
    "spoilt", ["contract = x'90'", "contract_seal = x'90'", "stamp = 'none'", "path = path || 'x'"]
)
def test_an_evaluation_does_not_believe_a_spoilt_contract(root: Path, spoilt: str) -> None:
    wanted = survey(Workspace.open(root))
    warm(root)
    assert survey(Workspace.open(root)).graph == wanted.graph
    tamper(root, f"UPDATE fact SET {spoilt} WHERE rowid % 2")  # noqa: S608 - cases of this test
    found = survey(Workspace.open(root))
    assert (found.graph, found.rows) == (wanted.graph, wanted.rows)
    assert any(edge.kind == "input" for edge in found.graph.edges)


def test_facts_of_an_older_text_are_not_believed(root: Path) -> None:
    """Two checks at once may leave the records of one beside the facts of the other."""
    warm(root)
    tamper(root, "CREATE TABLE older AS SELECT * FROM fact")
    for file in sorted((root / "feature").glob("p*.md")):
        file.write_text(file.read_text().replace("## Exit States", "## Ends"))
    warm(root)
    tamper(root, "REPLACE INTO fact SELECT * FROM older", "DROP TABLE older")
    (root / "feature/p00.md").write_text("# Topic 00 Procedure\n\n[x](p01.md#exit-states) [y](p01.md#ends)\n")
    assert_same(root)


def test_what_came_with_a_copy_of_the_folder_is_not_believed(root: Path, tmp_path: Path) -> None:
    """Somebody else's repository could bring a memory that says that nothing is wrong."""
    wanted = warm(root)
    copy = tmp_path / "copy"
    shutil.copytree(root, copy)
    (copy / "feature/p00.md").write_text("# Another\n\n[x](gone.md)\n")
    warm(copy)
    clean = database(copy / ".procauthor/check.db")
    shutil.copy2(root / "feature/p00.md", copy / "feature/p00.md")
    assert warm(copy) == wanted
    for name in (clean.name, "check.db"):
        shutil.copy2(clean, root / ".procauthor" / name)
    (root / "feature/p01.md").write_text("# Another\n\n[x](gone.md)\n")
    assert_same(root)


def test_where_nothing_can_be_kept_the_check_works_all_the_same(root: Path) -> None:
    (root / ".procauthor").write_text("a file where the folder would be")
    assert warm(root) == cold(root)


def test_another_process_that_writes_does_not_stop_a_check(root: Path) -> None:
    warm(root)
    say_more(root, random.Random(4))
    connection = sqlite3.connect(database(root / ".procauthor/check.db"), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    assert warm(root) == cold(root)
    connection.close()


def test_a_small_library_stays_as_clean_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n")
    warm(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]


def test_an_edit_of_an_approved_text_is_noticed_by_those_who_show_its_status(root: Path) -> None:
    approve_all(root, random.Random(1))
    (place,) = root.glob("receipts/feature/*.json")
    shown = root / f"feature/{place.name.removesuffix('.json')}"
    index = root / "index.md"
    index.write_text(f"{index.read_text()}| [x](feature/{shown.name}) | Placeholder |\n")
    assert_same(root)
    shown.write_text(f"{shown.read_text()}\nOne line more.\n")
    assert_same(root)
    place.unlink()
    assert_same(root)
