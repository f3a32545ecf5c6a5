"""Measures the grounding gate: how many invented facts it catches, and how often it doubts a true one.

Each defined procedure of a library is taken as if it were a draft, and held against the library.

- *caught*: seeded inventions, of which no word stands in the library, are put into sentences and held against it.
- *asked*: those of them that a person is asked about, because only a team can know them: not an option of a command,
  the name of a variable, a file beside the page, or what a widely used program is told.
- *false alarms*: every claim of the document itself, as it stands and in another spelling (without code marks,
  ``30-day`` for ``30 days``, ``percent`` for ``%``).
- *left out*: the claims of a document against the library without it. These are no false alarms: the rest of the
  library really does not hold them. The figure says how much of a procedure is its own.

Usage: python benchmarks/grounding.py [--library procedures] [--seed 1] [--inventions 40]
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from itertools import chain
from pathlib import Path

from procauthor import Project
from procauthor.authoring.claim import Particular, find_claims
from procauthor.authoring.grounding import Evidence, document_texts, doubt
from procauthor.retrieval.chunk import chunk_document

SYLLABLES = [a + b for a in ("bra", "fen", "gol", "jav", "lom", "pex") for b in ("dru", "hix", "kel", "nur", "zub")]


def word(rng: random.Random, size: int = 2) -> str:
    return "".join(rng.choice(SYLLABLES) for _ in range(size))


def inventions(rng: random.Random) -> dict[str, str]:
    """One invented fact of every kind, each in a sentence."""
    name, other, camel = word(rng), word(rng), (word(rng, 1).title() + word(rng, 1).title())
    number = rng.choice([17, 23, 37, 41, 53, 67, 71, 83, 97, 113, 170])
    known = rng.choice(["kubectl rollout", "git push", "docker run", "terraform apply", "npm audit", "aws s3 cp"])
    tools = [
        "PagerDuty",
        "SonarQube",
        "Jira",
        "Datadog",
        "Jenkins",
        "Splunk",
        "Vercel",
        "Snyk",
        "LaunchDarkly",
        "Zabbix",
    ]
    return {
        "command in code": f"Then type `{name} check {other}` and read the result.",
        "command with option": f"Then {name} --{other} shows the state.",
        "known command": f"Run {known} {name} and wait.",
        "option": f"Add --{name}-{other} where needed.",
        "path": f"Store the record in {name}/{other}/{word(rng)}.yaml at once.",
        "absolute path": f"Read /etc/{name}/{other} before you begin.",
        "file": f"Fill in {name}.{rng.choice(['md', 'json', 'xlsx', 'sql'])} by hand.",
        "URL": f"See https://{name}.example.net/{other} for the form.",
        "host": f"Sign in at {name}.{other}.internal first.",
        "channel": f"Tell #{name}-{other} about it.",
        "procedure": f"Follow the {name.title()} {other.title()} Procedure first.",
        "standards": f"It keeps to the {camel} {name.title()} Standards.",
        "tool in CamelCase": f"Open a ticket in {camel} today.",
        "tool, well known": f"Open a ticket in {rng.choice(tools)} today.",
        "tool, a new word": f"Open a ticket {rng.choice(['in', 'with', 'via'])} {name.title()} today.",
        "variable": f"Set {name.upper()}_{other.upper()} to the limit.",
        "days": f"Keep it for {number} days.",
        "percent": f"At least {number + 0.3} % of requests succeed.",
        "latency": f"The answer comes within {number * 3} ms.",
        "count": f"Give up after {number} attempts.",
    }


def respell(claim: Particular) -> list[str]:
    """The same fact in other words."""
    if claim.quantities:
        number, unit = claim.quantities[0]
        return [f"It is {number} percent." if unit == "%" else f"It is a {number}-{unit} limit."]
    if claim.kind == "procedure":
        return [f"Go on with {claim.text}."]
    if claim.kind == "command" and re.match(r"[a-z]", claim.text):
        return [f"Run {claim.text}.", f"Type `{claim.text}`."]
    return [f"Use `{claim.text}`." if claim.kind in ("path", "name") else f"Use {claim.text} then."]


def measure(root: Path, seed: int, count: int, *, left_out: bool = True, each: int = 1) -> dict[str, object]:
    """Return the figures.

    ``left_out`` also looks each document up in all others, which takes most of the time; ``each`` takes one document in
    so many.
    """
    rng = random.Random(seed)
    project = Project.open(root)
    library = project.library()
    texts = list(document_texts(library))
    titles = [p.title for p in library.procedures]
    whole = Evidence.of(texts, titles)
    drafts = [p for p in library.counted if p.status in ("defined", "approved")][::each]
    caught: Counter[str] = Counter()
    made: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for _ in range(count):
        for kind, sentence in inventions(rng).items():
            made[kind] += 1
            caught[kind] += any(not whole.holds(claim) for claim in find_claims(sentence))
            asked[kind] += bool(doubt([("step 1", sentence)], whole))
    alarms, said, again, respelled, own, doubted = [], 0, [], 0, 0, 0
    own_texts = {p.path: _texts(p) for p in (library.procedures if left_out else drafts)}
    for procedure in drafts:
        found = [c for text in own_texts[procedure.path] for c in find_claims(text)]
        said += len(found)
        wrong = [c for c in found if not whole.holds(c)]
        alarms += [f"{procedure.path}: {c}" for c in wrong]
        doubted += bool(wrong)
        if left_out:
            others = (held for path, held in own_texts.items() if path != procedure.path)
            rest = Evidence.of(chain.from_iterable(others), titles)
            own += sum(not rest.holds(c) for c in found)
        for claim in found:
            for sentence in respell(claim):
                respelled += 1
                again += [f"{procedure.path}: {c}" for c in find_claims(sentence) if not whole.holds(c)]
    return {
        "documents": len(drafts),
        "inventions": sum(made.values()),
        "caught": round(sum(caught.values()) / max(1, sum(made.values())), 4),
        "caught_by_kind": {kind: round(caught[kind] / made[kind], 3) for kind in made},
        "asked": round(sum(asked.values()) / max(1, sum(made.values())), 4),
        "asked_by_kind": {kind: round(asked[kind] / made[kind], 3) for kind in made},
        "claims": said,
        "false_alarms": round(len(alarms) / max(1, said), 4),
        "documents_with_a_false_alarm": doubted,
        "respelled": respelled,
        "false_alarms_respelled": round(len(again) / max(1, respelled), 4),
        "left_out_not_found": round(own / max(1, said), 4) if left_out else None,
        "examples": (alarms + again)[:12],
    }


def _texts(procedure) -> list[str]:
    return [chunk.text for chunk in chunk_document(procedure.path, procedure.source, procedure.outline)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=Path("procedures"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inventions", type=int, default=40, help="rounds of one invention of every kind")
    options = parser.parse_args()
    print(json.dumps(measure(options.library, options.seed, options.inventions), indent=1))


if __name__ == "__main__":
    main()
