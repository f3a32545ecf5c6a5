"""Cutting documents into chunks."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procauthor.retrieval.chunk import Chunk
from tests.retrieval.support import cut_text


def cut(text: str, context: str = "") -> list[Chunk]:
    return cut_text("a/b.md", text, context)


def test_each_section_is_a_chunk_that_knows_where_it_stands() -> None:
    chunks = cut("---\nid: X\n---\n# Title\n\nIntro.\n\n## Purpose\n\nWhy.\n\n### Detail\n\nMore.\n")
    assert [(c.heading, c.slug, c.line, c.text) for c in chunks] == [
        ("Title", "title", 4, "Intro."),
        ("Purpose", "purpose", 8, "Why."),
        ("Detail", "detail", 12, "More."),
    ]
    assert chunks[2].headings == ("Title", "Purpose", "Detail")
    assert {c.title for c in chunks} == {"Title"}
    assert chunks[2].id == chunks[2].place == "a/b.md#detail"
    assert chunks[2].hash == hashlib.sha256(b"More.").hexdigest()


def test_a_section_without_text_is_found_by_its_heading() -> None:
    assert [(c.heading, c.text) for c in cut("# Title\n## Empty\n## Full\ntext\n")] == [
        ("Title", ""),
        ("Empty", ""),
        ("Full", "text"),
    ]


def test_text_before_the_first_heading_is_a_chunk_of_its_own() -> None:
    first, second = cut("Hello.\n\n# \n\nUnder an empty heading.\n")
    assert (first.heading, first.slug, first.line, first.text) == ("", "", 1, "Hello.")
    assert first.id != second.id


def test_comments_are_not_part_of_the_text() -> None:
    (chunk,) = cut("# T\n\n<!-- guidance\nfor authors -->\n\nShown <!-- hidden --> text.\n")
    assert chunk.text.split() == ["Shown", "text."]


def test_context_helps_to_find_but_is_not_shown() -> None:
    (chunk,) = cut("# T\n\nText.\n", context="release")
    assert (chunk.text, chunk.context) == ("Text.", "release")


def test_a_long_section_is_cut_between_paragraphs() -> None:
    paragraphs = [f"Paragraph {n} " + "word " * 88 for n in range(6)]
    chunks = cut("# T\n\n## Long\n\n" + "\n\n".join(paragraphs) + "\n")[1:]
    assert [c.id for c in chunks] == ["a/b.md#long", "a/b.md#long~2", "a/b.md#long~3"]
    assert [c.line for c in chunks] == [3, 9, 13]
    assert all(c.text.startswith("Paragraph") and len(c.text.split()) <= 250 for c in chunks)
    assert "\n\n".join(c.text for c in chunks).split() == " ".join(paragraphs).split()


@pytest.mark.parametrize(
    "block", ["- one two three four five\n" * 200, "word " * 1500, "```\n" + "a b c\n" * 400 + "```"]
)
def test_a_block_that_is_too_long_is_cut_inside(block: str) -> None:
    chunks = cut(f"# T\n\n{block}\n")
    assert len(chunks) > 2
    assert max(len(c.text.split()) for c in chunks) <= 300
    assert " ".join(c.text for c in chunks).split() == block.split()


@given(st.text(alphabet="ab #\n-`>~*|<!é😀", max_size=300))
def test_any_document_can_be_cut_and_ids_are_unique(text: str) -> None:
    chunks = cut(text)
    assert len({c.id for c in chunks}) == len(chunks)
    assert all(1 <= c.line <= text.count("\n") + 1 for c in chunks)


def test_cutting_and_opening_load_no_numpy_and_a_search_no_chroma() -> None:
    code = (
        "import sys, tempfile, pathlib\n"
        "from procauthor.markdown.parse import parse\n"
        "from procauthor.retrieval.chunk import chunk_document\n"
        "from procauthor.retrieval.index import SectionIndex\n"
        "with SectionIndex.open(pathlib.Path(tempfile.mkdtemp())) as index:\n"
        "    document = parse(b'# Hello\\n\\nWorld.\\n')\n"
        "    chunks = chunk_document('a.md', document.source, document.outline)\n"
        "    assert 'numpy' not in sys.modules\n"
        "    index.sync(chunks)\n"
        "    assert index.search('world')\n"
        "assert not {'chromadb', 'langchain', 'onnxruntime', 'httpx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
