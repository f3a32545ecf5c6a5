"""Make a library of procedures with planted defects, the same one for the same number.

    python benchmarks/library.py 1000 folder

A procedure has the eleven sections of the template that ships, three steps and about ten links. A planted defect has a
name of its own (``lost-12``), or words that go with it, so that any output shows whether it was found. Links and
headings in code are traps (``trap-12``): who reports one is wrong.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = 100
SETTINGS = '[templates]\n"*/procedure-*.md" = "procedure"\n'
_ANCHORS = ("1-purpose", "2-trigger", "3-required-inputs", "5-workflow", "6-output-contract", "11-exit-states")
_VERBS = ("inspect", "isolate", "calibrate", "align", "verify", "replace", "install", "review", "measure", "compare")
_THINGS = ("pump", "valve", "gauge", "relay", "sensor", "ledger", "release", "backup", "gateway", "contract", "ticket")
_TRAITS = ("primary", "secondary", "redundant", "critical", "temporary", "shared", "regional", "nightly", "certified")
_RECORDS = ("the test record", "the change request", "the inspection sheet", "the deviation log", "the release note")
# What a procedure needs is made by the ones that stand so far before it.
_BACK = (1, 7)
# One in so many procedures has the defect; the first place keeps two of them out of one procedure.
DEFECTS = {
    "missing file": (37, 5),
    "missing anchor": (53, 11),
    "missing own anchor": (97, 17),
    "missing section": (211, 29),
    "duplicate section": (223, 31),
    "step number gap": (227, 41),
    "duplicate id": (229, 43),
    "unknown dependency": (233, 47),
}


@dataclass(frozen=True, slots=True)
class Defect:
    """A planted defect, and how its report shows: a word in the line, or the file's name beside one of some words."""

    kind: str
    path: str
    name: str
    words: tuple[str, ...] = ()


def title(number: int) -> str:
    """Return the title of a procedure."""
    rng = random.Random(f"title {number}")
    words = (rng.choice(_VERBS), rng.choice(_TRAITS), rng.choice(_THINGS))
    return f"{' '.join(words).title()} {number:05} Procedure"


def path(number: int) -> str:
    """Return the path of a procedure."""
    return f"area-{number // FOLDER:03}/procedure-{number:05}.md"


def link(number: int, other: int, anchor: str = "") -> str:
    """Return the target of a link from one procedure to another."""
    place = path(other)
    place = place.partition("/")[2] if number // FOLDER == other // FOLDER else f"../{place}"
    return f"{place}#{anchor}" if anchor else place


def make(folder: Path, count: int) -> list[Defect]:
    """Write a library and return what was planted."""
    planted: list[Defect] = []
    for number in range(count):
        place = folder / path(number)
        place.parent.mkdir(parents=True, exist_ok=True)
        text, defects = procedure(number, count)
        place.write_text(text, encoding="utf-8")
        planted += defects
    for area in sorted({path(number).partition("/")[0] for number in range(count)}):
        members = [n for n in range(count) if path(n).startswith(f"{area}/")]
        lines = [f"- [{title(n)}]({path(n).partition('/')[2]})" for n in members]
        (folder / area / "README.md").write_text(f"# {area.title()}\n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (folder / "procauthor.toml").write_text(SETTINGS, encoding="utf-8")
    return planted


def make_items(folder: Path, count: int) -> None:
    """Write the same procedures as items of doorstop. It stops at the first unknown link, so there is none."""
    folder.mkdir()
    settings = 'settings:\n  digits: 5\n  itemformat: markdown\n  prefix: P\n  sep: ""\n'
    (folder / ".doorstop.yml").write_text(settings, encoding="utf-8")
    for number in range(count):
        body = procedure(number, count)[0].partition(f"# {title(number)}\n")[2]
        needs = "".join(f"\n- P{number - back:05}: null" for back in _BACK if number >= back) or " []"
        head = f"active: true\nderived: false\nheader: |\n  {title(number)}\nlevel: 1.{number + 1}.1\nlinks:{needs}"
        text = f'---\n{head}\nnormative: true\nref: ""\nreviewed: null\n---\n{body}'
        (folder / f"P{number:05}.md").write_text(text, encoding="utf-8")


def edit(folder: Path, count: int) -> None:
    """Add a sentence to a procedure in the middle of a library, or of such items."""
    number = count // 2
    file = folder / path(number)
    file = file if file.exists() else folder / f"P{number:05}.md"
    file.write_text(f"{file.read_text(encoding='utf-8')}\nOne sentence more.\n", encoding="utf-8")


def procedure(number: int, count: int) -> tuple[str, list[Defect]]:
    """Return the text of a procedure and what is planted in it."""
    rng = random.Random(f"text {number}")
    chosen = [kind for kind, (every, first) in DEFECTS.items() if number % every == first]
    defects = [_defect(kind, number) for kind in chosen]
    before = [number - back for back in _BACK if number >= back]
    sections = dict(_sections(rng, number, count, before))
    if "missing section" in chosen:
        del sections["10. Audit & Traceability"]
    if "duplicate section" in chosen:
        # Another key, and the same heading to every reader.
        sections["2. Trigger "] = "- It is seen again."
    if "missing file" in chosen:
        sections["1. Purpose"] += f"\n\nSee [the old way](lost-{number}.md)."
    if "missing anchor" in chosen:
        sections["1. Purpose"] += f"\n\nSee [its goal]({link(number, (number + 1) % count)}#lost-{number})."
    if "missing own anchor" in chosen:
        sections["1. Purpose"] += f"\n\nSee [below](#lost-{number})."
    if "step number gap" in chosen:
        sections["5. Workflow"] = sections["5. Workflow"].replace("### Step 3", "### Step 4")
    identity = number - 1 if "duplicate id" in chosen else number
    needs = [title(n) for n in before] + ([f"Unheard Of {number} Procedure"] if "unknown dependency" in chosen else [])
    head = (
        f"id: p-{identity:05}\nlifecycle: Area {number // FOLDER}\nstatus: Defined\nowner: {rng.choice(_THINGS)}s team"
    )
    body = "\n\n".join(f"## {name}\n\n{text}" for name, text in sections.items())
    listed = "".join(f'\n  - "{need}"' for need in needs) or " []"
    return f"---\n{head}\ndepends_on:{listed}\n---\n\n# {title(number)}\n\n{body}\n", defects


def _defect(kind: str, number: int) -> Defect:
    file = path(number)
    match kind:
        case "missing section":
            return Defect(kind, file, "", ("MD043", "missing", "SEC-001", "Audit"))
        case "duplicate section":
            return Defect(kind, file, "", ("MD024", "twice", "uplicate"))
        case "step number gap":
            return Defect(kind, file, "", ("step 4",))
        case "duplicate id":
            return Defect(kind, file, "", (f"p-{number - 1:05}",))
        case "unknown dependency":
            return Defect(kind, file, "", (f"Unheard Of {number}",))
        case _:
            return Defect(kind, file, f"lost-{number}")


def _sentence(rng: random.Random) -> str:
    verb, trait, thing, record = (rng.choice(words) for words in (_VERBS, _TRAITS, _THINGS, _RECORDS))
    low = rng.randint(10, 900)
    forms = (
        f"Before work starts, the technician confirms that {record} for the {trait} {thing} is current and signed.",
        f"The level of the {thing} stays between {low} and {low + 40} units for at least {rng.randint(5, 50)} minutes.",
        f"If the {trait} {thing} leaves the band, the engineer stops the work and opens {record}.",
        f"The reviewer shall {verb} the {trait} {thing} and write the result into {record}.",
        f"A reading above {low} at the {thing} is reported to the shift lead within {rng.randint(5, 50)} minutes.",
    )
    return rng.choice(forms)


def _prose(rng: random.Random, sentences: int) -> str:
    return "\n".join(_sentence(rng) for _ in range(sentences))


def _items(rng: random.Random, count: int, marker: str = "-") -> str:
    return "\n".join(f"{marker} {_sentence(rng)}" for _ in range(count))


def _sections(rng: random.Random, number: int, count: int, before: list[int]) -> Iterator[tuple[str, str]]:
    others = [rng.randrange(count) for _ in range(5)]
    anchors = [rng.choice(_ANCHORS) for _ in others]
    links = [f"See [{title(o)}]({link(number, o, a)})." for o, a in zip(others, anchors, strict=True)]
    trap = f"```sh\n# no heading\ncat [x](trap-{number}.md)\n```\n\nIn code `[y](trap-{number}.md)` is no link."
    yield "1. Purpose", f"{_prose(rng, 5)}\n\n{links[0]}"
    yield "2. Trigger", _items(rng, 3)
    given = [f"- **Request {number}**: what is asked for."]
    given += [f"- **Result {n}**: what was made. (From: [{title(n)}]({link(number, n)}))" for n in before]
    yield "3. Required Inputs", "\n".join(given)
    yield "4. Plan Requirement", f"{_prose(rng, 3)}\n\n{links[1]}\n\n{trap}"
    yield "5. Workflow", "\n\n".join(_step(rng, number, step, links[2]) for step in (1, 2, 3))
    yield "6. Output Contract", f"- **Result {number}**: complete and dated."
    yield "7. Validation & Acceptance Criteria", f"{_items(rng, 4)}\n\n{links[3]}"
    users = [number + back for back in _BACK if number + back < count]
    used = [f"- **Result {number}** is used by [{title(n)}]({link(number, n)}): as its input." for n in users]
    yield "8. Downstream Dependencies", "\n".join(used) or "None."
    yield "9. Definition of Done", _items(rng, 4, "- [ ]")
    yield "10. Audit & Traceability", f"- Result {number}: in the archive\n\n{_prose(rng, 2)}\n\n{links[4]}"
    yield "11. Exit States", "- **Completed**: the result is filed.\n- **Blocked**: the requester is told."


def _step(rng: random.Random, number: int, step: int, see: str) -> str:
    wanted = f"Request {number} (From: Required Inputs)" if step == 1 else f"Draft {step - 1} (From: Step {step - 1})"
    made = f"Result {number}" if step == 3 else f"Draft {step}"
    parts = (
        f"### Step {step}: {rng.choice(_VERBS).title()} the {rng.choice(_THINGS)}",
        f"**Purpose:** {_sentence(rng)}",
        f"**Inputs:**\n\n- {wanted}",
        f"**Actions:**\n\n{_items(rng, 4, '1.')}\n\n{see}",
        "**Decisions:**\n\nNone.",
        f"**Outputs:**\n\n- {made}: what the step makes",
        f"**Failure Handling:**\n\n- {_sentence(rng)}",
    )
    return "\n\n".join(parts)


if __name__ == "__main__":
    print(f"{len(make(Path(sys.argv[2]), int(sys.argv[1])))} defects planted")
