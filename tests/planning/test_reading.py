"""A person or a model says how a stubborn plan is read; the plan has to have all that is said."""

from pathlib import Path

import pytest

from procauthor.errors import PlanError
from procauthor.planning.plan import Plan
from procauthor.planning.read import read_plan
from tests.cli.inside import run, run_json
from tests.conftest import write_library
from tests.loopback import data, serving, words_of

WISHES = """# Ideen

## Wunschzettel

- Backstube
  - Teig mischen
    **Dringl.:** P1
  - Ofen heizen
    **zuerst:** Teig mischen
- Laden
  - Kasse zählen

## Anderes

- Nichts davon
"""
TABLE = """# Ideen

| Zeile | Was denn | Dringl. | zuerst |
|---|---|---|---|
| x | Teig | 1 | |
| y | Ofen | 2 | Teig |
"""
HEADS = """# Ideen

## Backstube

### Teig mischen

### Ofen heizen

**zuerst:** Teig mischen

## Anhang

### Quellen
"""
NAMES = "  names: {Dringl.: priority, zuerst: depends on}\n"


def read(text: str, *said: str) -> Plan:
    return read_plan(f"---\nreading:\n{''.join(said)}---\n\n{text}".encode())


def shown(plan: Plan) -> list[tuple[str, str, list[str]]]:
    return [(item.title, item.priority, [d.title for d in item.depends_on]) for item in plan.items]


def test_lists_are_read_at_the_level_and_below_the_heading_that_somebody_names() -> None:
    plan = read(WISHES, "  items: lists\n", "  level: 2\n", "  below: [Wunschzettel]\n", NAMES)
    assert shown(plan) == [
        ("Teig mischen", "P1", []), ("Ofen heizen", "P3", ["Teig mischen"]), ("Kasse zählen", "P3", [])
    ]  # fmt: skip


def test_columns_mean_what_somebody_says() -> None:
    plan = read(TABLE, "  items: tables\n", "  names: {Was denn: title, Dringl.: priority, zuerst: depends on}\n")
    assert shown(plan) == [("Teig", "P1", []), ("Ofen", "P2", ["Teig"])]


@pytest.mark.parametrize("level", ["", "  level: 3\n"])
def test_headings_are_read_where_somebody_says(level: str) -> None:
    plan = read(HEADS, "  items: headings\n", level, "  below: [Backstube]\n", NAMES.replace("Dringl.: priority, ", ""))
    assert shown(plan) == [("Teig mischen", "P3", []), ("Ofen heizen", "P3", ["Teig mischen"])]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("  below: [Nirgends]\n", "line 2: the plan has no heading 'Nirgends'"),
        ("  names: {Nirgends: title}\n", "line 2: the plan has no column or label 'Nirgends'"),
        ("  names: {Dringl.: colour}\n", "line 2: 'colour' is no field of an item"),
        ("  items: pictures\n", "Invalid enum value 'pictures' - at `$.items`"),
        ("  level: deep\n", "Expected `int`, got `str` - at `$.level`"),
        ("  below: Wunschzettel\n", "Expected `array`, got `str` - at `$.below`"),
        ("  kind: lists\n", "Object contains unknown field `kind`"),
    ],
)
def test_what_the_plan_does_not_have_is_refused(said: str, complaint: str) -> None:
    with pytest.raises(PlanError) as error:
        read(WISHES, said)
    assert complaint in error.value.message


def test_a_model_says_how_a_plan_is_read_and_the_plan_proves_it(tmp_path: Path) -> None:
    root = write_library(tmp_path, **{"action-plan.md": WISHES})
    names = [{"label": "Dringl.", "means": "priority"}, {"label": "zuerst", "means": "depends on"}]
    proposed = {"items": "lists", "level": 2, "below": ["Wunschzettel"], "names": names}
    with serving(data({**proposed, "below": ["Nirgends"]}), data(proposed)) as server:
        keys = {"PROCAUTHOR_BASE_URL": server.url, "OPENAI_API_KEY": "sk-of-nobody"}
        command = ("-C", root, "plan", "--model", "openai:any")
        assert "no heading 'Nirgends'" in run(*command, code=2, **keys).stderr
        assert (root / "action-plan.md").read_text() == WISHES
        assert "Kasse zählen" in run(*command, **keys).stdout
    assert "Teig mischen" in words_of(server.requests[0])
    assert (root / "action-plan.md").read_text().endswith(WISHES)
    items = run_json("-C", root, "plan", root / "action-plan.md")["items"]
    assert [(item["title"], item["line"]) for item in items] == [
        ("Teig mischen", 10), ("Ofen heizen", 12), ("Kasse zählen", 15)
    ]  # fmt: skip
    run("-C", root, "undo")
    assert (root / "action-plan.md").read_text() == WISHES
