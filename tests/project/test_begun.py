"""A new document in an adopted library begins as those beside it do, and is in progress until it is filled."""

from pathlib import Path

import pytest

from tests.cli.inside import run, run_json
from tests.project.test_adopt import write
from tests.project.test_conventions import documents, form

BODY = form("X").partition("\n\n")[2]


@pytest.mark.parametrize(
    ("files", "args", "path", "head"),
    [
        ("net/{1}.md", ["DiskFull", "--lifecycle", "Net"], "net/DiskFull.md", "# DiskFull"),
        ("{0}.html.md", ["Disk full"], "disk-full.html.md", "title: Disk full"),
        ("{0}/SKILL.md", ["Disk full"], "disk-full/SKILL.md", "# Disk full"),
        ("adr/00{2}-{0}.md", ["Disk full", "--lifecycle", "Adr"], "adr/005-disk-full.md", "# Disk full"),
        ("ops/{0}.sop.md", ["SOP: Disk full", "--lifecycle", "Ops"], "ops/disk-full.sop.md", "# SOP: Disk full"),
        ("a/docs/ops/{0}.md", ["Disk full", "--lifecycle", "Net"], "a/docs/net/disk-full.md", "# Disk full"),
        ("ops/{0}.md", ["Tier 1 desk", "--lifecycle", "Ops"], "ops/tier-1-desk.md", "# Tier 1 desk"),
        ("qm/VA-0{2} {1}.md", ["Disk full", "--lifecycle", "Qm"], "qm/VA-05 Disk full.md", "# Disk full"),
    ],
)
def test_a_new_document_is_called_and_begins_like_those_beside_it(
    tmp_path: Path, files: str, args: list[str], path: str, head: str
) -> None:
    names = ("LinkDown", "LinkSlow", "HostLost", "HostSlow")
    for number, name in enumerate(names, 1):
        title = name if "/{1}" in files else f"{name[:4]} {name[4:].lower()}"
        top = f"---\ntitle: {title}\nlayout: page\n---\n\n" if head.startswith("title") else f"# {title}\n\n"
        top = top.replace("# ", "# SOP: ") if "SOP" in head else top
        place = files.format(title.lower().replace(" ", "-"), title, number)
        write(tmp_path, {place: f"{top}Words.\n\n{BODY}"})
    run("init", tmp_path, "--no-input")
    before = run_json("-C", tmp_path, "evaluate")["total"]["defined"]
    run("-C", tmp_path, "create", *args, "--accept")
    text = (tmp_path / path).read_text()
    assert head in text.splitlines()
    assert "id:" not in text
    assert ("layout: page" in text) == (not head.startswith("# "))
    assert documents(tmp_path)[path]["status"] == "in progress"
    assert run_json("-C", tmp_path, "evaluate")["total"]["defined"] == before


def test_a_document_is_known_by_its_title_as_it_is_written(tmp_path: Path) -> None:
    write(tmp_path, {f"ops/{n}.md": form(f"Playbook: Pump {n}") for n in range(4)})
    run("init", tmp_path, "--no-input")
    for name in ("Pump 2", "Playbook: Pump 2"):
        assert "ops/2.md" in run("-C", tmp_path, "refs", name).stdout


@pytest.mark.parametrize(
    "stub",
    [
        "- **Depends on:** Pump 1 and [Pump 2](2.md)\n- **Needed by:** Pump 3\n- **Owner:** Night Crew\n",
        "**Abhängig von:** Pump 1, Pump 2\n\n**Voraussetzung für:** Pump 3\n\n**Verantwortlich:** Night Crew\n",
        "Depends on:\n\n- Pump 1\n- Pump 2; Nobody Knows This\n\nPrerequisite for: Pump 3\n\n**Responsible:** Night Crew\n",
    ],
)
def test_what_a_placeholder_says_of_its_neighbours_is_carried_over(tmp_path: Path, stub: str) -> None:
    write(tmp_path, {f"ops/{n}.md": form(f"Pump {n}") for n in range(5)})
    write(tmp_path, {"ops/valve.md": f"# Valve\n\n**Status:** Placeholder\n\n{stub}"})
    run("init", tmp_path, "--no-input")
    neighbours = run_json("-C", tmp_path, "brief", "Valve")["brief"]["neighbours"]
    assert ("Pump 3", "is needed by") in [(each["title"], each["relation"]) for each in neighbours]
    run("-C", tmp_path, "create", "Valve", "--accept")
    head = (tmp_path / "ops/valve.md").read_text().split("---")[1]
    assert "owner: Night Crew" in head
    assert "depends_on:\n- Pump 1\n- Pump 2\n" in head


def test_fields_that_hold_different_things_are_not_taken_over(tmp_path: Path) -> None:
    serial = 10**30
    heads = (f"owner: Ann\nserial: {serial}", "serial: 2", "owner: [Bob, Eve]\nserial: 3", "owner: {}\nserial: 4")
    files = {
        f"ops/{n}.md": f"---\nteam: Night Crew\n{head}\n---\n\n{form(f'Pump {n}')}" for n, head in enumerate(heads)
    }
    write(tmp_path, files)
    run("init", tmp_path, "--no-input")
    run("-C", tmp_path, "create", "Valve", "--lifecycle", "Ops", "--accept")
    head = (tmp_path / "ops/valve.md").read_text().split("---")[1]
    assert "team: Night Crew" in head
    assert "owner" not in head
    assert "serial" not in head
