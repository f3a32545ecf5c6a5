"""The proof of a rewriting: what stays must be read as it was."""

import pytest

from procauthor.errors import LibraryError
from procauthor.markdown.document import Replacement
from procauthor.markdown.parse import parse
from procauthor.markdown.proof import rewrite

RAW = b"""---
id: x
tags: [a, b]
---
# Title

One **two** [three](x.md "t") `four` <b>five</b>
six[^n]

- seven
  - eight

| nine | ten |
|---|---|
| 11 | 12 |

```sh
code
```

[^n]: note

[def]: y.md
[r]: z.md

Last [r].
"""


def change(old: str, new: str, shown: str | None = None) -> bytes:
    start = RAW.index(old.encode())
    return rewrite("p.md", parse(RAW), [Replacement(start, start + len(old), new, shown)])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("One", "1"),
        ("seven", "seven\n- more"),
        ("| 11", "| x | y |\n| 11"),
        ("id: x", "id: x\nnew: 1"),
        ("# Title", "T\n="),
    ],
)
def test_what_touches_nothing_else_is_proven(old: str, new: str) -> None:
    assert change(old, new) == RAW.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("two**", "two*", 7),
        ("x.md", "y.md", 7),
        ("z.md", "y.md", 26),
        ('"t"', '"u"', 7),
        ("four`", "four", 7),
        ("One ", "```\n", 7),
        ("One ", "<!-- ", 6),
        ("One ", "a\n\n    ", 7),
        ("six", "> six", 7),
        ("  - e", "- e", 11),
        ("| 11", "| 11 | 11", 15),
        ("\n```\n\n[^n]", "\n\n[^n]", 17),
        ("```sh", "```py", 18),
        ("[^n]: note", "[^m]: note", 8),
        ("[a, b]\n---\n", "[a, b]\n", 1),
        ("tags:", "- tags:", 1),
        ("[r]: z.md", "text\n[r]: z.md", 26),
    ],
)  # fmt: skip
def test_what_would_be_read_otherwise_is_named_with_its_line(old: str, new: str, line: int) -> None:
    with pytest.raises(LibraryError, match=r"^p.md:\d+: ") as caught:
        change(old, new)
    assert caught.value.message.startswith(f"p.md:{line}: "), caught.value.message


@pytest.mark.parametrize(
    ("new", "shown"), [("a *b*", "a *b*"), ("a `b`", "a `b`"), ("[x](y)", "[x](y)"), ("a\n\nb", "a b")]
)
def test_words_that_are_read_as_something_else_are_refused(new: str, shown: str) -> None:
    with pytest.raises(LibraryError, match=r"^p.md:7: "):
        change("One", new, shown)
    assert change("One", "\\*a\\*", "*a*")
