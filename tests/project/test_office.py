"""A handbook as offices write it: German, numbered names, a table at the head of each document, one table of all."""

from pathlib import Path

import pytest

from procauthor.settings import read_settings
from tests.cli.inside import run, run_json
from tests.project.test_adopt import write

PAGE = """# {code} {title}

| Dokument | {code} |
|---|---|
| Version | 1.2 |
| Stand | 12.03.2025 |
| {label} | {state} |

## 1 Zweck

Diese Anweisung regelt, wer was in welcher Reihenfolge tut.

## 2 Geltungsbereich

Sie gilt für alle Bereiche am Standort.

## 3 Ablauf

{work}
"""
WORK = "1. Die Leitung prüft die Unterlagen.\n2. Das Ergebnis wird abgelegt."
PAGES = [
    ("01 Führung", "AA-001", "Interne Audits", "Freigegeben"),
    ("01 Führung", "AA-002", "Lenkung von Dokumenten", "Freigegeben"),
    ("01 Führung", "AA-003", "Bewertung der Risiken", "Entwurf"),
    ("02 Fertigung", "AA-004", "Rüsten der Maschine", "Freigegeben"),
    ("02 Fertigung", "AA-005", "Störung an der Anlage", "In Prüfung"),
    ("02 Fertigung", "AA-006", "Wartung der Presse", "Freigegeben"),
]
NEW = "Umgang mit Fehlern"


@pytest.fixture(params=["Status", "Freigabestatus"])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    files, rows = {}, ["# Übersicht", "", "| Nr. | Titel | Status |", "|---|---|---|"]
    for folder, code, title, state in PAGES:
        work = "Noch zu ergänzen." if code == "AA-006" else WORK
        path = f"{folder}/{code} {title}.md"
        files[path] = PAGE.format(code=code, title=title, state=state, work=work, label=request.param)
        rows.append(f"| {code} | [{title}](<{path}>) | {state} |")
    write(tmp_path, {**files, "Übersicht.md": "\n".join(rows) + "\n"})
    run("-C", tmp_path, "init", "--no-input")
    return tmp_path


def test_the_table_at_the_head_says_the_status_and_a_day_does_not(office: Path) -> None:
    rows = {row["title"]: row for row in run_json("-C", office, "evaluate")["documents"] if row["counted"]}
    assert {title: row["declared_status"] for title, row in rows.items()} == {
        title: "defined" if state == "Freigegeben" else "in progress" for _, _, title, state in PAGES
    }
    assert rows["Wartung der Presse"]["status"] == "in progress"
    settings = read_settings(office / "procauthor.toml")
    assert settings.library.index == "Übersicht.md"
    assert settings.conventions.placeholders.words == ("Noch zu ergänzen",)


def test_how_often_a_word_was_seen_is_told(office: Path) -> None:
    (office / "procauthor.toml").unlink()
    states = {row["value"]: row["count"] for row in run_json("-C", office, "init")["statuses"]}
    assert states["freigegeben = defined"] == 4


def test_a_new_document_is_called_and_listed_as_the_others(office: Path) -> None:
    run("-C", office, "create", NEW, "--lifecycle", "Führung", "--author", "skeleton", "--accept")
    text = (office / f"01 Führung/AA-007 {NEW}.md").read_text(encoding="utf-8")
    assert f"\n# AA-007 {NEW}\n" in text
    lines = (office / "Übersicht.md").read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if NEW in line)
    assert "AA-003" in lines[place - 1]
    assert lines[place].endswith("| Entwurf |")
    assert sum(line.startswith("#") for line in lines) == 1


def test_a_rename_keeps_the_number_in_the_heading(office: Path) -> None:
    run("-C", office, "rename", "Störung an der Anlage", "Ausfall der Anlage")
    text = (office / "02 Fertigung/AA-005 Ausfall der Anlage.md").read_text(encoding="utf-8")
    assert text.startswith("# AA-005 Ausfall der Anlage\n")


def test_numbered_documents_are_found_by_their_code_and_keep_the_name_of_their_folder(tmp_path: Path) -> None:
    for number, name, rest in ((1, "Audit", "[wird noch ergänzt]"), (2, "Messmittel", "1. Das Messmittel ablesen.")):
        text = f"# VA-0{number} {name}\n\n## 1 Zweck\n\nEs regelt {name}.\n\n## 2 Ablauf\n\n{rest}\n"
        (tmp_path / f"QM/VA-0{number}_{name}.md").parent.mkdir(exist_ok=True)
        (tmp_path / f"QM/VA-0{number}_{name}.md").write_text(text, encoding="utf-8")
    (tmp_path / "QM/VA-11_Lager.md").write_text(
        "# VA-11 Lager\n\n## 1 Zweck\n\nEs regelt das Lager.\n\n## 2 Ablauf\n\n1. Los.\n"
    )
    run("-C", tmp_path, "init", "--no-input")
    assert run_json("-C", tmp_path, "refs", "va-02")["document"]["path"] == "QM/VA-02_Messmittel.md"
    assert "no document has" in run("-C", tmp_path, "refs", "VA-1", code=2).stderr
    counted = run_json("-C", tmp_path, "evaluate")
    assert [row["name"] for row in counted["lifecycles"]] == ["QM"]
    assert {row["path"]: row["status"] for row in counted["documents"] if row["counted"]} == {
        "QM/VA-01_Audit.md": "in progress",
        "QM/VA-02_Messmittel.md": "defined",
        "QM/VA-11_Lager.md": "defined",
    }
