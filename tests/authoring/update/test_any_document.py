"""A document of any shape can be updated, whatever headings it has or lacks."""

from pathlib import Path

import pytest

from tests.cli.inside import run

DOCUMENTS = {
    "title and a paragraph": "# A\n\nold words here\n",
    "text without a heading": "old text only\n\nsecond old paragraph\n",
    "no line ending": "old text",
    "front matter and text": "---\nowner: somebody\n---\n\nold text\n",
    "only a table": "| a | b |\n|---|---|\n| old | x |\n",
    "only a list": "- old item\n- two\n",
    "odd levels": "#### Deep\n\nold text\n\n## Two\n\nold more\n\n###### six\n\nold\n",
    "underlined title": "Title\n=====\n\nold text\n\nSub\n---\n\nold sub\n",
    "underlined section only": "Sub only\n---\n\nold sub\n",
    "two titles": "# One\n\nold\n\n# Two\n\nold\n",
    "section before title": "## A\n\nold\n\n# B\n\nold\n",
    "headings without words": "#\n\nold\n\n##\n\nold\n",
    "text before the title": "old intro\n\n# T\n\nold text\n\n## S\n\nold\n",
    "carriage returns": "# T\r\n\r\nold text\r\n",
    "byte order mark": "\ufeff# T\n\nold text\n",
}
WITHOUT = {
    "metadata in words": "**Owner:** old\n\ntext\n",
    "nothing": "",
    "only front matter": "---\nid: x\n---\n",
    "quote": "# Q\n\n> old quote\n",
    "code": "```\nold\n```\n",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_words_are_replaced_everywhere_and_nothing_else(name: str, tmp_path: Path) -> None:
    (tmp_path / "procauthor.toml").write_text("", encoding="utf-8")
    file = tmp_path / "d.md"
    file.write_bytes(DOCUMENTS[name].encode())
    run("-C", tmp_path, "update", "d.md", "replace 'old' with 'new'")
    run("-C", tmp_path, "accept")
    assert file.read_bytes() == DOCUMENTS[name].replace("old", "new").encode()


@pytest.mark.parametrize("name", WITHOUT)
def test_what_holds_no_such_words_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    (tmp_path / "procauthor.toml").write_text("", encoding="utf-8")
    (tmp_path / "d.md").write_bytes(WITHOUT[name].encode())
    assert "hint:" in run("-C", tmp_path, "update", "d.md", "replace 'old' with 'new'", code=2).stderr
