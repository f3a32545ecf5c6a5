"""The examples on the page of conventions are true."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.inside import run
from tests.project.test_adopt import write
from tests.project.test_conventions import documents

PAGE = (Path(__file__).parents[2] / "docs/conventions.md").read_text()
EXAMPLES = re.split(r"(?m)^### ", PAGE)[1:]


@pytest.mark.parametrize("example", EXAMPLES, ids=[each.partition("\n")[0] for each in EXAMPLES])
def test_an_example_says_what_is_read(tmp_path: Path, example: str) -> None:
    settings, text = (re.search(rf"```{kind}\n(.*?)```", example, re.DOTALL) for kind in ("toml", "markdown"))
    said = dict(re.findall(r"(?m)^- (\w+): (.+)$", example.rpartition("```")[2]))
    assert settings is not None
    assert text is not None
    assert said
    write(tmp_path, {"procauthor.toml": settings[1], "ops/pump.md": text[1], "index.md": "# Index\n"})
    row = documents(tmp_path)["ops/pump.md"]
    done = run("-C", tmp_path, "check", "--json", "--select", "placeholder-text,broken-link", code=None)
    report = json.loads(done.stdout)
    read = {
        "title": row["title"],
        "declared": row["declared_status"],
        "counted": "yes" if row["counted"] else "no",
        "finding": next((finding["rule"] for finding in report["findings"]), "none"),
        "severity": next((finding["severity"] for finding in report["findings"]), "none"),
    }
    assert {name: read[name] for name in said} == said
