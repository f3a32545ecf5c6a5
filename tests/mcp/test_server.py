"""The server, driven by the SDK's own client over a real pipe."""

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp import Client, MCPError, StdioServerParameters
from tests.cli.inside import run, run_json
from tests.cli.test_handoff import TITLE, answer
from tests.conftest import snapshot

MAIN = "from procauthor.cli.app import main; main()"


def talk(root: Path, work: Callable[[Client], Awaitable[None]], *options: str) -> None:
    """Start the server as a client does, and do some work with it."""
    server = StdioServerParameters(command=sys.executable, args=["-c", MAIN, "-C", str(root), "mcp", *options])

    async def session() -> None:
        with anyio.fail_after(90):
            async with Client(server) as client:
                await work(client)

    anyio.run(session)


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    return result.structured_content


async def read(client: Client, tool: str, **arguments: Any) -> str:
    """Return the text of an answer, which is no part of its structured content."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    text: str = result.content[0].text
    assert text not in json.dumps(result.structured_content)
    return text


async def fail(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    # Some clients hold it against the output schema of the tool, and throw the message away.
    assert result.structured_content is None
    text: str = result.content[0].text
    assert "Traceback" not in text
    return text


def test_an_agent_reads_proposes_mends_and_leaves_the_decision(root: Path) -> None:
    before = snapshot(root)

    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"search", "read", "check", "explain", "plan", "list_procedures", "get_brief", "propose_draft"} <= set(
            tools
        )
        assert "accept" not in tools
        brief = await call(client, "get_brief", title=TITLE)
        assert (await read(client, "get_brief", title=TITLE)).startswith(f"# Brief: {TITLE}")
        fields = answer()
        fields["required_inputs"][0]["provider"] = "Design Reviw"
        first = await call(client, "propose_draft", run=brief["run"], fields={"purpose": fields.pop("purpose")})
        assert first["outcome"] == "Needs revision"
        assert "trigger" in first["missing"]
        second = await call(client, "propose_draft", run=brief["run"], fields=fields, by="an agent")
        (finding,) = (f for f in second["findings"] if f["severity"] == "error")
        assert (finding["field"], finding["allowed"][0]) == ("required_inputs[0].provider", "Design Review Procedure")
        path = {"required_inputs[0].provider": "Design Review Procedure"}
        third = await call(client, "propose_draft", title=TITLE, fields=path)
        assert third["outcome"] == "Awaiting review"
        assert third["findings"] == []
        assert (await call(client, "findings"))["outcome"] == "Awaiting review"
        assert (await call(client, "list_drafts"))["drafts"][0]["draft"] == brief["run"]
        assert "### Step 2: Rate" in await read(client, "get_draft", draft=TITLE)
        assert "+status: Defined" in await read(client, "diff")
        assert "no tool 'accept'" in await fail(client, "accept")

    talk(root, work)
    assert snapshot(root) == before


def test_an_agent_follows_a_procedure_and_leaves_a_record(root: Path) -> None:
    before = snapshot(root)

    async def work(client: Client) -> None:
        who = {"ref": "Design Review Procedure", "by": "an agent for Ada"}
        begun = await call(client, "follow", **who, occasion="release 7")
        assert (begun["next_step"]["number"], begun["next_step"]["name"]) == (1, "Draw the parts")
        after = await call(client, "follow", **who, step=1, evidence="https://diagrams.example/1")
        assert (after["record"], after["next_step"]["number"]) == (begun["record"], 2)
        assert "next step is 2, not 1" in await fail(client, "follow", **who, step=1)
        assert "without a reason" in await fail(client, "follow", **who, step=2, result="failed")
        failed = await call(client, "follow", **who, step=2, result="failed", deviation="no board", stop=True)
        assert (failed["stopped"], failed["wishes"]) == (True, ["step 2 (Decide) failed: no board"])
        assert "get_update_targets" in failed["next"]

    talk(root, work)
    assert snapshot(root).keys() - before.keys() == {"followed/feature/design-review.md.json"}


def test_an_agent_proposes_an_update_of_one_item(root: Path) -> None:
    before = snapshot(root)
    ref, wish = "Design Review Procedure", "three options, not two"

    async def work(client: Client) -> None:
        unnamed = await call(client, "get_update_targets", ref=ref, wish=wish)
        assert (unnamed["targets"], unnamed["schema"]) == ([], {})
        assert {"section": "S7", "heading": "7. Validation & Acceptance Criteria"} in unnamed["sections"]
        shown = await call(client, "get_update_targets", ref=ref, wish=wish, section="S7")
        target = next(t for t in shown["targets"] if t["id"] == "S7.items[1]")
        entry = {"action": "replace", "target": target["id"], "values": ["Three options were compared."]}
        changes: dict[str, Any] = {"validation_and_acceptance_criteria_changes": [{**entry, "expect": "stale"}]}
        assert "is not what the operation expects" in await fail(
            client, "propose_update", ref=ref, wish=wish, changes=changes
        )
        changes["validation_and_acceptance_criteria_changes"][0]["expect"] = target["hash"]
        changes["open_questions"] = ["Which options count?"]
        asked = ["Who compares them?"]
        found = await call(
            client, "propose_update", ref=ref, wish=wish, changes=changes, by="an agent", open_questions=asked
        )
        assert (found["outcome"], found["author"]) == ("Awaiting review", "an agent")
        assert found["open_questions"] == ["Which options count?", *asked]
        diff = await read(client, "diff")
        assert [line for line in diff.splitlines() if line.endswith(" were compared.") and line[0] in "+-"] == [
            "-- Two options were compared.",
            "+- Three options were compared.",
        ]

    talk(root, work)
    assert snapshot(root) == before


def test_reading_tools_say_what_the_library_says_now(root: Path) -> None:
    async def work(client: Client) -> None:
        rows = (await call(client, "list_procedures", status="placeholder"))["procedures"]
        assert [row["title"] for row in rows] == [TITLE]
        section = await call(client, "read", ref="Design Review", section="purpose")
        text = await read(client, "read", ref="Design Review", section="purpose")
        assert text.startswith("## 1. Purpose")
        assert (section["path"], section["status"]) == ("feature/design-review.md", "defined")
        page = root / section["path"]
        whole = page.read_text()
        page.write_text(whole.replace("](threat-check.md)", "](gone.md)"))
        assert (await call(client, "read", ref="Design Review"))["status"] == "in progress"
        assert (await call(client, "list_procedures", status="in progress"))["procedures"]
        page.write_text(whole)
        assert (await call(client, "search", query="who decides on options", limit=2))["hits"]
        assert (await call(client, "plan"))["next"] == [1]
        (rule,) = (await call(client, "explain", rule="W103"))["rules"]
        assert rule["rule"] == "step-input-without-producer"
        assert (await call(client, "check"))["summary"]["errors"] == 0
        page = root / "feature/design-review.md"
        page.write_text(page.read_text().replace("](threat-check.md)", "](gone.md)"))
        rules = {f["rule"] for f in (await call(client, "check", paths=["feature"]))["findings"]}
        assert "broken-link" in rules
        assert "did you mean 'Design Review Procedure'" in await fail(client, "read", ref="Desing Review Procedure")
        assert "no section" in await fail(client, "read", ref="Design Review", section="Nothing")
        assert "outside of the library" in await fail(client, "plan", file="../../etc/passwd")
        assert "field by field" in await fail(client, "get_brief", title="Design Review Procedure")
        assert "query" in await fail(client, "search")
        assert "no rule" in await fail(client, "explain", rule="nonsense")

    talk(root, work)


def test_documents_are_resources_and_steps_are_prompts(root: Path) -> None:
    (root / "feature/größe & x.md").write_text("# Größe\n", encoding="utf-8")

    async def work(client: Client) -> None:
        resources = {r.name: r for r in (await client.list_resources()).resources}
        assert resources["feature/design-review.md"].uri == "procauthor://procedures/feature/design-review.md"
        for path in ("feature/design-review.md", "feature/größe & x.md"):
            found = await client.read_resource(resources[path].uri)
            assert found.contents[0].text == (root / path).read_text(encoding="utf-8")
        for address in ("procauthor://procedures/../../etc/passwd", "file:///etc/passwd"):
            with pytest.raises(MCPError, match="no document"):
                await client.read_resource(address)
        templates = (await client.list_resource_templates()).resource_templates
        assert templates[0].uri_template == "procauthor://procedures/{+path}"
        prompts = (await client.list_prompts()).prompts
        assert [prompt.name for prompt in prompts[8:]] == ["follow-feature-design-review"]
        followed = await client.get_prompt(prompts[8].name, {"task": "the login page"})
        told = followed.messages[0].content.text
        assert "What it is followed for: the login page" in told
        assert "- You MUST use Component Diagram (from Step 1)" in told
        with pytest.raises(MCPError, match="no prompt 'follow-nothing'"):
            await client.get_prompt("follow-nothing", {})
        prompts = prompts[:8]
        assert prompts[3].name == "step-4-validate-input-output-continuity"
        texts = [(await client.get_prompt(p.name, {"title": TITLE})).messages[0].content.text for p in prompts]
        assert "`purpose`" in texts[0]
        assert "`workflow` (steps, at least 3, at most 12)" in texts[2]
        assert "`workflow[0].failure_handling`" in texts[4]
        assert "Accepting is their decision" in texts[7]
        with pytest.raises(MCPError, match="title is empty"):
            await client.get_prompt(prompts[0].name, {})

    talk(root, work)


def test_calls_at_the_same_time_are_worked_off_one_by_one_and_accepting_may_be_allowed(root: Path) -> None:
    async def work(client: Client) -> None:
        parts = [{name: value} for name, value in answer().items()]
        await call(client, "propose_draft", title=TITLE, fields=parts[0])
        assert "severity error" in await fail(client, "accept")
        async with anyio.create_task_group() as group:
            for part in parts[1:]:
                group.start_soon(lambda part=part: call(client, "propose_draft", title=TITLE, fields=part))
        assert (await call(client, "findings", draft=TITLE))["outcome"] == "Awaiting review"
        assert len((await call(client, "list_drafts"))["drafts"]) == 1
        assert (await call(client, "accept"))["outcome"] == "Published"

    talk(root, work, "--allow-accept")
    assert "status: Defined" in (root / "feature/threat-check.md").read_text()


def test_nothing_but_the_protocol_is_on_stdout(root: Path) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}},
    }
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    ask = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "x"}}}
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "-C", str(root), "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for message in (hello, ready, ask):
        process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()
    replies = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert [reply["id"] for reply in replies] == [1, 2]
    assert replies[0]["result"]["serverInfo"]["name"] == "procauthor"
    process.stdin.close()
    assert process.stdout.read() == ""
    assert process.wait(timeout=30) == 0


def test_a_missing_sdk_is_one_sentence(root: Path) -> None:
    code = f"import sys; sys.modules['mcp'] = sys.modules['mcp_types'] = None; sys.argv = ['procauthor', '-C', {str(root)!r}, 'mcp']\n{MAIN}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert 'pip install "procauthor[mcp]"' in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 2


READS: dict[str, list[dict[str, Any]]] = {
    "read": [{"ref": "API Design Procedure"}, {"ref": "API Design Procedure", "section": "Workflow"}],
    "explain": [{"rule": "broken-link"}, {}],
    "suspects": [{}, {"ref": "API Design Procedure"}],
    "blame": [{"ref": "API Design Procedure"}],
    "due": [{}, {"within": "30d"}],
    "plan": [{}],
    "survey_conventions": [{}, {"unfinished_words": ["Not yet"]}],
    "list_procedures": [{}, {"status": "missing"}],
    "list_drafts": [{}],
    "get_draft": [{}, {"fields": True}],
    "diff": [{}],
    "findings": [{}],
    "list_questions": [{}],
}
WRITES: dict[str, list[dict[str, Any]]] = {
    "search": [{"query": "restore a backup", "limit": 100}],
    "check": [{}],
    "refs": [
        {"ref": "API Design Procedure"},
        {"ref": "index.md"},
        {"ref": "API Design Procedure", "output": "OpenAPI Specification"},
    ],
    "evaluate": [{}, *({"part": part} for part in ("documents", "broken", "orchestrations", "claims", "trend"))],
    "get_brief": [{"title": "Feature Rollout Procedure"}],
    "get_update_targets": [
        {"ref": "API Design Procedure", "wish": "add exit state Deferred"},
        {"ref": "API Design Procedure", "wish": "be clearer"},
    ],
    "follow": [{"ref": "API Design Procedure", "by": "an agent"}],
    "propose_draft": [{"title": "Feature Rollout Procedure", "fields": {"purpose": "Roll a feature out."}}],
    "answer_question": [],
}


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_tool_that_only_reads_writes_nothing_and_every_answer_is_short(big: Path) -> None:
    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {name for name, tool in tools.items() if tool.annotations.read_only_hint} == set(READS)
        assert tools.keys() == {*READS, *WRITES, "propose_update"}
        assert not any(tool.annotations.destructive_hint for tool in tools.values())
        assert not any(tool.annotations.open_world_hint for tool in tools.values())
        assert all(tool.output_schema for tool in tools.values())
        for name, calls in (WRITES | READS).items():
            for arguments in calls:
                before = all_bytes(big)
                result = await client.call_tool(name, arguments)
                assert not result.is_error, result.content
                assert (all_bytes(big) == before) >= (name in READS), (name, arguments)
                length = len(json.dumps(result.content[0].text)) + len(json.dumps(result.structured_content))
                assert length < 20_000, (name, arguments, length)

    talk(big, work)


STATE = {"state": "Deferred", "meaning": "The consumers ask for a later date."}
SAME: list[tuple[str, dict[str, Any], list[str]]] = [
    ("check", {}, ["check"]),
    ("check", {"paths": ["feature"], "select": ["W"]}, ["check", "feature", "--select", "W"]),
    ("plan", {}, ["plan"]),
    ("search", {"query": "who decides on options", "limit": 3}, ["search", "who decides on options", "-n", "3"]),
    ("explain", {"rule": "orphan"}, ["explain", "orphan"]),
    ("explain", {}, ["explain"]),
    ("refs", {"ref": "Design Review"}, ["refs", "Design Review"]),
    (
        "refs",
        {"ref": "Design Review", "output": "Component Diagram"},
        ["refs", "Design Review", "--output", "Component Diagram"],
    ),
    ("evaluate", {}, ["evaluate"]),
    ("evaluate", {"part": "documents"}, ["evaluate"]),
    ("suspects", {}, ["suspects"]),
    ("due", {"within": "400d"}, ["due", "--within", "400d"]),
    ("blame", {"ref": "Design Review"}, ["blame", "Design Review"]),
]


async def whole_evaluation(client: Client, expected: dict[str, Any]) -> None:
    """Each member that the command prints is in one part of the tool."""
    tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    told: dict[str, Any] = {"schema_version": expected["schema_version"]}
    for part in tools["evaluate"].input_schema["properties"]["part"]["enum"]:
        told |= await call(client, "evaluate", part=part, max_characters=1_000_000)
    assert told == expected


def test_both_doors_give_the_same_answer(root: Path) -> None:
    page = root / "feature/design-review.md"
    page.write_text(page.read_text().replace("](threat-check.md)", "](gone.md)"))

    async def work(client: Client) -> None:
        for tool, arguments, command in SAME:
            told = run("-C", root, *command, "--json", code=None).stdout
            expected = json.loads(told)
            found = await call(client, tool, **arguments, max_characters=1_000_000)
            assert found == {name: expected[name] for name in found}, (tool, arguments)
        await whole_evaluation(client, run_json("-C", root, "evaluate"))

    talk(root, work)


def test_a_proposed_convention_is_counted_and_one_that_nothing_shows_is_refused(tmp_path: Path) -> None:
    for name, goal in (("ask", "Ask Ann."), ("bind", "Bind it."), ("cut", "Cut it.")):
        (tmp_path / f"{name}.md").write_text(f"# {name.title()}\n\n## Goal\n\n{goal}\n\n## Action\n\n1. Go.\n")
    before = all_bytes(tmp_path)

    async def work(client: Client) -> None:
        words = [{"word": "Fit", "state": "defined"}]
        shown = await call(client, "survey_conventions", unfinished_words=["Ask Ann", "Never said"], status_words=words)
        assert {row["path"] for row in shown["documents"]} == {"ask.md", "bind.md", "cut.md"}
        (taken,) = shown["proposed"]["taken"]
        assert (taken["value"], taken["count"], taken["of"]) == ("Ask Ann", 1, 3)
        assert shown["proposed"]["refused"] == ["placeholders.words: Never said", "status.words: Fit = defined"]
        assert shown["proposed"]["changes"]["status"] == 1

    talk(tmp_path, work)
    assert all_bytes(tmp_path) == before


def test_an_agent_that_knows_nothing_needs_four_calls_to_author_and_four_to_update(big: Path) -> None:
    before = snapshot(big)

    async def work(client: Client) -> None:
        title = "Feature Rollout Procedure"
        first = await client.call_tool("get_brief", {"title": title, "max_characters": 100_000})
        assert "pages" not in first.structured_content
        brief = first.content[0].text
        wanted = [name for name in answer() if f"`{name}`" not in brief]
        assert wanted == []
        # What the brief says of providers and consumers an agent takes letter by letter.
        assert "Deployment Notes" in brief
        fields = json.loads(json.dumps(answer()).replace("Component Diagram", "Deployment Notes"))
        fields["required_inputs"][0]["provider"] = "Backend Implementtion Procedure"
        second = await call(client, "propose_draft", run=first.structured_content["run"], fields=fields, by="an agent")
        (finding,) = [f for f in second["findings"] if f["severity"] == "error"]
        path = {finding["field"]: finding["allowed"][0]}
        third = await call(client, "propose_draft", run=second["run"], fields=path)
        assert not [f for f in third["findings"] if f["severity"] == "error"]

        ref, wish = "API Design Procedure", "be stricter"
        shown = await call(client, "get_update_targets", ref=ref, wish=wish)
        place = next(s for s in shown["sections"] if s["heading"].endswith("Exit States"))
        shown = await call(client, "get_update_targets", ref=ref, wish=wish, section=place["section"])
        assert "pages" not in shown
        target = next(t for t in shown["targets"] if t["id"].endswith("items[1]"))
        name = next(iter(shown["schema"]["properties"]))
        entry = {"action": "replace", "target": target["id"], "expect": "stale", "values": [STATE]}
        told = await fail(client, "propose_update", ref=ref, wish=wish, changes={name: [entry]})
        assert "expects" in told
        entry["expect"] = target["hash"]
        last = await call(client, "propose_update", ref=ref, wish=wish, changes={name: [entry]}, by="an agent")
        assert last["outcome"] in ("Awaiting review", "Needs revision")

    talk(big, work)
    assert snapshot(big) == before


def test_pages_hold_the_whole(big: Path) -> None:
    async def work(client: Client) -> None:
        title = "Feature Rollout Procedure"
        whole = await read(client, "get_brief", title=title, max_characters=1_000_000)
        count = (await call(client, "get_brief", title=title))["pages"]
        assert count > 1
        pages = [await read(client, "get_brief", title=title, page=number) for number in range(1, count + 1)]
        lines = [line for page in pages for line in page.splitlines() if line and not line.startswith("Page ")]
        assert lines == [line for line in whole.splitlines() if line]
        titles = {row["title"] for row in (await call(client, "list_procedures", max_characters=10**6))["procedures"]}
        paged: set[str] = set()
        for number in (1, 2, 3, 4):
            shown = await call(client, "list_procedures", page=number, max_characters=10_000)
            paged |= {row["title"] for row in shown["procedures"]}
        assert paged <= titles
        assert len(titles) > 48
        assert "2 of" in (await read_note(client))

    async def read_note(client: Client) -> str:
        result = await client.call_tool("list_procedures", {"page": 2, "max_characters": 5_000})
        text: str = result.content[0].text
        return text

    talk(big, work)


def test_errors_name_parameters_and_tools(root: Path) -> None:
    async def work(client: Client) -> None:
        said = [
            await fail(client, "get_brief", title="Completely New Procedure"),
            await fail(client, "propose_draft", fields={"purpose": "x"}),
            await fail(client, "propose_draft", title="Completely New Procedure", fields={"purpose": "x"}),
            await fail(client, "propose_update", ref="Design Review", wish="x", changes={"nothing": []}),
        ]
        assert "the parameter 'lifecycle'" in said[0]
        assert "the tool get_brief (with 'lifecycle')" in said[2]
        for text in said:
            assert "--" not in text, text
            assert "procauthor " not in text, text

    talk(root, work)
