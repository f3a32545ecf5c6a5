"""Front matter: read in every form, and edited in every form of YAML without a byte too many."""

import random
from collections.abc import Sequence

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from procauthor.errors import FrontMatterError
from procauthor.markdown.document import Document, replace_spans
from procauthor.markdown.front import Cut, Drop, Extend, FrontEdit, Put, edit_front_matter, write_front_matter
from procauthor.markdown.parse import parse

BODY = "\n# Page\n\nstatus: is no field here.\n"


def edited(text: str, *edits: FrontEdit) -> str:
    document = parse(text.encode())
    return replace_spans(document.source.raw, edit_front_matter(document, "page.md", edits)).decode()


STATUS = {
    "plain": ("id: a\nstatus: Defined\nx: 1\n", "id: a\nstatus: Deprecated\nx: 1\n"),
    "comment": ("status: Defined  # why\n", "status: Deprecated  # why\n"),
    "single quotes": ("status: 'Defined' # why\n", "status: 'Deprecated' # why\n"),
    "double quotes": ('status: "Defined"\n', 'status: "Deprecated"\n'),
    "empty": ("status:\nx: 1\n", "status: Deprecated\nx: 1\n"),
    "empty with a comment": ("status: # none\n", "status: Deprecated # none\n"),
    "folded": ("status: >-\n  Defined\n\nx: 1\n", "status: Deprecated\n\nx: 1\n"),
    "literal with a comment": ("status: | # why\n  Defined\n  now\n", "status: Deprecated # why\n"),
    "over two lines": ("status: Defined\n  and more\nx: 1\n", "status: Deprecated\nx: 1\n"),
    "quoted over two lines": ('status: "Defined\n  and"\nx: 1\n', 'status: "Deprecated"\nx: 1\n'),
    "a list": ("status:\n- a\n\n# why\n- b # c\n# x\nx: 1\n", "status: Deprecated # c\n# x\nx: 1\n"),
    "indented": ("  id: a\n  status: Defined\n", "  id: a\n  status: Deprecated\n"),
    "missing": ("id: a\n\n# the end\n", "id: a\n\n# the end\nstatus: Deprecated\n"),
    "missing and indented": ("  id: a\n", "  id: a\n  status: Deprecated\n"),
    "missing behind kept lines": ("id: |+\n  a\n\n", "id: |+\n  a\n\nstatus: Deprecated\n"),
    "flow": ("{id: a, status: Defined}\n", "{id: a, status: Deprecated}\n"),
    "missing in flow": ("{id: a}\n", "{id: a, status: Deprecated}\n"),
    "missing in lines of flow": ("{\n  id: a, # why\n}\n", "{\n  id: a, status: Deprecated, # why\n}\n"),
    "empty flow": ("{}\n", "{status: Deprecated}\n"),
    "nothing": ("", "status: Deprecated\n"),
    "only a comment": ("# why\n", "# why\nstatus: Deprecated\n"),
    "quoted key": ('"status": Defined\n', '"status": Deprecated\n'),
    "spaced key": ("Status  : Defined\n", "Status  : Deprecated\n"),
    "anchor": ("status: &s Defined\nx: 1\n", "status: &s Deprecated\nx: 1\n"),
    "alias": ("old: &s Defined\nstatus: *s\n", "old: &s Defined\nstatus: Deprecated\n"),
    "tag": ("status: !!str Defined\n", "status: !!str Deprecated\n"),
    "signs of two bytes": ("titel: Prüfung\nstatus: Entwürfe\n", "titel: Prüfung\nstatus: Deprecated\n"),
}


@pytest.mark.parametrize("closing", ["---", "..."])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("before", "after"), STATUS.values(), ids=STATUS)
def test_a_value_is_set_in_every_form(before: str, after: str, newline: str, closing: str) -> None:
    def page(front: str) -> str:
        return "\ufeff" + f"---\n{front}{closing}\n{BODY}".replace("\n", newline)

    assert edited(page(before), Put("status", "Deprecated")) == page(after)


LISTS = {
    "flat": ("needs:\n- A\n", "needs:\n- A\n- 'B: \"x\"'\n"),
    "indented": ("needs:\n  -   A # why\n# c\nx: 1\n", "needs:\n  -   A # why\n  -   'B: \"x\"'\n# c\nx: 1\n"),
    "lines between": ("needs:\n- A\n\n- C\n\nx: 1\n", "needs:\n- A\n\n- C\n- 'B: \"x\"'\n\nx: 1\n"),
    "flow": ("needs: [A, C] # why\n", "needs: [A, C, 'B: \"x\"'] # why\n"),
    "lines of flow": ("needs: [\n  A, # a\n]\n", "needs: [\n  A, 'B: \"x\"', # a\n]\n"),
    "empty flow": ("needs: []\n", "needs: ['B: \"x\"']\n"),
    "one text": ("needs: A # why\n", "needs:\n- A\n- 'B: \"x\"' # why\n"),
    "nothing": ("needs: # yet\nx: 1\n", "needs: # yet\n- 'B: \"x\"'\nx: 1\n"),
    "missing": ("tags:\n  - t\n", "tags:\n  - t\nneeds:\n  - 'B: \"x\"'\n"),
    "all in flow": ("{needs: [A]}\n", "{needs: [A, 'B: \"x\"']}\n"),
    "literal at the end": ("needs:\n- |\n  A\n  # no comment\nx: 1\n", "needs:\n- |\n  A\n  # no comment\n- 'B: \"x\"'\nx: 1\n"),
    "aliases": ("a: &a A\nneeds:\n- *a # why\n", "a: &a A\nneeds:\n- *a # why\n- 'B: \"x\"'\n"),
}  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("before", "after"), LISTS.values(), ids=LISTS)
def test_a_list_grows_in_its_form(before: str, after: str, newline: str) -> None:
    page, wanted = (f"---\n{front}---\n{BODY}".replace("\n", newline) for front in (before, after))
    assert edited(page, Extend("needs", ['B: "x"'])) == wanted


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("id: a\nstatus: |\n  x\n  y\nz: 1\n", "id: a\nz: 1\n"),
        ("status:\n- a\n\n- b # c\n# kept\nz: 1\n", "# kept\nz: 1\n"),
        ("{id: a, status: x, z: 1}\n", "{id: a, z: 1}\n"),
        ("{id: a, status: x}\n", "{id: a}\n"),
        ("status: x\n", ""),
        ("id: a\n", "id: a\n"),
    ],
)
def test_a_key_goes_whole(before: str, after: str) -> None:
    assert edited(f"---\n{before}---\n{BODY}", Drop("status")) == f"---\n{after}---\n{BODY}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("needs:\n- A\n- B # b\n\n- C\n", "needs:\n- A\n\n- C\n"),
        ("needs: [A, B, C]\n", "needs: [A, C]\n"),
        ("needs: [A, B]\n", "needs: [A]\n"),
        ("needs: [B, B, A, B, B, C] # why\n", "needs: [A, C] # why\n"),
        ("needs:\n  - B\nx: 1\n", "needs: []\nx: 1\n"),
        ("needs: B\n", "needs: []\n"),
    ],
)
def test_an_item_goes(before: str, after: str) -> None:
    assert edited(f"---\n{before}---\n{BODY}", Cut("needs", "B")) == f"---\n{after}---\n{BODY}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("+++\nstatus = 'x'\n+++\n", "page.md:1: the front matter is TOML"),
        ('{"status": "x"}\n', "page.md:1: front matter of this kind is not read"),
        ("---\nid: a\nstatus: x\nStatus: y\n---\n", "page.md:4: the key 'status' is given twice"),
        ("---\nstatus: {{ page.x }}\n---\n", "page.md:1: front matter is no valid YAML"),
        ("---\n- status\n---\n", "page.md:1: front matter is no mapping"),
        ("---\nid: a\nstatus: &s x\nold: *s\n---\n", "page.md:3: 'status' in the front matter cannot be changed"),
    ],
)
def test_what_cannot_be_edited_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(FrontMatterError, match=words.replace("{", r"\{")):
        edited(text + BODY, Put("status", "Deprecated"))


@pytest.mark.parametrize(
    "value", ["a: b", "yes", "1", "- x", "#x", "it's", '"', "a\tb", "ü\u2028", " x ", "", "---", "2"]
)
def test_every_text_is_written_so_that_it_is_read_again(value: str) -> None:
    edits = [Put("one", value), Put("two", [value, "x"]), Put("three", 3)]
    wanted = {"one": value, "two": [value, "x"], "three": 3}
    assert parse(write_front_matter(edits).encode()).metadata == wanted
    assert parse(edited("---\n{}\n---\n", *edits).encode()).metadata == wanted


# TOML, titles


def test_toml_is_read_and_is_no_text_of_the_document() -> None:
    toml = parse("\ufeff+++\r\ntitle = 'Plan'\r\nStatus = \"Defined\"\r\nneeds = [\r\n 'A',\r\n]\r\n[x]\r\ny = 1\r\n+++\r\nA text.\r\n".encode())  # fmt: skip
    assert toml.metadata == {"title": "Plan", "status": "Defined", "needs": ["A"], "x": {"y": 1}}
    assert (toml.title, toml.fields["status"].line, [b.text for b in toml.sections[0].blocks]) == (
        "Plan",
        3,
        ["A text."],
    )


@pytest.mark.parametrize(
    "text", ["+++\nkey = \n+++\n# A\n", "+++\na = 1\na = 2\n+++\n# A\n", "+++\n" + "x = " + "[" * 20000 + "\n+++\n"]
)
def test_toml_that_is_none_is_a_problem(text: str) -> None:
    assert [p.kind for p in parse(text.encode()).problems] == ["bad-front-matter"]


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("---\nid: a\nstatus: Defined\n\n# A\n", "never closed", 1),
        ("\ufeff---\nid: a\nstatus:\n# A\n", "never closed", 1),
        ("+++\nid = 1\n\n# A\n", "never closed", 1),
        ('{\n  "id": "a",\n}\n\n# A\n', "not read", 1),
        ("\n\n---\nid: a\n---\n# A\n", "from the first line on", 3),
        ("<!-- Licence\nMIT -->\n---\nid: a\n---\n# A\n", "from the first line on", 3),
        ("# A\n\n---\nid: a\n---\n", "from the first line on", 3),
        ("\n+++\nid = 1\n+++\n# A\n", "from the first line on", 2),
        ("---yaml\nid: a\n---\n# A\n", "not read", 1),
        (";;;\n{}\n;;;\n# A\n", "not read", 1),
        ("---\rid: a\r---\r# A\r", "not read", 1),
        ("Title: A\nAuthor: B C\n\n# A\n", "'---' before and behind", 1),
    ],
)
def test_what_was_meant_as_front_matter_is_said_and_gets_no_second_one(text: str, words: str, line: int) -> None:
    document = parse(text.encode())
    assert [(p.kind, words in p.message) for p in document.problems] == [("bad-front-matter", True)]
    with pytest.raises(FrontMatterError, match=f"page.md:{line}: "):
        edited(text, Put("status", "Deprecated"))


@pytest.mark.parametrize(
    "text",
    [
        "---\n\n# A\n",
        "---\nNote: read this.\n",
        "---\nnote: read this.\nMore prose.\n",
        "\n---\n\ntext: x\n\n---\n",
        "+++\n",
        "# A\n\n---\n\nText.\n\n---\n",
        "# A\n\nText.\n\n---\nid: a\n---\n",
        "Note: read this.\nHint: and this.\n\n# A\n",
        "Status: read this.\n\n# A\n",
    ],
)
def test_a_rule_at_the_top_is_no_problem(text: str) -> None:
    assert parse(text.encode()).problems == ()


@pytest.mark.parametrize("text", ["{% include x %}\n", "{ a }\n\n# A\n", '{"a": 1} and more\n', "+++\n# A\n", "[1]\n"])
def test_what_only_looks_like_front_matter_is_text(text: str) -> None:
    assert parse(text.encode()).front_matter is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: Plan\n---\n## A\n", "Plan"),
        ("---\ntitle: Plan\n---\n# Heading\n", "Heading"),
        ("---\ntitle: 2026\n---\n", "2026"),
        ("---\ntitle: [a]\n---\n", ""),
        ("**Title:** Plan\n", ""),
    ],
)
def test_the_title_is_the_first_heading_else_that_of_the_front_matter(text: str, title: str) -> None:
    assert parse(text.encode()).title == title


# Random edits


KEYS = ("id", "status", "owner", "depends_on", "open_questions", "note")
WORDS = ("Plan", "a: b", "it's", "Prüfung", "10", "x # y", "[z]", "two words")


def scalar_lines(r: random.Random, indent: str) -> tuple[str, object]:
    word = r.choice(WORDS)
    quoted = "'" + word.replace("'", "''") + "'"
    forms = [
        (f" {quoted}", word),
        (" " + yaml.safe_dump(word, default_style='"', allow_unicode=True).strip(), word),
        (" plain", "plain"),
        (" 7", 7),
        ("", None),
        (f" >-\n{indent}  folded\n{indent}  text\n", "folded text"),
        (f" |\n{indent}  literal\n{indent}  # text\n", "literal\n# text\n"),
        (f" over\n{indent}  two lines", "over two lines"),
    ]
    return r.choice(forms)


def list_lines(r: random.Random, indent: str) -> tuple[str, object]:
    words = [r.choice(WORDS) for _ in range(r.randint(1, 3))]
    quoted = ["'" + word.replace("'", "''") + "'" for word in words]
    if r.random() < 0.4:
        return " [" + r.choice([", ", f",\n{indent}   "]).join(quoted) + "]", words
    lead = indent + r.choice(["", "  "]) + "-" + r.choice([" ", "   "])
    between = r.choice(["", "\n", f"{indent}# between\n"])
    return "\n" + f"\n{between}".join(lead + each for each in quoted), words


def random_front(r: random.Random) -> tuple[str, dict[str, object]]:
    indent = r.choice(["", "", "  "])
    text, model = "", {}
    for key in r.sample(KEYS, r.randint(0, len(KEYS))):
        lines, value = (list_lines if r.random() < 0.4 else scalar_lines)(r, indent)
        comment = r.choice(["", "  # said"]) if "\n" not in lines and not isinstance(value, dict) else ""
        text += (
            f"{indent}{key}:{lines}".removesuffix("\n")
            + comment
            + "\n"
            + r.choice(["", "", "\n", f"{indent}# above\n"])
        )
        model[key] = value
    return text, model


def random_edit(r: random.Random, model: dict[str, object], key: str) -> FrontEdit:
    present = model.get(key)
    forms: list[FrontEdit] = [
        Put(key, r.choice(WORDS)),
        Put(key, list(WORDS[:2])),
        Extend(key, [r.choice(WORDS)]),
        Drop(key),
    ]
    if isinstance(present, list):
        forms += [Put(key, "Other", r.randrange(len(present))), Cut(key, r.choice(present))]
    return r.choice(forms)


def applied(model: dict[str, object], edits: Sequence[FrontEdit]) -> dict[str, object]:
    after = dict(model)
    for edit in edits:
        present = after.get(edit.key)
        items = present if isinstance(present, list) else [] if present is None else [present]
        match edit:
            case Drop():
                after.pop(edit.key, None)
            case Extend():
                after[edit.key] = [*items, *edit.items]
            case Cut():
                after[edit.key] = [item for item in items if item != edit.item]
            case Put(index=None):
                after[edit.key] = edit.value
            case Put(index=int(index)):
                after[edit.key] = [*items[:index], edit.value, *items[index + 1 :]]
    return after


def unmentioned(document: Document, edits: Sequence[FrontEdit]) -> list[bytes]:
    """Return how the values are written that no edit names."""
    raw = document.source.raw
    keys = {edit.key for edit in edits}
    return [raw[f.start : f.end] for key, f in document.fields.items() if key not in keys]


@given(st.integers(min_value=0), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=300, deadline=None)
def test_a_random_edit_gives_what_is_wanted_and_nothing_else(seed: int, newline: str) -> None:
    r = random.Random(seed)
    front, model = random_front(r)
    raw = r.choice(["", "\ufeff"]) + f"---\n{front}{r.choice(['---', '...'])}\n{BODY}".replace("\n", newline)
    before = parse(raw.encode())
    assert before.metadata == model
    edits = [random_edit(r, model, key) for key in r.sample(KEYS, r.randint(1, 3))]
    after = parse(edited(raw, *edits).encode())
    wanted = applied(model, edits)
    assert (list(after.metadata), after.metadata) == (list(wanted), wanted)
    assert unmentioned(after, edits) == unmentioned(before, edits)
    assert after.front_matter is not None
    assert before.front_matter is not None
    assert after.source.raw[after.front_matter[1] :] == before.source.raw[before.front_matter[1] :]
    assert after.source.raw.count(b"# above") == before.source.raw.count(b"# above")
