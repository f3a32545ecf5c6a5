"""What is a secret for the check leaves the library by no door: index, brief, prompt, reply, export, server, error."""

import json
from pathlib import Path
from typing import Any

import pytest

from mcp import Client
from tests.cli.inside import run, run_json
from tests.cli.test_create_with_a_model import KEY, TITLE, answer_schema, good, hook, point, schema_of
from tests.cli.test_create_with_a_model import TITLES as NAMED
from tests.cli.test_create_with_a_model import key as key  # noqa: PLC0414 - a fixture
from tests.loopback import Json, Loopback, Scripted, data, failure, words_of
from tests.mcp.test_server import call, talk
from tests.secret.forms import ALL_TEXTS, ALL_VALUES, ISSUED

ASKED = "what to merge, the password and the token"


@pytest.fixture
def spilled(root: Path) -> Path:
    """A library in whose document every form of a secret is written, in text that a brief takes passages from."""
    page = root / "feature/design-review.md"
    page.write_text(
        page.read_text().replace("1. Merge the record.\n", "1. Merge the record.\n\n" + "\n\n".join(ALL_TEXTS) + "\n")
    )
    return root


def leaks(text: str) -> list[str]:
    return [value for value in [*ALL_VALUES, KEY] if value in text]


def kept(root: Path) -> str:
    # The numbers of vectors are left out: their library writes memory as it finds it.
    files = [file for file in sorted((root / ".procauthor").rglob("*")) if file.is_file() and file.suffix != ".bin"]
    return "\n".join(file.read_bytes().decode("latin-1") for file in files)


def test_the_check_finds_each_and_shows_none(spilled: Path) -> None:
    found = run_json("-C", spilled, "check", code=1)
    assert len([f for f in found["findings"] if f["rule"] == "secret"]) == len(ALL_TEXTS)
    for form in ("text", "json", "sarif", "junit", "github"):
        assert leaks(run("-C", spilled, "check", "--format", form, code=1).stdout) == []


def test_the_index_and_a_search_hold_none(spilled: Path) -> None:
    for query in (ASKED, ALL_VALUES[0], ISSUED["Vault token"]):
        assert leaks(json.dumps(run_json("-C", spilled, "search", query, "--limit", "50")["hits"])) == []
    assert (
        "[redacted: Vault token]"
        in run("-C", spilled, "search", "use vault token today", "--limit", "50", "--json").stdout
    )
    assert leaks(kept(spilled)) == []


def test_no_brief_holds_one(spilled: Path) -> None:
    assert leaks(run("-C", spilled, "brief", TITLE).stdout) == []
    assert leaks(run("-C", spilled, "brief", TITLE, "--json").stdout) == []
    assert leaks(run("-C", spilled, "create", TITLE, "--dry-run", "--json").stdout) == []
    wish = run("-C", spilled, "update", "Design Review Procedure", "Say who merges", "--dry-run", "--json")
    assert leaks(wish.stdout) == []


def test_the_server_answers_without_them(spilled: Path) -> None:
    async def work(client: Client) -> None:
        for tool, arguments in (
            ("search", {"query": ASKED, "limit": 50}),
            ("read", {"ref": "Design Review Procedure"}),
            ("read", {"ref": "Design Review Procedure", "section": "Step 3: Publish"}),
            ("get_brief", {"title": TITLE}),
            ("get_update_targets", {"ref": "Design Review Procedure", "wish": "Say who merges."}),
        ):
            assert leaks(json.dumps(await call(client, tool, **arguments), ensure_ascii=False)) == []
        text = await client.read_resource("procauthor://procedures/feature/design-review.md")
        assert leaks(text.model_dump_json()) == []

    talk(spilled, work)


def echo(body: Json) -> Scripted:
    """Fill the fields, and write the key and a token of somebody into each text that has room for them."""

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: spoil(each) for name, each in value.items()}
        if isinstance(value, list):
            return [spoil(each) for each in value]
        return (
            f"{value} It is {KEY} or {ISSUED['GitHub token']}."
            if isinstance(value, str) and value.endswith(".")
            else value
        )

    return data(spoil(answer_schema(schema_of(body), NAMED, hook)))


def test_a_model_is_sent_none_and_nothing_that_it_repeats_is_kept_or_shown(spilled: Path) -> None:
    with Loopback(echo) as server:
        point(spilled, server)
        done = run("-C", spilled, "create", TITLE, "--model", "openai:any", "--json")
        assert leaks("".join(map(words_of, server.requests))) == []
    shown = [done.stdout, done.stderr, run("-C", spilled, "diff").stdout, run("-C", spilled, "runs", "--json").stdout]
    assert "[redacted: key]" in shown[2]
    assert leaks("".join(shown)) == []
    assert leaks(kept(spilled)) == []


def test_a_reply_that_is_of_no_use_is_kept_without_them(spilled: Path) -> None:
    with Loopback(lambda _: data({"no": f"{KEY} {ISSUED['GitHub token']}"})) as server:
        point(spilled, server, repairs=0)
        done = run("-C", spilled, "create", TITLE, "--model", "openai:any", code=3)
    assert leaks(done.stdout + done.stderr + kept(spilled)) == []


def test_no_error_shows_one(spilled: Path) -> None:
    words = f"You sent {KEY} and {ISSUED['GitHub token']}, shown as sk-ve***6789"
    with Loopback([failure(400, words)]) as server:
        point(spilled, server)
        done = run("-C", spilled, "create", TITLE, "--model", "openai:any", code=3)
    assert "You sent [redacted: key] and [redacted: GitHub token]" in done.stderr
    assert leaks(done.stdout + done.stderr) == []
    assert leaks(kept(spilled)) == []
    assert "sk-ve***6789" not in done.stderr
    assert leaks(run("-C", spilled, "refs", f"Bearer {ISSUED['GitHub token']}", code=2).stderr) == []


def test_a_key_of_a_few_letters_leaves_a_message_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    with Loopback([failure(400, "the maximum context length is exceeded")]) as server:
        point(root, server)
        done = run("-C", root, "create", TITLE, "--model", "openai:any", code=3)
    assert "the maximum context length is exceeded" in done.stderr


def test_an_export_holds_none(root: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("1. Merge the record.\n", f"1. Merge it with password: {ALL_VALUES[0]}\n"))
    export = ("-C", root, "export", "Design Review Procedure", "--out", root / ".out", "--to")
    refused = run(*export, "agent-skill", code=2)
    assert "it is in progress" in refused.stderr
    assert leaks(refused.stdout + refused.stderr) == []
    # What the team has looked at and left in place is no error any more, and still a secret.
    page.write_text(f"{page.read_text()}\n<!-- procauthor: ignore-file secret -- it is revoked -->\n")
    for form in ("agent-skill", "agent-sop"):
        assert leaks(run(*export, form).stdout) == []
    assert leaks("".join(file.read_text() for file in (root / ".out").rglob("*.md"))) == []


def test_a_good_reply_is_left_as_it_is(root: Path) -> None:
    with Loopback(good) as server:
        done = run_json("-C", point(root, server), "create", TITLE, "--model", "openai:any")
    assert done["outcome"] == "Awaiting review"
