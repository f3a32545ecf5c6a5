"""Notations of site generators that are read: admonitions, tabs, ids in braces, and attributes without quotes."""

import pytest

from procauthor.markdown.document import Document, heading_span, replace_spans
from procauthor.markdown.parse import parse
from procauthor.markdown.target import read_spots


def read(text: str) -> Document:
    return parse(text.encode())


def targets(text: str) -> list[str]:
    return [link.target for link in read(text).links]


@pytest.mark.parametrize(
    "opening", ["!!! note", '!!! warning "Ü"', "??? tip", '???+ tip "x"', '=== "Tab"', '===! "Tab"']
)
@pytest.mark.parametrize("indent", ["", "    "])
def test_links_in_a_body_that_is_set_in_are_links(opening: str, indent: str) -> None:
    lines = [opening, "", "    Ü [a](a.md).", "", "    - [b](b.md)", "", "    ```", "    [no](no.md)", "", "    ```"]
    lead = "- An item.\n\n" if indent else ""
    body = "".join(f"{indent if line else ''}{line}\n" for line in lines)
    text = f"# T\n\n{lead}{body}\n## Next\n\n[c](c.md)\n"
    document = read(text)
    assert [link.target for link in document.links] == ["a.md", "b.md", "c.md"]
    raw = document.source.raw
    assert [raw[link.start : link.end] for link in document.links] == [b"[a](a.md)", b"[b](b.md)", b"[c](c.md)"]
    assert [h.text for h in document.headings] == ["T", "Next"]
    assert not document.problems


@pytest.mark.parametrize(
    "text",
    ["??? tip\n\t[a](a.md)\n", '!!! note "x"\n\n\t[a](a.md)\n', "- An item.\n\n\t!!! note\n\t\t[a](a.md)\n\n\tMore.\n"],
)
def test_a_body_may_be_set_in_with_tabs(text: str) -> None:
    document = read(f"# T\n\n{text}\n## Next\n")
    (link,) = document.links
    assert document.source.raw[link.start : link.end] == b"[a](a.md)"
    assert [h.text for h in document.headings] == ["T", "Next"]


def test_an_admonition_is_a_quote_with_its_own_items_and_no_item_of_a_list() -> None:
    document = read("# T\n\n!!! note\n\n    - inner\n\n- outer\n\n!!! note\n    More.\n\n1. one\n")
    blocks = [(b.kind, [i.text for i in b.items]) for s in document.sections for b in s.blocks]
    assert blocks == [("quote", ["inner"]), ("list", ["outer"]), ("quote", []), ("list", ["one"])]
    nested = read("- outer\n\n    !!! note\n        [a](a.md)\n\n- more\n")
    assert [(i.text, i.level) for b in nested.sections[0].blocks for i in b.items] == [("outer", 0), ("more", 0)]


@pytest.mark.parametrize(
    "text",
    [
        "```\n!!! note\n    [a](a.md)\n```\n",
        "~~~~\n```\n!!! note\n    [a](a.md)\n~~~~\n",
        "Text\n\n    [a](a.md)\n",
        "!!! note\n\nText\n\n    [a](a.md)\n",
        "===\n\n    [a](a.md)\n",
        "!!!note\n\n    [a](a.md)\n",
    ],
)
def test_examples_and_other_code_stay_code(text: str) -> None:
    assert targets(text) == []


@pytest.mark.parametrize(
    ("heading", "text", "anchors"),
    [
        ("## Setup {#custom}", "Setup", {"custom", "setup-custom"}),
        ("## Setup {: #custom .x }", "Setup", {"custom"}),
        ("## Setup { .x #custom data-y=1 } ##", "Setup", {"custom"}),
        ("Setup {#custom}\n----", "Setup", {"custom"}),
        ("## Setup {.x}", "Setup", set()),
        ("## Set {x}", "Set {x}", {"set-x"}),
        ("## {#alone}", "{#alone}", {"alone"}),
    ],
)
def test_a_heading_has_the_id_in_its_braces(heading: str, text: str, anchors: set[str]) -> None:
    document = read(f"# T\n\n{heading}\n\nWords.\n")
    assert document.headings[1].text == text
    assert anchors <= document.anchors
    assert ("custom" in document.anchors) == ("custom" in anchors)


def test_other_ids_in_braces_are_anchors_unless_they_are_examples() -> None:
    assert read("Words.\n{: #there }\n\n[x](a.md){#on-a-link}\n\n`{#no}` {# comment #}\n").anchors == {
        "there",
        "on-a-link",
    }


def test_what_is_written_of_a_heading_leaves_its_attributes() -> None:
    document = read("## Setup {#custom} ##\n")
    start, end = heading_span(document, document.headings[0])
    assert document.source.raw[start:end] == b"Setup"


@pytest.mark.parametrize(
    "tag", ["<a href=b.md>b</a>", "<a class=x href=b.md#y >b</a>", "<img src=b.md>", "<a href='b.md'>b</a>"]
)
def test_links_of_html_need_no_quotes(tag: str) -> None:
    document = read(f"Text {tag} more.\n\n<p>\n{tag}\n</p>\n")
    assert [link.target.partition("#")[0] for link in document.links] == ["b.md", "b.md"]
    edits = [(spot.start, spot.end) for spot in read_spots(document)]
    assert [document.source.raw[start:end].partition(b"#")[0] for start, end in edits] == [b"b.md", b"b.md"]
    assert replace_spans(document.source.raw, []) == document.source.raw


@pytest.mark.parametrize("mark", ["", "> ", "  "])
def test_each_picture_of_a_set_is_a_link(mark: str) -> None:
    written = (
        "- a\n\n  <p>\n  <img srcset='\n  ä.png?v=1 100w,\n  b%20b,c.png 2x,d.png' src=e.png>\n"
        '  <video poster="f.png"></video><object data=g.pdf></object><img srcset=h.png>\n'
        "  <source srcset='i.png, j.png,, k.png 1x,,'><img srcset=\", \"><img srcset>\n  </p>\n"
    )
    document = read("".join(mark + line for line in written.splitlines(keepends=True)))
    shown = ["ä.png?v=1", "b%20b,c.png", "d.png", "e.png", "f.png", "g.pdf", "h.png", "i.png", "j.png", "k.png"]
    assert [link.target for link in document.links] == shown
    assert [document.source.raw[spot.start : spot.end].decode() for spot in read_spots(document)] == shown
