"""Pages of ``docs/`` that follow from the code. They are outside the package, because nobody needs them at run time.

Each generated page begins with a file that is written by hand (``rules.md`` beside this one), and goes on with what
the code says. ``python -m pages`` writes all of them; a test fails while one is not current.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pages import python, rule, setting

ROOT = Path(__file__).parents[1] / "docs"
PAGES: dict[str, Callable[[], str]] = {
    "python.md": python.render_page,
    "rules.md": rule.render_page,
    "schema/settings.json": setting.render_schema,
    "settings.md": setting.render_page,
}
"""What makes the text of each page, by its path in ``docs/``."""
