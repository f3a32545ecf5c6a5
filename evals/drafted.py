"""Evaluators of a draft that need no model: what is wrong, what is invented, what is grounded, what it cost."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from evals.workshop import Bounds, DraftCase, Drafted
from procauthor.authoring.claim import Particular, find_claims
from procauthor.authoring.draft import Draft
from procauthor.authoring.outline import OUTLINE
from procauthor.library.status import MARK
from procauthor.markdown.parse import parse

CONTINUITY = frozenset(
    {
        "step-input-without-producer",
        "unused-output",
        "step-target-missing",
        "input-without-provider",
        "contract-not-reciprocal",
        "step-number-gap",
        "step-part-missing",
    }
)
REFERENCES = frozenset(
    {"broken-link", "broken-anchor", "unknown-procedure", "ambiguous-name", "reference-to-deprecated"}
)
_LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*\)")
_MARK = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")
FLOW = frozenset({"exit-undefined", "exit-unreached", "jump-skips-output"})
GAPS = frozenset({"missing-section", "empty-section", "placeholder-text", "template-text-left"})

_TABLE = re.compile(r"^[ \t]*\|(?:[ :]*-+[ :]*\|)+[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_SENTENCE = re.compile(r"[A-Z][^.!?|\n]*[.!?]")
_LEAST_WORDS = 5


class Delivered:
    """Whether there is a draft at all. Everything else is measured on the drafts that there are."""

    def evaluate(self, case: DraftCase, output: Drafted) -> Mapping[str, float]:  # noqa: ARG002 - the protocol's
        """Return ``drafted`` and the seconds that it took."""
        return {"drafted": float(output.draft is not None), "seconds": output.seconds}


class Findings:
    """What the rules report, and which of it is about continuity, references and gaps."""

    def evaluate(self, case: DraftCase, output: Drafted) -> Mapping[str, float]:
        """Return counts: ``errors``, ``warnings``, ``breaks``, ``bad_references`` and, of a new document, ``gaps``."""
        if output.draft is None:
            return {}
        found = output.draft.findings
        counts = {
            "errors": sum(f["severity"] == "error" for f in found),
            "warnings": sum(f["severity"] == "warning" for f in found),
            "breaks": sum(f["rule"] in CONTINUITY for f in found),
            "bad_references": sum(f["rule"] in REFERENCES for f in found),
        }
        if not case.input.words:
            counts["gaps"] = sum(f["rule"] in GAPS for f in found)
        return {name: float(number) for name, number in counts.items()}


class Grounding:
    """Whether commands, names and procedures that a draft speaks of stand in the library, and are flagged if not."""

    def evaluate(self, case: DraftCase, output: Drafted) -> Mapping[str, float]:
        """Return ``grounded``, a share, and the counts ``invented`` and ``unflagged``; of an update, what is new."""
        if output.draft is None:
            return {}
        before = _claims(output.draft.base_text or "") if case.input.words else {}
        claims = {name: claim for name, claim in _claims(_body(output.draft)).items() if name not in before}
        doubtful = [claim for claim in claims.values() if not output.evidence.holds(claim)]
        asked = "\n".join(output.draft.open_questions)
        scores = {
            "invented": float(sum(claim.kind == "procedure" for claim in doubtful)),
            "unflagged": float(sum(str(claim) not in asked for claim in doubtful)),
        }
        return scores | ({"grounded": 1 - len(doubtful) / len(claims)} if claims else {})


class Support:
    """What a new document rests on, and what it leaves open."""

    def evaluate(self, case: DraftCase, output: Drafted) -> Mapping[str, float]:
        """Return ``rests`` (the share of fields that rest on something), ``open_questions`` and ``words``."""
        draft = output.draft
        if draft is None or case.input.words:
            return {}
        resting = [name for name in draft.fields if draft.sources.get(name)]
        return {
            "rests": len(resting) / len(draft.fields) if draft.fields else 0.0,
            "open_questions": float(len(draft.open_questions)),
            "words": float(len(_body(draft).split())),
        }


class Shape:
    """What a new document is made of, and what the guard had to do for it."""

    def evaluate(self, case: DraftCase, output: Drafted) -> Mapping[str, float]:
        """Return counts.

        ``tables`` are tables, code blocks and diagrams; ``failures`` failures; ``proposals`` values with a reason that
        wait for a person; ``answerable`` questions that a place of the library may answer; ``repeated`` sentences that
        are said again; ``outline_faults`` how often a model had to correct its outline; ``flow`` findings about exits
        and jumps.
        """
        draft = output.draft
        if draft is None or case.input.words:
            return {}
        text = _body(draft)
        steps = draft.fields.get("workflow") or ()
        sentences = Counter(s.strip() for s in _SENTENCE.findall(text) if len(s.split()) >= _LEAST_WORDS)
        counts = {
            "tables": len(_TABLE.findall(text)) + len(_FENCE.findall(text)) // 2,
            "failures": sum(len(step.get("failure_handling") or ()) for step in steps),
            "proposals": text.count(MARK),
            "answerable": len({lead["question"] for lead in draft.leads}),
            "repeated": sum(number - 1 for number in sentences.values()),
            "outline_faults": sum(
                row["calls"] + row["reused"] for row in draft.usage_by_step if row["step"] == OUTLINE
            ),
            "flow": sum(f["rule"] in FLOW for f in draft.findings),
        }
        counts["outline_faults"] = max(0, counts["outline_faults"] - 1)
        return {name: float(number) for name, number in counts.items()}


class Fidelity:
    """Whether an update does what was wished, and leaves every other byte alone."""

    def evaluate(self, case: DraftCase, output: Drafted) -> Mapping[str, float]:
        """Return ``kept``: no byte outside the wished sections differs; and ``fulfilled``: it says what it has to."""
        draft = output.draft
        if draft is None or not case.input.words:
            return {}
        bounds = case.expected
        said = all(words in draft.text for words in bounds.says)
        silent = not any(words in draft.text for words in bounds.silent)
        kept = _outside(draft.base_text or "", bounds) == _outside(draft.text, bounds)
        return {"kept": float(kept), "fulfilled": float(said and silent)}


class Cost:
    """What a draft cost."""

    def evaluate(self, case: DraftCase, output: Drafted) -> Mapping[str, float]:  # noqa: ARG002 - the protocol's
        """Return ``calls``, ``input_tokens`` and ``output_tokens``."""
        usage = output.draft.usage if output.draft else None
        if usage is None:
            return {}
        return {
            "calls": float(usage.calls),
            "input_tokens": float(usage.input_tokens),
            "output_tokens": float(usage.output_tokens),
        }


EVALUATORS = (Delivered(), Findings(), Grounding(), Support(), Shape(), Fidelity(), Cost())


def is_clean(scores: Mapping[str, float]) -> bool:
    """Tell whether a draft could be accepted as it is: nothing wrong, nothing invented, nothing lost."""
    wrong = ("errors", "breaks", "bad_references", "gaps", "invented", "unflagged")
    done = ("drafted", "kept", "fulfilled")
    return all(scores.get(name, 1) == 1 for name in done) and not any(scores.get(name, 0) for name in wrong)


def _body(draft: Draft) -> str:
    """Return the text without its front matter, where open questions stand."""
    document = parse(draft.text.encode())
    return document.source.raw[document.front_matter[1] if document.front_matter else 0 :].decode()


def _claims(text: str) -> dict[str, Particular]:
    """Return what a text claims, line by line; where a link leads is checked by the rules, and is no claim."""
    lines = (_MARK.sub("", _LINK.sub(r"\1", line)) for line in text.splitlines())
    return {str(claim): claim for line in lines for claim in find_claims(line)}


def _outside(text: str, bounds: Bounds) -> list[bytes]:
    """Return the bytes of all sections but those that may change, with the sections below these."""
    document = parse(text.encode())
    kept: list[bytes] = []
    for section in document.sections:
        names = document.path(section) if section.heading else ("",)
        if not set(names) & set(bounds.sections):
            kept.append(document.source.raw[section.start : section.end])
    return kept
