from pages import ROOT
from procauthor.checking.rule import RULES
from procauthor.markdown.parse import parse


def test_every_rule_has_its_heading_and_its_link() -> None:
    document = parse((ROOT / "rules.md").read_bytes())
    assert {h.text for h in document.headings if h.level == 3} == set(RULES)
    assert {link.target.lstrip("#") for link in document.links} == set(RULES)
    assert not document.comments[1:]
    assert not document.problems
