"""The page about all rules."""

from __future__ import annotations

from collections.abc import Iterator

from pages.text import read_opening
from procauthor.checking.rule import FAMILIES
from procauthor.checking.scope import Rule


def render_page() -> str:
    """Return the page as Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield read_opening("rules.md")
    for rule in _rules():
        yield f"| [{rule.name}](#{rule.name}) | {rule.code} | {rule.severity} | {_shown(rule.summary)} |"
    for family in FAMILIES:
        yield f"\n## {family.title}"
        for rule in family.rules:
            yield from _rule(rule)


def _rules() -> Iterator[Rule]:
    for family in FAMILIES:
        yield from family.rules


def _rule(rule: Rule) -> Iterator[str]:
    yield f"\n### {rule.name}\n"
    yield f"{rule.code}, {rule.severity}. {_shown(rule.summary)}\n"
    yield f"- **Why:** {_shown(rule.why)}"
    yield f"- **Example:** {_code(rule.example)}"
    yield f"- **Fix:** {_shown(rule.fix)}"


def _shown(text: str) -> str:
    """Keep marks of Markdown and HTML from being read as such."""
    for mark in "\\|<[*_":
        text = text.replace(mark, f"\\{mark}")
    return text


def _code(text: str) -> str:
    """Return an example as code."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"
