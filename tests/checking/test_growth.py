"""Four times the text takes about four times the work, whatever the text is made of.

No clock is compared with a fixed number but to leave out what is quick: a command fails where four times the text takes
more than ten times the processor's time, and more than a third of a second. Where time grows with the square, it takes
sixteen.
"""

import random
import string
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.conftest import write_library

Make = Callable[[int], str]
HEAD = "# A Procedure\n\n## Purpose\n\n"
SIZE = 6_000
QUICK = 0.3
COMMANDS = (
    ("check", "--json"),
    ("evaluate", "--json"),
    ("search", "some word", "--json"),
    ("sync", "--check"),
    ("refs", "feature/grown.md"),
    ("plan", "feature/grown.md", "--json"),
    ("brief", "Release Check Procedure"),
    ("graph",),
)


def times(unit: str, head: str = HEAD, tail: str = "\n") -> Make:
    return lambda size: head + unit * (size // len(unit)) + tail


def counted(unit: str, head: str = "# A Procedure\n\n") -> Make:
    return lambda size: head + "".join(unit.format(k=k) for k in range(size // len(unit)))


def signs(alphabet: str) -> Make:
    return lambda size: HEAD + "".join(random.Random(1).choices(alphabet, k=size)) + "\n"


def wide(size: int) -> str:
    rows = ("|a", "|-", "|b", "|c")
    return "# A Procedure\n\n" + "".join(row * (size // 8) + "|\n" for row in rows)


def front(unit: str) -> Make:
    return lambda size: "---\n" + "".join(unit.format(k=k) for k in range(size // len(unit))) + "---\n" + HEAD


def deep(size: int) -> str:
    return HEAD + "".join("  " * k + "- a\n" for k in range(int(size**0.5)))


# The texts of a group are documents of one library.
GROUPS: dict[str, dict[str, Make]] = {
    "tokens": {
        "beginnings of tokens": times("eyJ"),
        "tokens with dots": times("eyJabcdefgh."),
        "base64": signs(string.ascii_letters + string.digits + "+/"),
        "names of secrets": times("token="),
        "secrets": times("password: Xk39QmP2vLw8 "),
        "begun keys": times("-----BEGIN PRIVATE KEY-----\n"),
    },
    "letters": {
        "Chinese": signs("".join(map(chr, range(0x4E00, 0x9FA5)))),
        "zero width": times("a\u200b"),
        "right to left": times("a\u200f"),
        "odd letters": times("ⅷﬁßŉ"),
        "combining": times("a\u0301"),
        "escapes": times("\x1b[1A"),
    },
    "headings": {
        "level 2": counted("## Heading {k}\n\n"),
        "the same": times("## Same\n\n"),
        "level 6": counted("###### Deep {k}\n\n"),
        "setext": times("Same\n---\n\n"),
        "one long": lambda size: f"# {'word ' * (size // 5)}\n",
        "one long name": lambda size: f"# {'Word' * (size // 4)} Procedure\n",
    },
    "marks": {
        "backticks": times("` `` ``` "),
        "brackets": times("["),
        "closed brackets": times("[a]"),
        "open links": times("]("),
        "emphasis": times("**a_ "),
        "stars": times("*"),
    },
    "blocks": {
        "a wide table": wide,
        "a long table": times("| a | b |\n", "# A\n\n| x | password |\n|---|---|\n"),
        "tables": counted("| password {k} | b |\n|---|---|\n| c | d |\n"),
        "deep lists": deep,
        "quotes": times("> "),
        "fences": times("```\nx\n```\n\n"),
    },
    "metadata": {
        "keys": front("k{k}: v\n"),
        "titles": front("- Thing {k} Procedure\n"),
        "open front matter": lambda size: "---\n" + "a: b\n" * (size // 5),
        "spaces in TOML": lambda size: f"+++\ntitle = 'A'\n{' ' * size}\n+++\n{HEAD}",
        "begun fields before a title": times("a {{ b {% ", "---\ntitle: A\n---\n\n", "\n\n# A Procedure\n"),
        "footnotes": counted("a[^{k}]\n\n[^{k}]: text\n\n"),
        "comments": times("<!-- a -->"),
        "open comments": times("<!-- "),
    },
    "links": {
        "of one name": times("[a](b.md) "),
        "of many": counted("[a](b{k}.md) "),
        "anchors": counted("[a](#x-{k}) "),
        "definitions": counted("[r{k}]: b.md\n\n[r{k}]\n\n"),
        "HTML": times('<a href="#a">x</a> '),
        "addresses": times("a://b:c "),
    },
    "words": {
        "names": times("see Other Thing Procedure now "),
        "capitals": times("Aa Bb "),
        "one line": times("word "),
        "placeholders": times("é TODO "),
        "steps": counted("### Step {k}: a\n\n**Inputs:**\n\n- B (From: Step 1)\n\n", "# A\n\n## Workflow\n\n"),
        "spaces": times(" "),
    },
}


def measure(root: Path, group: dict[str, Make], size: int) -> dict[str, float]:
    """Return the processor's time of each command on a library whose documents have this size."""
    texts = [make(size) for make in group.values()]
    files = {f"feature/grown{number or ''}.md": text for number, text in enumerate(texts)}
    write_library(root, **files)
    took = {}
    for command in COMMANDS:
        start = time.process_time()
        run("-C", root, *command, code=None)
        took[command[0]] = time.process_time() - start
    return took


@pytest.mark.parametrize("name", list(GROUPS))
def test_work_grows_with_the_text(tmp_path: Path, name: str) -> None:
    measure(tmp_path / "first", {}, 0)
    large = measure(tmp_path / "large", GROUPS[name], 4 * SIZE)
    slow = {command: took for command, took in large.items() if took > QUICK}
    small = measure(tmp_path / "small", GROUPS[name], SIZE) if slow else {}
    assert {c: (small[c], took) for c, took in slow.items() if took > 10 * small[c]} == {}
