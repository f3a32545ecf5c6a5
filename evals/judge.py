"""A model compares the drafts of two runs, each pair in both orders: who wins, and does the order change its mind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from procauthor.authoring.answer import read_object
from procauthor.authoring.provider import Provider, Request
from procauthor.errors import ConfigError, ModelOutputError
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings

Choice = Literal["first", "second", "tie"]

PROMPTS = Path(__file__).with_name("prompts")
_ATTEMPTS = 2
_TURNED: Mapping[Choice, Choice] = {"first": "second", "second": "first", "tie": "tie"}
_SCHEMA: Mapping[str, Any] = {
    "title": "comparison",
    "description": "Which of two drafts is better.",
    "type": "object",
    "properties": {"reason": {"type": "string"}, "better": {"type": "string", "enum": list(get_args(Choice))}},
    "required": ["reason", "better"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of one pair in both orders, as it concerns the drafts and not their places."""

    case: str
    straight: Choice
    turned: Choice

    @property
    def agrees(self) -> bool:
        """Whether both orders gave the same answer."""
        return self.straight == self.turned

    @property
    def winner(self) -> Choice:
        """The draft that both orders prefer; a judge that follows the order has found none."""
        return self.straight if self.agrees else "tie"


@dataclass(frozen=True)
class Judge:
    """A chat model with the prompt in ``evals/prompts/judge.md.j2``."""

    provider: Provider
    prompts: PromptLibrary

    @classmethod
    def open(cls, model: str, base_url: str = "") -> Judge:
        """Open the model ``provider:name``; nothing is sent yet."""
        settings = AuthoringSettings(base_url=base_url, temperature=0)
        return cls(Provider.open(model, settings), PromptLibrary((PROMPTS,)))

    def compare(self, case: str, first: str, second: str) -> Verdict:
        """Compare two drafts in both orders.

        Raises:
            ModelError: The provider failed.
            ModelOutputError: The judge gave no usable answer.
        """
        straight = self._ask(case, first, second)
        turned = self._ask(case, second, first)
        return Verdict(case, straight, _TURNED[turned])

    def _ask(self, case: str, first: str, second: str) -> Choice:
        mark = hashlib.sha256(f"{case}\0{first}\0{second}".encode()).hexdigest()[:12]
        told = {"mark": mark, "wish": case, "first": first, "second": second}
        plain = self.prompts.render("plain", {"schema": _SCHEMA})
        system = "You compare documents. Your answer is one JSON object."
        request = Request(system, self.prompts.render("judge", told), _SCHEMA, plain)
        for _ in range(_ATTEMPTS):
            better = read_object(self.provider.ask(request).text, ["better"]).get("better")
            choice = next((choice for choice in _TURNED if choice == better), None)
            if choice:
                return choice
        message = f"the judge gave no usable answer about {case!r}"
        raise ModelOutputError(message, "try again, or use another model")


def judge_folders(judge: Judge, first: Path, second: Path) -> dict[str, Any]:
    """Return the verdicts on all drafts that two runs have both kept.

    Raises:
        ConfigError: They share none.
    """
    verdicts = [judge.compare(case, one, other) for case, one, other in _pairs(first, second)]
    if not verdicts:
        message = f"{str(first)!r} and {str(second)!r} hold no draft of the same case"
        raise ConfigError(message, "keep the drafts of both runs with --keep")
    wins = {choice: sum(verdict.winner == choice for verdict in verdicts) for choice in get_args(Choice)}
    return {
        "first": first.name,
        "second": second.name,
        "pairs": len(verdicts),
        "wins": wins,
        "agreement": sum(verdict.agrees for verdict in verdicts) / len(verdicts),
        "judge_prompt_sha256": judge.prompts.hash("judge"),
        "verdicts": [{"case": v.case, "straight": v.straight, "turned": v.turned} for v in verdicts],
    }


def show_judgement(result: Mapping[str, Any]) -> str:
    """Return the result in words."""
    wins = result["wins"]
    return (
        f"{result['pairs']} pairs, each asked in both orders. `{result['first']}` wins {wins['first']}, "
        f"`{result['second']}` wins {wins['second']}, {wins['tie']} are ties or depend on the order. "
        f"The judge agrees with itself in {result['agreement']:.0%}.\n"
    )


def _pairs(first: Path, second: Path) -> Iterator[tuple[str, str, str]]:
    for file in sorted(first.glob("*.md")):
        other = second / file.name
        if other.exists():
            yield file.stem, file.read_text(encoding="utf-8"), other.read_text(encoding="utf-8")
