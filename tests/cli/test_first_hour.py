"""A library that was just made: each everyday command leads on."""

from pathlib import Path

from tests.cli.inside import run


def test_everyday_commands_follow_each_other_in_a_new_library(tmp_path: Path) -> None:
    root = tmp_path / "library"
    run("init", root)
    assert "procauthor plan --write" in run("-C", root, "plan").stderr
    run("-C", root, "plan", "--json", code=2)
    title = "Data Design Procedure"
    run("-C", root, "create", title, "--lifecycle", "Feature")
    run("-C", root, "diff")
    run("-C", root, "accept")
    run("-C", root, "update", title, "add trigger: a consumer asks for a new field")
    run("-C", root, "accept")
    for command in (["check"], ["explain", "X101"], ["evaluate"], ["refs", title], ["sync", "--check"]):
        run("-C", root, *command)
    assert "there is no plan yet" in run("-C", root, "run", "--accept").stderr
    assert "wrote action-plan.md: 1 item" in run("-C", root, "plan", "--write").stderr
    run("-C", root, "rename", title, "Data Model Procedure")
    assert "procauthor answer" in run("-C", root, "approve", "Data Model Procedure", "--by", "Lee", code=2).stderr
    run("-C", root, "approve", "Create or Update Procedure", "--by", "Lee", "--role", "Lead")
    run("-C", root, "undo")
    index = (root / "index.md").read_text(encoding="utf-8")
    assert "\n## Feature Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n| [Data Model Procedure]" in index


def test_sync_opens_a_section_for_each_lifecycle_that_the_index_lacks(tmp_path: Path) -> None:
    root = tmp_path / "library"
    run("init", root)
    text = (root / "library/create-or-update-procedure.md").read_text(encoding="utf-8")
    for name, lifecycle in (("One", "Feature"), ("Two", "Support"), ("Three", "Support")):
        copy = text.replace("Create or Update Procedure", f"{name} Procedure").replace(
            "lifecycle: Library", f"lifecycle: {lifecycle}"
        )
        copy = copy.replace("id: create-or-update-procedure", f"id: {name.lower()}")
        (root / lifecycle.lower()).mkdir(exist_ok=True)
        (root / lifecycle.lower() / f"{name.lower()}.md").write_text(copy, encoding="utf-8")
    run("-C", root, "sync")
    index = (root / "index.md").read_text(encoding="utf-8")
    assert [line for line in index.splitlines() if line.startswith("## ")] == [
        "## Library Lifecycle",
        "## Feature Lifecycle",
        "## Support Lifecycle",
    ]
    assert index.index("[Three Procedure]") > index.index("## Support Lifecycle")
    run("-C", root, "sync", "--check")


def test_a_list_under_one_title_keeps_its_documents_and_what_it_announces_goes_where_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "betrieb"
    folder.mkdir()
    rows = "".join(f"| VA-00{n} | [Prüfung {n}](betrieb/va-{n}.md) | Freigegeben |\n" for n in range(1, 5))
    index = f"# Verzeichnis\n\n| Nr. | Titel | Status |\n|---|---|---|\n{rows}| VA-005 | Sperrung | geplant |\n"
    (tmp_path / "verzeichnis.md").write_text(index, encoding="utf-8")
    for n in range(1, 5):
        text = f"# VA-00{n} Verfahren zur Prüfung {n}\n\n**Status:** Freigegeben\n\n"
        text += f"## Zweck\n\nDie Lieferung {n} wird geprüft.\n\n## Ablauf\n\n1. Den Lieferschein {n} vergleichen.\n"
        (folder / f"va-{n}.md").write_text(text, encoding="utf-8")
    run("-C", tmp_path, "init", "--no-input")
    run("-C", tmp_path, "sync", "--check")
    run("-C", tmp_path, "create", "Sperrung", "--accept")
    shown = (tmp_path / "verzeichnis.md").read_text(encoding="utf-8")
    assert shown == index.replace("| Sperrung | geplant |", "| [Sperrung](betrieb/sperrung.md) | In progress |")
    run("-C", tmp_path, "sync", "--check")
