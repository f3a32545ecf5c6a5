"""Whatever a model or a server does: no traceback, no changed library, a bounded number of requests.

By default a sample of the combinations is run; PROCAUTHOR_LONG_TESTS=1 runs all of them.
"""

import json
import os
import random
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from msgspec.structs import replace

from procauthor import Draft, Project
from procauthor.errors import AuthoringError
from tests.cli.test_create_with_a_model import TITLE, TITLES, good, hook, point
from tests.cli.test_create_with_a_model import key as key  # noqa: PLC0414 - a fixture
from tests.conftest import snapshot
from tests.loopback import (
    Json,
    Loopback,
    Scripted,
    answer_schema,
    data,
    dropped,
    empty,
    failure,
    refused,
    schema_of,
    text,
    truncated,
)

Behaviour = Callable[[Json], Scripted]
REPAIRS, RETRIES, STEPS, FORMS = 1, 1, 5, 4
MOST = STEPS * (REPAIRS + 1) * (REPAIRS + 1) + RETRIES * 5 + FORMS
"""Every field of every step in every round, the retries that a run has, and the forms that can be refused."""


def value(body: Json) -> Json:
    found: Json = answer_schema(schema_of(body), TITLES, hook) if "response_format" in body else {}
    return found


def fields(body: Json) -> list[str]:
    return [name for name in value(body) if name not in ("passages_used", "open_questions")]


def with_each(change: Callable[[object], object]) -> Behaviour:
    return lambda body: data(value(body) | {name: change(value(body)[name]) for name in fields(body)})


def mangled(change: Callable[[str], str]) -> Behaviour:
    return lambda body: text(change(json.dumps(value(body))))


def raw(change: Callable[[bytes], bytes]) -> Behaviour:
    return lambda body: replace(good(body), body=change(json.dumps(good(body).body).encode()))


def invented(node: object) -> object:
    """Put a title that nobody knows wherever a reference stands."""
    if isinstance(node, dict):
        return {
            name: "Moon Landing Procedure" if name in ("provider", "consumer") else invented(each)
            for name, each in node.items()
        }
    return [invented(each) for each in node] if isinstance(node, list) else node


def hostile(node: object) -> object:
    if isinstance(node, str) and not node.startswith(("Step ", "Required Inputs", "Record ", "Component")):
        return f"{node}\n# Purpose\n<!-- x --><script>alert(1)</script> [a](javascript:x) {{{{ 7*7 }}}} {{% raw %}}\x00\u202e"
    if isinstance(node, dict):
        return {name: hostile(each) for name, each in node.items()}
    return [hostile(each) for each in node] if isinstance(node, list) else node


BAD: dict[str, Behaviour] = {
    "empty": lambda _: empty(),
    "refused": lambda _: refused(),
    "cut off": lambda _: truncated('{"purpose": "Find thr'),
    "reasoning ate the budget": lambda _: text("", "length"),
    "prose": lambda _: text("I would rather talk about the weather."),
    "no object": lambda _: text("[1, 2, 3]"),
    "open braces": lambda _: text("{" * 5000),
    "deep nesting": lambda _: text('{"purpose":' * 3000),
    "half a character": mangled(lambda s: s.replace("a", "\\ud83d", 3)),
    "single quotes": mangled(lambda s: s.replace('"', "'")),
    "trailing comma": mangled(lambda s: s[:-1] + ",}"),
    "cut in the middle": mangled(lambda s: s[: len(s) // 2]),
    "wrong types": with_each(lambda _: 7),
    "nulls": with_each(lambda _: None),
    "empty lists": with_each(lambda _: []),
    "empty strings": with_each(lambda _: "   "),
    "text for lists": with_each(json.dumps),
    "other fields": lambda body: data({f"{name}_x": each for name, each in value(body).items()}),
    "unasked fields too": lambda body: data({"purpose": "Mine.", "workflow": [], **value(body), "path": "../../etc"}),
    "everything at once": lambda _: data(
        {"document": "# All new\n\nEverything is rewritten.", "files": {"index.md": ""}}
    ),
    "invented references": with_each(invented),
    "hostile text": with_each(hostile),
    "huge": with_each(lambda found: [found] * 3000),
    "huge text": lambda _: text("x" * 3_000_000),
    "many questions": lambda body: data(value(body) | {"open_questions": [f"Why {n}?" for n in range(5000)]}),
    "not a completion": lambda _: Scripted(body={"choices": []}),
    "html": lambda _: Scripted(body=b"<html>hello</html>"),
    "not UTF-8": raw(lambda b: b.replace(b"Record", b"R\xe9\xff")),
    "body cut in a character": raw(lambda b: b.replace(b"Record", "Ré".encode())[:-40] + b"\xc3"),
    "body cut short": lambda body: replace(good(body), cut=60),
    "connection dropped": lambda _: dropped(),
    "drip": lambda body: replace(good(body), drip=0.3),
    "429": lambda _: failure(429, "slow down", retry_after="0"),
    "429 for an hour": lambda _: failure(429, "slow down", retry_after="3600"),
    "500": lambda _: failure(500, "oops"),
    "400": lambda _: failure(400, "invalid something"),
    "400 for the schema": lambda _: failure(400, "response_format and tools are not supported"),
    "400 without a word": lambda _: Scripted(400, {}),
    "401": lambda _: failure(401, "who are you"),
    "redirect": lambda _: Scripted(307, b"", {"Location": "http://127.0.0.1:1/v1"}),
}
WHEN: dict[str, Callable[[int], bool]] = {
    "always": lambda _: True,
    "first": lambda n: n == 0,
    "third": lambda n: n == 2,
    "last": lambda n: n == 4,
    "every other": lambda n: n % 2 == 0,
    "from the third on": lambda n: n >= 2,
}
SLOW = ("drip",)
CASES = list(product(BAD, WHEN))
if not os.environ.get("PROCAUTHOR_LONG_TESTS"):
    chosen = random.Random(5).sample([case for case in CASES if case[0] not in SLOW and case[1] != "always"], 10)
    CASES = [(name, "first" if name in SLOW else "always") for name in BAD] + chosen


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One library for all cases: whatever happens may not change it."""
    from tests.conftest import write_library

    return write_library(tmp_path_factory.mktemp("bad") / "library")


@pytest.mark.parametrize(("bad", "when"), CASES, ids=[f"{bad}, {when}" for bad, when in CASES])
def test_whatever_happens_nothing_is_broken(made: Path, bad: str, when: str) -> None:
    count = iter(range(10_000))

    def reply(body: Json) -> Scripted:
        return (BAD[bad] if WHEN[when](next(count)) else good)(body)

    with Loopback(reply) as server:
        settings = (made / "procauthor.toml").read_text().split("[authoring]")[0]
        (made / "procauthor.toml").write_text(settings)
        point(made, server, repairs=REPAIRS)
        file = made / "procauthor.toml"
        file.write_text(
            file.read_text().replace("retries = 0", f"retries = {RETRIES}").replace("timeout = 5.0", "timeout = 1.0")
        )
        before = snapshot(made)
        found = attempt(made)
        if isinstance(found, AuthoringError):
            assert found.exit_code == 3
            assert "resume" in found.hint
            assert "\n" not in found.message
            assert len(found.message) < 1000
        else:
            assert found.outcome in ("Awaiting review", "Needs revision")
            harmless(found.text)
        assert snapshot(made) == before
        assert len(server.requests) <= MOST


def attempt(root: Path) -> Draft | AuthoringError:
    try:
        return Project.open(root).author(model="openai:any", fresh=True).create(TITLE)
    except AuthoringError as error:
        return error


def harmless(document: str) -> None:
    assert document.count("\n# ") == 1
    assert "Moon Landing Procedure](" not in document
    for bad in ("<script", "<!--", "](javascript:", "\x00", "\u202e", "49"):
        assert bad not in document
