"""A library with a plan of many items, and a model for it. ``python -m tests.batch SECONDS LOG`` serves the model."""

import hashlib
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conftest import SETTINGS, write_library
from tests.loopback import Json, Loopback, Scripted, answers, procedure_hook

CALLS = 3
"""The calls that one item takes where every reply is good, each after the one before."""

ITEM = """### {number}. Define {title}
**Priority:** P1 - High
**Lifecycle:** Feature Lifecycle - Phase 2
**Status:** Missing (not created)
**Dependencies:** {needs}
**Blocks:** None
**Estimated Effort:** 1-2 hours

**Why:** Part {number} of the work has to be described.

**Action Items:**
- [ ] Use canonical template
- [ ] Define workflow of part {number}

"""

INDEX = """# Master Procedures Index

## Feature Lifecycle

| Procedure | Phase | Status |
|---|---|---|
| [Design Review Procedure](feature/design-review.md) | 1 | Defined |
| [Threat Check Procedure](feature/threat-check.md) | 1 | Placeholder |
"""


def title_of(number: int) -> str:
    return f"Part {number} Work Procedure"


def needs_of(shape: str, items: int) -> list[list[int]]:
    """Who needs whom, by place: nobody anybody, each the one before, or a few earlier ones with a chain of four."""
    if shape == "wide":
        return [[] for _ in range(items)]
    if shape == "chain":
        return [[n - 1] if n else [] for n in range(items)]
    dice = random.Random(7)
    found: list[list[int]] = []
    depth: list[int] = []
    for place in range(items):
        fitting = [n for n in range(place) if depth[n] < 4]
        found.append(sorted(dice.sample(fitting, min(len(fitting), dice.choice([0, 0, 1, 2])))))
        depth.append(1 + max((depth[n] for n in found[-1]), default=0))
    return found


def write_plan(needs: Sequence[Sequence[int]]) -> str:
    rows = []
    for place, before in enumerate(needs):
        names = ", ".join(title_of(n + 1) for n in before)
        text = f"{names} (to be defined)" if names else "None"
        rows.append(ITEM.format(number=place + 1, title=title_of(place + 1), needs=text))
    return "# Action Plan\n\n## Short Term (P1)\n\n" + "".join(rows)


def write_batch_library(folder: Path, needs: Sequence[Sequence[int]], url: str = "", **settings: object) -> Path:
    lines = [SETTINGS]
    if url:
        told = {"base_url": url, "retries": 0, "timeout": 30.0} | settings
        lines += ["[authoring]", *(f"{name} = {json.dumps(value)}" for name, value in told.items()), ""]
    files = {"action-plan.md": write_plan(needs), "index.md": INDEX, "procauthor.toml": "\n".join(lines)}
    return write_library(folder, **files)


def hook(path: tuple[str | int, ...], schema: Mapping[str, Any]) -> Any:
    return procedure_hook(path, schema)


good = answers((), hook)


def serve(seconds: float, log: Path) -> None:
    def reply(body: Json) -> Scripted:
        arrived = time.monotonic()
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with log.open("a") as file:
            file.write(f"{arrived} {digest}\n")
        made = good(body).body
        return Scripted(body=made, delay=max(0.001, seconds - (time.monotonic() - arrived)))

    with Loopback(reply) as server:
        print(server.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    serve(float(sys.argv[1]), Path(sys.argv[2]))
