"""Random documents and random operations on them."""

from __future__ import annotations

import difflib
import random
import re
from collections.abc import Callable
from typing import Any

from procauthor.authoring.update.edit import ALLOWED
from procauthor.authoring.update.operation import Operation
from procauthor.authoring.update.outline import EditOutline, EditTarget, read_outline
from procauthor.markdown.parse import parse
from procauthor.system import shipped
from procauthor.template.read import read_template
from procauthor.template.spec import SectionSpec

TEMPLATE = read_template("procedure", (shipped("templates") / "procedure.md").read_bytes())
LINKS = {"Design Review Procedure": "design-review.md", "Someday Procedure": ""}
WORDS = [
    "record",
    "check",
    "plan",
    "note",
    "draft",
    "owner",
    "risk",
    "signal",
    "gate",
    "report",
    "Überblick",
    "naïve",
    "日本",
    "a_b",
    "x*y",
    "`code|x`",
    "50%",
]
HAZARDS = (
    "# no heading",
    "- no item",
    "<!-- gone",
    "```",
    "[a](b.md)",
    "| cell |",
    "---",
    "1. one",
    "a\nb",
    "> q",
    "**Bold:** x",
)

NOISE: tuple[Callable[[random.Random], str], ...] = (
    lambda r: f"```{r.choice(['sh', '', 'md'])}\n# not a heading\n- not an item\n```",
    lambda r: "````md\n```sh\ninner\n```\n## Not a section\n````",
    lambda r: "~~~\n| a | b |\n~~~",
    lambda r: f"<!-- {words(r, 4)}\n\n## hidden -->",
    lambda r: f"> {words(r, 5)}\n> - quoted",
    lambda r: f"{words(r, 6)}  \n{words(r, 3)} **bold** <!-- inline -->",
    lambda r: "| Name | Use |\n|:--|--:|\n| a  |  1 |\n|b|2|\n| c \\| d | `x` |",
    lambda r: "- [ ] open\n- [x] done\n  - nested\n    more words\n  - nested two",
    lambda r: "* star\n\n* loose\n\n  second paragraph\n\n* last",
    lambda r: "1) one\n2) two\n   continued\n3) three",
    lambda r: "1. same\n1. the same\n1. other",
    lambda r: "9. nine\n10. ten",
    lambda r: "[ref]: https://example.org\n",
    lambda r: "Term\n: not a list\n\n***",
)


def words(r: random.Random, count: int) -> str:
    return " ".join(r.choice(WORDS) for _ in range(r.randint(1, count))).strip()


def document(r: random.Random) -> bytes:
    """A procedure with odd spacing, in one of many outer forms."""
    bullet, number = r.choice("-*+"), r.choice([".", ")"])
    bold = "**Status:** Defined\n**Owner:**   Team A\n\n" if r.random() < 0.3 else ""
    head = _yaml(r) if not bold and r.random() < 0.5 else ""
    text = f"{head}# {words(r, 3)} Procedure\n\n{bold}" + _sections(r, bullet, number)
    text = text.rstrip("\n") + r.choice(["\n", "", "\n\n", "  \n"])
    raw = text.encode()
    if r.random() < 0.4:
        raw = raw.replace(b"\n", b"\r\n")
    return (b"\xef\xbb\xbf" if r.random() < 0.3 else b"") + raw


def _yaml(r: random.Random) -> str:
    return f"---\nstatus:   Defined\nzeta: 1\nid: some-id\nowner: {r.choice(['Team A', chr(39) + 'quoted: x' + chr(39)])}\ntags: [a, b]\n---\n{r.choice(['', chr(10)])}"


def _sections(r: random.Random, bullet: str, number: str) -> str:
    parts = []
    for n, spec in enumerate(TEMPLATE.sections, start=1):
        heading = spec.heading if r.random() < 0.7 else re.sub(r"^\d+\. ", "", spec.heading)
        parts.append(f"## {heading}\n{r.choice(['', chr(10)])}" + _body(r, spec, bullet, number))
        if r.random() < 0.25:
            parts.append(r.choice(NOISE)(r) + "\n")
        if r.random() < 0.1:
            parts.append(f"## Notes\n\n{words(r, 9)}\n\n{words(r, 9)}\n")
        del n
    return "\n".join(parts)


def _body(r: random.Random, spec: SectionSpec, bullet: str, number: str) -> str:
    if spec.kind == "steps":
        return "\n".join(_step(r, n, bullet, number) for n in range(1, r.randint(3, 6)))
    if spec.kind == "prose":
        return "\n\n".join(words(r, 12) for _ in range(r.randint(1, 3))) + "\n"
    box = "[ ] " if spec.kind == "checklist" else ""
    if r.random() < 0.1:
        return "None.\n"
    gap = r.choice(["\n", "\n", "\n\n"])
    return gap.join(f"{bullet} {box}**{words(r, 2)}**: {words(r, 6)}" for _ in range(r.randint(1, 4))) + "\n"


def _step(r: random.Random, n: int, bullet: str, number: str) -> str:
    actions = "\n".join(f"{i}{number} {words(r, 6)} (From: Step {r.randint(1, 6)})" for i in range(1, r.randint(2, 12)))
    return (
        f"### Step {n}: {words(r, 3)}\n\n**Purpose:** {words(r, 5)}\n\n**Inputs:**\n\n{bullet} {words(r, 3)}\n\n"
        f"**Actions:**\n\n{actions}\n\n**Decisions:**\n\nNone.\n\n**Outputs:**\n\n{bullet} {words(r, 2)}: {words(r, 4)}\n\n"
        f"**Failure Handling:**\n\n{bullet} {words(r, 2)}: go to Step {r.randint(1, 6)}\n"
    )


def outline_of(raw: bytes) -> EditOutline:
    return read_outline(parse(raw), TEMPLATE)


# Operations


def operation(r: random.Random, outline: EditOutline) -> Operation:
    """One random operation that fits its target."""
    while True:
        kind = r.choice(["item", "item", "item", "row", "paragraph", "place", "section", "step", "title", "field"])
        targets = [t for t in outline.targets.values() if t.kind == kind]
        if not targets:
            continue
        target = r.choice(targets)
        found = _operation(r, outline, target)
        if found:
            return found


def _operation(r: random.Random, outline: EditOutline, target: EditTarget) -> Operation | None:
    action = r.choice(sorted(ALLOWED[target.kind]))
    values: tuple[Any, ...] = ()
    if action == "substitute":
        found = re.findall(r"[A-Za-z]{3,}", target.text)
        values = (r.choice(found), text(r)) if found and target.kind in ("item", "row", "paragraph") else ()
    elif action != "delete":
        values = tuple(value(r, outline, target) for _ in range(1 if action == "replace" else r.randint(1, 3)))
    if target.id == "M.id" or (action != "delete" and not values):
        return None
    return Operation(action, target.id, target.hash, values)  # type: ignore[arg-type]


def text(r: random.Random) -> str:
    return r.choice(HAZARDS) if r.random() < 0.25 else words(r, 7)


def value(r: random.Random, outline: EditOutline, target: EditTarget) -> Any:
    if target.kind in ("step", "section"):
        spec = TEMPLATE.section("workflow")
        assert spec is not None
        fields: dict[str, Any] = {p.name: _part(r, p) for p in spec.parts}
        return {"name": text(r).split("\n")[0], **fields}
    place = outline.places.get(target.place)
    if place is None or place.spec is None or place.spec.kind == "prose":
        if place is not None and place.kind == "table" and place.block and place.block.header:
            return [text(r) for _ in place.block.header.cells]
        return text(r)
    return _item(r, place.spec)


def _part(r: random.Random, spec: SectionSpec) -> Any:
    return text(r) if spec.kind == "prose" else [_item(r, spec) for _ in range(r.randint(0, 2))]


def _item(r: random.Random, spec: SectionSpec) -> Any:
    assert spec.pattern is not None
    if spec.pattern.single:
        return text(r)
    return {s.name: r.choice(list(LINKS)) if s.reference else text(r) for s in spec.pattern.slots}


# The proof, made apart from the code under test


def changed_outside(before: bytes, after: bytes, spans: list[tuple[int, int]]) -> list[bytes]:
    """Return the old lines that are gone or changed although no span covers them; a change of digits is no change."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    found = []
    matcher = difflib.SequenceMatcher(None, [_bare(x) for x in old], [_bare(x) for x in new], autojunk=False)
    for tag, low, high, _, _ in matcher.get_opcodes():
        if tag in ("replace", "delete"):
            for n in range(low, high):
                covered = any(a < starts[n + 1] and starts[n] <= b for a, b in spans)
                found += [] if covered else [old[n]]
    return [line for line in found if line.strip()]


def extent(outline: EditOutline, target: EditTarget) -> tuple[int, int]:
    """Return the span of a target, of an item with what is nested in it."""
    inner = [t.end for t in outline.members(target.place) if t.id.startswith(target.id[:-1] + ".")]
    return target.start, max([target.end, *inner]) if target.kind == "item" else target.end


def _bare(line: bytes) -> bytes:
    return re.sub(rb"\d+", b"0", line).rstrip(b"\r\n")
