"""Makes clean libraries: small, each different in size, names and spelling, and without one finding."""

import random
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.checking.cases import complete

_SUBJECTS = [
    "Threat Model",
    "Data Design",
    "Test Plan",
    "Rollout",
    "Access Review",
    "Schema Change",
    "Load Test",
    "Pilot",
]
_THINGS = [
    "Risk List",
    "Schema Draft",
    "Component Diagram",
    "Test Matrix",
    "Decision Record",
    "Owner Table",
    "Cost Sheet",
]
_FORMS = ["Draft", "Summary", "Register", "Report", "Note"]
_VERBS = ["Collect", "Compare", "Decide", "Publish", "Measure"]


@dataclass
class Style:
    """How one team writes: none of it may matter."""

    numbered: bool
    step: str
    level: str
    parts: str
    emoji: bool
    newline: str
    bom: bool


@dataclass
class Library:
    """Documents by path, as text with line feeds; written in the style of its team."""

    style: Style
    titles: list[str]
    files: dict[str, str] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)

    def path(self, place: int) -> str:
        return f"feature/p{place}.md"

    def write(self, root: Path) -> Path:
        for path, text in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            head = b"\xef\xbb\xbf" if self.style.bom else b""
            raw = head + text.replace("\n", self.style.newline).encode()
            (root / path).write_bytes(self.raw.get(path, raw))
        return root


def make(rnd: random.Random) -> Library:
    """Return a library of three to five procedures in a chain, with all that stands around them."""
    style = Style(
        numbered=rnd.random() < 0.5,
        step=rnd.choice(["Step", "Phase"]),
        level=rnd.choice(["##", "###"]),
        parts=rnd.choice(["bold", "heading", "inline"]),
        emoji=rnd.random() < 0.3,
        newline=rnd.choice(["\n", "\r\n"]),
        bom=rnd.random() < 0.3,
    )
    titles = [f"{subject} Procedure" for subject in rnd.sample(_SUBJECTS, rnd.randint(3, 5))]
    library = Library(style, titles)
    things = [f"{t} {rnd.choice(_FORMS)}" for t in rnd.sample(_THINGS, len(titles))]
    for place in range(len(titles)):
        library.files[library.path(place)] = _procedure(rnd, library, things, place)
    _around(library)
    return library


def _procedure(rnd: random.Random, library: Library, things: list[str], place: int) -> str:
    titles, style = library.titles, library.style
    steps = rnd.randint(3, 5)
    required = ["- **Request**: what is asked for."]
    if place:
        required.append(f"- **{things[place - 1]}**: from before (From: [{titles[place - 1]}](p{place - 1}.md))")
    after = "None."
    if place + 1 < len(titles):
        after = f"- **{things[place]}** is used by [{titles[place + 1]}](p{place + 1}.md): as its start."
    made = [f"{rnd.choice(_VERBS)} {n} Sheet" for n in range(1, steps)] + [things[place]]
    workflow = []
    for number in range(1, steps + 1):
        taken = (
            [f"{made[number - 2]} (From: {style.step} {number - 1})"]
            if number > 1
            else ["Request (From: Required Inputs)"]
        )
        if place and number == 1:
            taken.append(f"the {things[place - 1].lower()}s (From: Required Inputs)")
        workflow.append(_step(style, number, rnd.choice(_VERBS), taken, made[number - 1]))
    sections = [
        ("Purpose", f"Words about purpose {place}.\n\nSee [the standard](../standards/style.md#2-scope)."),
        ("Trigger", "- Somebody asks."),
        ("Required Inputs", "\n".join(required)),
        ("Plan Requirement", "None is needed."),
        ("Workflow", "\n\n".join(workflow)),
        ("Output Contract", f"- **{things[place]}**: it is dated."),
        ("Validation & Acceptance Criteria", "- The lead agrees.\n- Nobody objects."),
        ("Downstream Dependencies", after),
        ("Definition of Done", "- [ ] It is done.\n- [ ] It is seen."),
        ("Audit & Traceability", "- Record: in the repository"),
        ("Exit States", "- **Completed**: it is merged.\n- **Blocked**: the lead is told."),
    ]
    head = (
        f"---\nid: id-{place}\nlifecycle: Feature\nphase: {place % 2 + 1}\nstatus: Defined\n---\n\n# {titles[place]}\n"
    )
    return head + "".join(
        f"\n{style.level} {'🔒 ' if style.emoji else ''}{f'{n}. ' if style.numbered else ''}{name}\n\n{body}\n"
        for n, (name, body) in enumerate(sections, 1)
    )


def _step(style: Style, number: int, verb: str, inputs: list[str], output: str) -> str:
    parts = {
        "Purpose": ["Why."],
        "Inputs": inputs,
        "Actions": ["Work."],
        "Decisions": ["None."],
        "Outputs": [f"{output}: what is made"],
        "Failure Handling": [f"it fails: return to {style.step.lower()} {number}"],
    }
    lines = [f"{style.level}# {style.step} {number}: {verb} it"]
    for name, items in parts.items():
        if style.parts == "inline":
            lines.append("\n".join([f"- **{name}:**", *(f"  - {item}" for item in items)]))
        else:
            lines.append(f"{style.level}## {name}" if style.parts == "heading" else f"**{name}:**")
            lines.append("\n".join(f"- {item}" for item in items))
    return "\n\n".join(lines)


def _around(library: Library) -> None:
    """Add the index, the README, the orchestration, a standard, two of one title, and a deprecated document."""
    files, titles = library.files, library.titles
    rows = [(n, title, f"p{n}.md", n % 2 + 1) for n, title in enumerate(titles)]
    feature = "\n".join(f"| [{t}](feature/{p}) | {phase} | Defined |" for _, t, p, phase in rows)
    others = "\n".join(f"| [Rollback Procedure]({f}/rollback.md) | - | Defined |" for f in ("api", "release"))
    files["index.md"] = (
        "# Master Procedures Index\n\n## Feature Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n"
        f"{feature}\n| [Feature Orchestration](feature/feature-orchestration.md) | - | Defined |\n"
        f"\n## Other\n\n| Procedure | Phase | Status |\n|---|---|---|\n{others}\n"
        "\n## Standards\n\n| Standard | Status |\n|---|---|\n| [Style Standards](standards/style.md) | Defined |\n"
        "\nUntil last year: [the old one](old/checklist.md).\n"
    )
    listed = "\n".join(f"| [{t}]({p}) | {phase} | Defined |" for _, t, p, phase in rows)
    files["feature/README.md"] = f"# Feature Lifecycle\n\n| Procedure | Phase | Status |\n|---|---|---|\n{listed}\n"
    called = "\n".join(f"| {n + 1} | [{t}]({p}) | Defined |" for n, t, p, _ in rows)
    files["feature/feature-orchestration.md"] = complete(
        "feature/feature-orchestration.md",
        "---\nid: orchestration\nlifecycle: Feature\nstatus: Defined\n---\n\n# Feature Orchestration\n\n"
        "## Purpose\n\nAll.\n\n## Trigger\n\n- A day.\n\n## Required Inputs\n\n- **Request**: words.\n\n## Phases\n\n"
        "### Phase 1: All\n\n**Goal:** A plan.\n\n**Gate:** The lead agrees.\n\n**Calls:**\n\n"
        f"| Order | Procedure | Status |\n|---|---|---|\n{called}\n",
    )
    standard = complete("standards/style.md", "---\nid: style\n---\n\n# Style Standards\n")
    ruled = "- **STY-01 Names**: Names tell.\n- **STY-02 Dates**: Dates have a year.\n- **STY-03 Words**: As STY-01.\n"
    files["standards/style.md"] = re.sub(r"(?<=Rules\n\n)(?:- .*\n)+", ruled, standard)
    for folder in ("api", "release"):
        files[f"{folder}/rollback.md"] = complete(
            f"{folder}/rollback.md", f"---\nid: {folder}-rollback\nstatus: Defined\n---\n\n# Rollback Procedure\n"
        )
    files["old/checklist.md"] = "---\nid: old\nstatus: Deprecated\n---\n\n# Old Checklist Procedure\n"
