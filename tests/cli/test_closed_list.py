"""The closed list of titles: all of a library may be referred to, however many they are."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from procauthor import Project
from procauthor.authoring.brief import Ask
from procauthor.authoring.chat import ChatAuthor
from procauthor.authoring.memory import CallLog
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings
from tests.cli.test_handoff import TITLE, answer, problems, run, submit
from tests.conftest import INDEX, write_library
from tests.loopback import data, schema_of, serving, words_of

MANY = 150
FAR = f"Signal {MANY - 1:03} Handling Procedure"
GUIDE = "Guide To Long Hours"


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A library with more procedures than fit a prompt, all of another lifecycle, and two announced far away."""
    signals = {
        f"release/signal-{n:03}.md": f"---\nid: signal-{n:03}\nlifecycle: Release\nstatus: Placeholder\n---\n\n"
        f"# Signal {n:03} Handling Procedure\n\n## 1. Purpose\n\nIt will handle signal {n}.\n"
        for n in range(MANY)
    }
    announced = "".join(f"| Night {n:03} Duty Procedure | 1 | Missing |\n" for n in range(60))
    table = "\n## Release Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n"
    guide = f"# {GUIDE}\n\nWords that no template knows.\n"
    settings = '[templates]\n"*/*.md" = "procedure"\n'
    others = {"index.md": INDEX + table + announced, "guide.md": guide, "procauthor.toml": settings}
    return write_library(tmp_path / "many", **signals, **others)


def handed_to(title: str) -> dict[str, Any]:
    fields = answer()
    fields["downstream_dependencies"] = [{"artifact": "Mitigation Plan", "consumer": title, "use": "as it is"}]
    return fields


@pytest.mark.parametrize("title", [FAR, "Night 059 Duty Procedure", GUIDE])
def test_every_title_of_library_and_index_may_be_referred_to(many: Path, title: str) -> None:
    found = submit(many, handed_to(title))
    assert (found.findings, found.outcome) == ((), "Awaiting review")
    assert title in found.text.partition("## 8.")[2].partition("## 9.")[0]


def test_the_printed_list_says_what_it_leaves_out_and_json_leaves_out_nothing(many: Path) -> None:
    found = json.loads(run("-C", many, "brief", TITLE, "--json").stdout)
    titles = [r["title"] for r in found["references"]]
    assert found["schema"]["$defs"]["reference"]["enum"] == titles
    assert {FAR, "Night 059 Duty Procedure", GUIDE, "Design Review Procedure"} <= set(titles)
    assert len(titles) == len(set(titles))
    text = run("-C", many, "brief", TITLE).stdout
    shown = [t for t in titles if f"\n- {t}\n" in text or f"\n- {t} (announced)\n" in text]
    assert shown[0] == "Design Review Procedure"
    assert f"The closed list has {len(titles)} titles" in text
    assert f"{len(titles) - len(shown)} more may be" in text
    assert f'procauthor brief "{TITLE}" --json' in text


def test_a_short_list_is_printed_whole(root: Path) -> None:
    assert "more may be" not in run("-C", root, "brief", TITLE).stdout


def test_a_title_that_is_none_is_still_refused(many: Path) -> None:
    found = submit(many, handed_to("Signal 149 Watching Procedure"))
    assert problems(found) == {"downstream_dependencies[0].consumer": "reference-unknown"}
    (finding,) = found.findings
    assert FAR in finding["allowed"]


def test_an_update_by_hand_takes_every_title_too(many: Path) -> None:
    wish = "name another consumer under Downstream Dependencies"
    review = many / "feature/design-review.md"
    targets = json.loads(run("-C", many, "update", "Design Review", wish, "--dry-run", "--json").stdout)
    assert FAR in targets["schema"]["$defs"]["reference"]["enum"]
    (place,) = [t for t in targets["targets"] if t["id"] == "S8.items"]
    value = {"artifact": "Published Decision", "consumer": FAR, "use": "to watch it"}
    change = {"action": "append", "target": place["id"], "expect": place["hash"], "values": [value]}
    Project.open(many).revise("Design Review", wish, {"downstream_dependencies_changes": [change]}).accept()
    assert f"[{FAR}](../release/signal-149.md): to watch it" in review.read_text()


def test_a_model_is_told_as_many_titles_as_it_may_take(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any-0123456789")
    project = Project.open(many)
    brief = project.handoff.brief(TITLE).brief
    inputs = {
        "trigger": ["A design is approved."],
        "required_inputs": [{"artifact": "Plan", "description": "the plan", "provider": "Design Review Procedure"}],
        "plan_requirement": "No plan is needed.",
    }
    with serving(data(inputs)) as server:
        settings = AuthoringSettings(base_url=server.url, retries=0)
        author = ChatAuthor.open("openai:any", settings, PromptLibrary(), CallLog())
        author.fill(Ask(brief, project.templates.get("procedure"), 2))
    item = schema_of(server.requests[0])["properties"]["required_inputs"]["items"]
    # So many titles are told once, in words, and the reply is held against them.
    assert "enum" not in json.dumps(item["properties"]["provider"])
    enum = [reference.title for reference in brief.near]
    told = words_of(server.requests[0]).partition("closed list")[2]
    assert len(enum) < len(brief.titles)
    assert [t for t in brief.titles if json.dumps(t) in told] == enum
    assert replace(brief, nearest=None).near == brief.references
