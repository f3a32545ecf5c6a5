"""Reports go into files that users name: over an earlier report, and over nothing else."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.conftest import snapshot

PAGE = "feature/design-review.md"
COMMANDS = {
    **{
        f"check {form}": ("check", "--format", form, "--output")
        for form in ("text", "json", "sarif", "junit", "github", "gitlab")
    },
    **{f"evaluate {form}": ("evaluate", "--format", form, "-o") for form in ("text", "md", "json", "html")},
    "brief": ("brief", "Threat Check Procedure", "--out"),
    "brief json": ("brief", "Threat Check Procedure", "--json", "--out"),
}


def ask(root: Path, kind: str, place: Path, *, refused: bool = False) -> str:
    # The library has findings, and a check says so in its exit code.
    (root / "feature/broken.md").write_text("# Broken Procedure\n\n[x](gone.md)\n")
    code = 2 if refused else int(kind.startswith("check"))
    return run("-C", root, *COMMANDS[kind], place, code=code).stderr


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_report_replaces_an_earlier_one_and_no_other_file(root: Path, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "report"
    ask(root, kind, place)
    first = place.read_bytes()
    ask(root, kind, place)
    assert place.read_bytes()[:20] == first[:20]
    place.write_bytes(b"# Notes\n\nWords of a person.\n")
    assert "is no report, and would be replaced" in ask(root, kind, place, refused=True)
    assert place.read_bytes() == b"# Notes\n\nWords of a person.\n"
    before = snapshot(root)
    for path in (PAGE, "index.md", "procauthor.toml", "feature/README.md"):
        assert "is no report" in ask(root, kind, root / path, refused=True)
    empty = tmp_path / "procauthor.toml"
    empty.touch()
    assert "is no report" in ask(root, kind, empty, refused=True)
    link = tmp_path / "link"
    link.symlink_to(root / PAGE)
    assert "is no report" in ask(root, kind, link, refused=True)
    assert snapshot(root) == before | {"feature/broken.md": (root / "feature/broken.md").read_bytes()}
    assert not list(tmp_path.rglob(".*.procauthor-new"))


def test_a_report_with_other_ends_of_lines_or_nothing_is_one_and_foreign_json_is_none(
    root: Path, tmp_path: Path
) -> None:
    place = tmp_path / "report"
    ask(root, "check json", place)
    place.write_bytes(place.read_bytes().replace(b"\n", b"\r\n"))
    ask(root, "check text", place)
    place.write_bytes(b"")
    ask(root, "check text", place)
    for other in (
        b'{"schema_version": 1, "name": "x"}\n',
        b"[1]\n",
        b'{"runs": [{}]}',
        b"\x00\xff",
        b"Evaluation of x",
    ):
        place.write_bytes(other)
        assert "is no report" in ask(root, "check text", place, refused=True)
        assert place.read_bytes() == other


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_pipe_or_a_device_is_no_file(root: Path, tmp_path: Path, kind: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/null")):
        assert "it is a pipe or a device, and no file" in ask(root, kind, place, refused=True)
    assert "Is a directory" in ask(root, kind, root, refused=True)
    assert "there is no folder" in ask(root, kind, tmp_path / "no/report", refused=True)


def test_a_disk_without_room_leaves_the_last_report(root: Path, tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    run("-C", root, "evaluate", "--format", "html", "-o", place)
    last = place.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "procauthor", "-C", root, "evaluate", "--format", "html", "-o", place],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)),
    )
    assert done.returncode == 2, done.stderr
    assert "File too large" in done.stderr
    assert place.read_bytes() == last
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["report.html"]


def test_a_plan_is_not_written_over_another_document(root: Path) -> None:
    before = snapshot(root)
    assert "is no plan, and would be replaced" in run("-C", root, "plan", "--write", root / PAGE, code=2).stderr
    assert snapshot(root) == before


def test_an_export_does_not_stop_at_an_empty_file(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "skills"
    run("-C", root, "export", "Design Review Procedure", "--to", "agent-skill", "--out", out)
    (page,) = out.rglob("SKILL.md")
    whole = page.read_bytes()
    page.write_bytes(b"")
    run("-C", root, "export", "Design Review Procedure", "--to", "agent-skill", "--out", out)
    assert page.read_bytes() == whole
    page.write_bytes(b"mine\n")
    assert (
        "was not exported"
        in run("-C", root, "export", "Design Review Procedure", "--to", "agent-skill", "--out", out, code=2).stderr
    )
    assert page.read_bytes() == b"mine\n"


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("pipe.md", ("plan", "{pipe}")),
        ("action-plan.md", ("plan",)),
        ("pipe.json", ("submit", "{pipe}", "--title", "Threat Check Procedure")),
        ("procauthor.toml", ("check",)),
        ("templates/procedure.md", ("evaluate",)),
        (".procauthor-baseline.json", ("check", "--baseline")),
        ("feature/pipe.md", ("check",)),
        ("receipts/feature/design-review.md.json", ("approve", "feature/design-review.md", "--by", "Ada")),
        ("provenance/feature/design-review.md.json", ("blame", "feature/design-review.md")),
        ("evaluations/2026-01-01.json", ("evaluate",)),
        ("index.md", ("sync",)),
    ],
)
def test_nothing_waits_for_a_pipe(root: Path, path: str, command: tuple[str, ...]) -> None:
    pipe = root / path
    pipe.parent.mkdir(parents=True, exist_ok=True)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    words = [word.format(pipe=pipe) for word in command]
    done = subprocess.run(
        [sys.executable, "-m", "procauthor", "-C", root, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 1, 2)
    assert "Traceback" not in done.stderr
