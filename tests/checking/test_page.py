from pathlib import Path

from procauthor.checking.page import render_page
from procauthor.checking.rule import RULES
from procauthor.markdown.parse import parse

PAGE = Path(__file__).parents[2] / "docs/rules.md"


def test_the_page_about_the_rules_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render_page(), "run python -m procauthor.checking.page > docs/rules.md"


def test_every_rule_has_its_heading_and_its_link() -> None:
    document = parse(PAGE.read_bytes())
    assert {h.text for h in document.headings if h.level == 3} == set(RULES)
    assert {link.target.lstrip("#") for link in document.links} == set(RULES)
    assert not document.comments[1:]
    assert not document.problems
