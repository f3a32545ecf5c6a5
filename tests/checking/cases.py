"""Reads the cases in ``tests/data/rules``: documents in fenced blocks, and the findings that they must give.

A fence names the path of its document. ``complete`` adds the sections of the template that the text leaves out, so that a
case shows only what it is about; ``without`` names sections that stay away; ``latin-1`` is an encoding. ``{random 36}``
stands for so many random characters. A fence ``tracked`` holds paths that git keeps.
"""

import random
import re
import shlex
import string
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from procauthor.checking.check import check
from procauthor.evaluation.evaluate import find_stale_claims
from procauthor.finding import Report
from procauthor.library.library import read_library
from procauthor.library.status import match_sections
from procauthor.markdown.parse import parse
from procauthor.settings import Settings
from procauthor.template.read import TemplateStore
from procauthor.template.spec import SectionSpec

FOLDER = Path(__file__).parents[1] / "data/rules"
PATTERNS = {"*-orchestration.md": "orchestration", "standards/*.md": "standard", "*/*.md": "procedure"}
_CASE = re.compile(r"^## (passes|fails): (.+)$", re.MULTILINE)
_FENCE = re.compile(r"^(`{3,})(\w+) ?([^\n]*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_RANDOM = re.compile(r"\{random (\d+)( upper)?\}")
_BODIES = {
    "prose": "Sound words.",
    "list": "- **Thing**: sound words.\n- **Other**: more of them.\n- **Third**: the last.",
    "numbered": "1. Work.\n2. Look.\n3. Hand over.",
    "checklist": "- [ ] It is done.\n- [ ] It is seen.\n- [ ] It is known.",
}
_SECTIONS = {
    "required inputs": "- **Request**: what is asked for.",
    "output contract": "- **Result**: it is dated.",
    "downstream dependencies": "None.",
    "phases": "### Phase 1: Plan\n\n**Goal:** A plan.\n\n**Gate:** The lead agrees.\n\n**Calls:** Nothing yet.",
    "workflow": (
        "### Step 1: Work\n\n**Purpose:** Why.\n\n**Inputs:**\n\n- Request (From: Required Inputs)\n\n"
        "**Actions:**\n\n1. Work.\n\n**Decisions:**\n\nNone.\n\n**Outputs:**\n\n- Result: what is made\n\n"
        "**Failure Handling:**\n\n- It fails: escalate"
        + "".join(
            f"\n\n### Step {n}: {name}\n\n**Purpose:** Why.\n\n**Inputs:**\n\n- Result (From: Step 1)\n\n"
            "**Actions:**\n\n1. Work.\n\n**Decisions:**\n\nNone.\n\n**Outputs:**\n\n- Result: what is made\n\n"
            "**Failure Handling:**\n\n- It fails: escalate"
            for n, name in ((2, "Look"), (3, "Hand over"))
        )
    ),
}


@dataclass
class Case:
    rule: str
    title: str
    passes: bool
    files: dict[str, bytes] = field(default_factory=dict)
    announced: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)
    tracked: list[str] = field(default_factory=list)

    def write(self, root: Path) -> Path:
        for path, raw in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(raw)
        if self.tracked:
            for words in (["init", "-q"], ["add", "-f", *self.tracked]):
                subprocess.run(["git", *words], cwd=root, check=True)
        return root


def read_cases() -> Iterator[Case]:
    for file in sorted(FOLDER.glob("*.md")):
        _, *parts = _CASE.split(file.read_text(encoding="utf-8"))
        for verdict, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            yield _read(Case(file.stem, title, verdict == "passes"), body)


def _read(case: Case, body: str) -> Case:
    for _, language, info, text in _FENCE.findall(body):
        if language == "findings":
            case.expected += text.splitlines()
        elif language == "announced":
            case.announced += text.splitlines()
        elif language == "tracked":
            case.tracked += text.splitlines()
        else:
            words = shlex.split(info)
            path = words[0]
            case.files[path] = _text(path, text, info).encode("latin-1" if "latin-1" in words else "utf-8")
    return case


def _random(match: re.Match[str]) -> str:
    signs = string.ascii_uppercase + "234567" if match[2] else string.ascii_letters + string.digits
    return "".join(random.Random(match[1]).choices(signs, k=int(match[1])))


def _text(path: str, text: str, info: str) -> str:
    text = _RANDOM.sub(_random, text)
    if " complete" not in info:
        return text
    named = re.search(r'without="([^"]*)"', info)
    return complete(path, text, [name.strip().casefold() for name in named[1].split(",")] if named else ())


def complete(path: str, text: str, without: Collection[str] = ()) -> str:
    """Add the sections of its template that a document leaves out."""
    template = TemplateStore((), PATTERNS).match(path)
    missing = [s for s in match_sections(parse(text.encode()), template).missing if s.key not in without]
    return "\n".join([text, *map(_section, missing)])


def _section(spec: SectionSpec) -> str:
    return f"{'#' * spec.level} {spec.heading}\n\n{_SECTIONS.get(spec.key) or _BODIES[spec.kind]}\n"


def run_check(root: Path, settings: Settings | None = None, **options: object) -> Report:
    """Check a folder with the templates of the cases."""
    chosen = settings or Settings()
    library = read_library(root, chosen, TemplateStore((), chosen.templates or PATTERNS))
    return check(library, settings=chosen, **{"count": find_stale_claims, **options})
