"""Bytes to a document with spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procauthor.markdown.document import Replacement, Slugger, replace_spans
from procauthor.markdown.parse import parse

SAMPLE = """# A *title* with `code`

Intro with [a link](other.md#part) and [text][ref] and ![picture](i.png).

## 1. First é

- one
  - nested
- [ ] open
- [x] done

```python
# no heading
[no](link.md)
```

<!-- hidden
[no](link2.md) -->

## First é

| A | B |
|---|---|
| x | [y](z.md) |

[ref]: ./ref.md
"""


def test_a_list_in_a_quote_is_no_part_of_the_next_list() -> None:
    document = parse(b"# T\n\n> - quoted\n\n## A\n\n- own\n")
    assert [i.text for s in document.sections for b in s.blocks for i in b.items] == ["own"]


def test_headings_have_level_line_and_github_slug() -> None:
    document = parse(SAMPLE.encode())
    assert [(h.level, h.line, h.slug) for h in document.headings] == [
        (1, 1, "a-title-with-code"),
        (2, 5, "1-first-é"),
        (2, 20, "first-é"),
    ]


def test_repeated_headings_get_counted_anchors() -> None:
    slugger = Slugger()
    assert [slugger.slug(text) for text in ("Set up", "Set up", "Set up-1", "Set up")] == [
        "set-up",
        "set-up-1",
        "set-up-1-1",
        "set-up-2",
    ]


def test_links_in_code_and_comments_are_no_links() -> None:
    document = parse(SAMPLE.encode())
    assert [(link.target, link.line) for link in document.links] == [
        ("other.md#part", 3),
        ("./ref.md", 3),
        ("i.png", 3),
        ("z.md", 24),
    ]


def test_items_know_nesting_ticks_and_their_own_text() -> None:
    (block,) = [b for s in parse(SAMPLE.encode()).sections for b in s.blocks if b.kind == "list"]
    assert [(i.text, i.level, i.checked) for i in block.items] == [
        ("one", 0, None),
        ("nested", 1, None),
        ("open", 0, False),
        ("done", 0, True),
    ]
    assert [SAMPLE.encode()[i.marker : i.marker + 1] for i in block.items[2:]] == [b" ", b"x"]


def test_a_comment_gives_its_text_and_an_unclosed_one_a_problem() -> None:
    assert parse(SAMPLE.encode()).comments[0].text.startswith(" hidden")
    assert parse(b"# A\n\n<!-- never closed\n\n## B\n").problems[0].kind == "unclosed-block"


@pytest.mark.parametrize("text", ["```\ncode\n", "~~~\ncode\n```\n", "````\n```\n"])
def test_a_fence_that_is_never_closed_is_a_problem(text: str) -> None:
    assert [p.kind for p in parse(text.encode()).problems] == ["unclosed-block"]


@pytest.mark.parametrize(
    "text", ["```\ncode\n```\n", "````\n```\n````\n", "```\ncode\n```  \n\ntext\n", "    indented\n"]
)
def test_a_fence_that_is_closed_is_none(text: str) -> None:
    assert parse(text.encode()).problems == ()


def test_front_matter_is_read_with_spans() -> None:
    raw = b"---\nid: x\nStatus: Placeholder\ntags: [a, b]\n---\n# T\n"
    document = parse(raw)
    assert document.metadata == {"id": "x", "status": "Placeholder", "tags": ["a", "b"]}
    field = document.fields["status"]
    assert (raw[field.start : field.end].strip(), field.line) == (b"Placeholder", 3)
    assert document.headings[0].line == 6


def test_a_yaml_bomb_is_refused_without_expanding_it() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1},*a{n - 1},*a{n - 1}]" for n in range(1, 40)]
    document = parse(("---\n" + "\n".join(lines) + "\n---\n# T\n").encode())
    assert [p.kind for p in document.problems] == ["bad-front-matter"]


@pytest.mark.parametrize("body", ["- a\n- b\n", "key: [unclosed\n", "just words\n"])
def test_front_matter_that_is_no_mapping_is_a_problem(body: str) -> None:
    assert [p.kind for p in parse(f"---\n{body}---\n# T\n".encode()).problems] == ["bad-front-matter"]


def test_bold_fields_at_head_and_foot_are_metadata_and_a_bullet_in_a_section_is_not() -> None:
    head = parse(b"# T\n\n**Status:** Defined  \n**Owner**: Team\n\n## A\n\n- **Status:** no\n")
    assert head.metadata == {"status": "Defined", "owner": "Team"}
    foot = parse(b"# T\n\ntext\n\n## A\n\ntext\n\n---\n\n**Last Reviewed:** today\n")
    assert foot.metadata == {"last_reviewed": "today"}


def test_crlf_and_a_byte_order_mark_leave_lines_and_slugs_as_they_are() -> None:
    raw = b"\xef\xbb\xbf" + SAMPLE.replace("\n", "\r\n").encode()
    document = parse(raw)
    assert [(h.line, h.slug) for h in document.headings] == [(h.line, h.slug) for h in parse(SAMPLE.encode()).headings]
    assert document.source.newline == "\r\n"


def test_sections_form_a_tree() -> None:
    document = parse(b"# A\n\n## B\n\n### C\n\n## D\n")
    b = document.sections[2]
    assert [s.title for s in document.children(document.sections[1])] == ["B", "D"]
    assert [s.title for s in document.family(b)] == ["B", "C"]
    assert document.path(document.sections[3]) == ("A", "B", "C")
    assert document.end(b) == document.sections[4].start


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        parse(b"# \xff\n")


@given(st.text(alphabet="#*-`[]()<>! \n\r\tab1|:~é\x00", max_size=200))
def test_any_text_parses_and_every_span_lies_within_the_bytes(text: str) -> None:
    raw = text.encode()
    document = parse(raw)
    assert document.source.raw == raw
    spans = [(s.start, s.end) for s in document.sections]
    spans += [(b.start, b.end) for s in document.sections for b in s.blocks]
    spans += [(link.start, link.end) for link in document.links]
    assert all(0 <= start <= end <= len(raw) for start, end in spans)
    assert b"".join(raw[s.start : s.end] for s in document.sections) == raw[document.sections[0].start :]


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), max_size=6))
def test_an_edit_leaves_all_other_bytes(raw: bytes, places: list[tuple[int, int]]) -> None:
    spans: list[tuple[int, int]] = []
    for start, length in sorted(places):
        end = min(start + length, len(raw))
        if start <= len(raw) and (not spans or start >= spans[-1][1]):
            spans.append((start, end))
    edited = replace_spans(raw, [Replacement(start, end, "<new>") for start, end in spans])
    kept = [raw[a:b] for a, b in zip([0, *(e for _, e in spans)], [*(s for s, _ in spans), len(raw)], strict=True)]
    assert edited == b"<new>".join(kept)


@pytest.mark.parametrize("mark", [b"\r\n", b"\n> "])
def test_places_in_html_count_the_bytes_between_its_lines(mark: bytes) -> None:
    raw = mark.join(
        [b"> <p>" if b">" in mark else b"<p>", b'<img src="a.md">', b'<!-- x --> <a href="b.md">t</a>', b""]
    )
    document = parse(raw)
    assert [raw[link.start : link.end] for link in document.links] == [b'<img src="a.md"', b'<a href="b.md"']
    assert [raw[c.start : c.end] for c in document.comments] == [b"<!-- x -->"]
