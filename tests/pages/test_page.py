"""Generated pages say what the code says."""

import pytest

from pages import PAGES, ROOT


@pytest.mark.parametrize("path", PAGES)
def test_a_generated_page_is_current(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == PAGES[path](), "run python -m pages"
