"""Write all generated pages: ``python -m pages``."""

from pages import PAGES, ROOT

for path, render in PAGES.items():
    (ROOT / path).write_text(render(), encoding="utf-8")
