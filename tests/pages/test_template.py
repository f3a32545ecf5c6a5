"""The page about templates names each key, kind and role there is, and every example of it is a template."""

import re
from typing import get_args

import pytest

from pages import ROOT
from procauthor.checking.rule import RULES
from procauthor.markdown.document import Document
from procauthor.markdown.parse import parse
from procauthor.template.read import _KEYS, KINDS, read_template
from procauthor.template.spec import Constraint, Kind, words

RAW = (ROOT / "templates.md").read_bytes()
PAGE = parse(RAW)
EXAMPLES = re.findall(r"^```markdown\n(.*?)^```$", RAW.decode(), re.DOTALL | re.MULTILINE)


def section(heading: str) -> str:
    """Return the text of a section with its subsections."""
    chosen = next(s for s in PAGE.sections if s.title == heading)
    return RAW[chosen.start : max(s.end for s in PAGE.family(chosen))].decode()


def below(document: Document, heading: str) -> list[str]:
    chosen = next(s for s in document.sections if s.title == heading)
    return [s.title for s in document.children(chosen)]


def first_cells(heading: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", section(heading), re.MULTILINE)


def example(heading: str) -> bytes:
    (text,) = re.findall(r"^```markdown\n(.*?)^```$", section(heading), re.DOTALL | re.MULTILINE)
    return text.encode()


@pytest.mark.parametrize("text", EXAMPLES, ids=lambda text: text.strip().splitlines()[0])
def test_every_example_is_a_template_without_mistakes(text: str) -> None:
    assert read_template("example", text.encode()).mistakes == ()


def test_every_kind_of_section_has_an_example_of_it() -> None:
    kinds = below(PAGE, "What a section is made of")
    assert set(kinds) == set(get_args(Kind))
    for kind in kinds:
        assert read_template("example", example(kind)).sections[0].kind == kind


def test_every_key_has_an_example_that_demands_something() -> None:
    keys = below(PAGE, "Comments: guidance and demands")
    assert set(keys) == set(_KEYS)
    for key in keys:
        section = read_template("example", example(key)).sections[0]
        specs = (section, *section.parts)
        assert f"{key}:" in example(key).decode()
        assert key == "step" or any(
            s.constraint not in (Constraint(), Constraint(step=s.constraint.step)) for s in specs
        )
    assert read_template("example", example("step")).sections[0].constraint.step == 5


def test_every_role_is_listed_with_what_it_switches_on() -> None:
    assert first_cells("Roles of sections") == list(words().sections)
    assert first_cells("Roles of the parts of a step") == list(words().parts)
    rules = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", section("Roles")))
    assert rules <= set(RULES)


def test_every_kind_of_document_is_named() -> None:
    assert all(f"`{kind}`" in section("The whole file") for kind in KINDS)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("{name}", [("name", False, False)]),
        ("{name?}", [("name", True, False)]),
        ("[{name}](procedure)", [("name", False, True)]),
        ("[{name?}](procedure)", [("name", True, True)]),
    ],
)
def test_a_field_is_read_as_the_page_says(line: str, fields: list[tuple[str, bool, bool]]) -> None:
    assert line in first_cells("Fields")
    (spec,) = read_template("example", f"## A\n\n- {line}\n".encode()).sections
    assert spec.pattern
    assert [(slot.name, slot.optional, slot.reference) for slot in spec.pattern.slots] == fields
