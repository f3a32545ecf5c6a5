"""A model proposes the conventions of a library, or the reading of a plan; the program then proves each part."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import chain, product
from typing import Any

from procauthor.adoption.amend import SCHEMA
from procauthor.adoption.survey import Survey
from procauthor.authoring.answer import read_object
from procauthor.authoring.provider import Provider, Request
from procauthor.errors import ModelOutputError
from procauthor.planning.text import READING_SCHEMA
from procauthor.prompt import PromptLibrary
from procauthor.secret import Censor
from procauthor.settings import AuthoringSettings

_SAMPLES = 12
_LONGEST = 1_500
_MOST_PATHS = 300
_ATTEMPTS = 2
_LONGEST_PLAN = 30_000


def propose_conventions(survey: Survey, model: str) -> dict[str, Any]:
    """Ask a chat model how a library writes what is read from it, and return its proposal, which is not verified.

    Args:
        survey: What the program has found.
        model: The model as ``provider:name``.

    Raises:
        ConfigError: The id is malformed, the provider unknown, its package or its key missing.
        ModelError: The provider failed after retries.
        ModelOutputError: No reply could be read.
    """
    otherwise = "proposal that can be read", "adopt the library without --model, or try another one"
    return _ask(model, "conventions", SCHEMA, _told(survey), otherwise)


def propose_reading(raw: bytes, model: str) -> dict[str, Any]:
    """Ask a chat model how a plan is to be read, and return its proposal, which is not verified.

    Args:
        raw: The bytes of the plan.
        model: The model as ``provider:name``.

    Raises:
        ConfigError: The id is malformed, the provider unknown, its package or its key missing.
        ModelError: The provider failed after retries.
        ModelOutputError: No reply could be read.
    """
    lines = raw.decode(errors="replace")[:_LONGEST_PLAN]
    told: dict[str, Any] = Censor.of(raw).each({"plan": lines})
    told["mark"] = hashlib.sha256(raw).hexdigest()[:12]
    otherwise = "reading of the plan", "say in the front matter of the plan how it is read, or try another model"
    return _ask(model, "reading", READING_SCHEMA, told, otherwise)


def _ask(
    model: str, prompt: str, schema: Mapping[str, Any], told: dict[str, Any], otherwise: tuple[str, str]
) -> dict[str, Any]:
    """Ask a chat model for an object of a schema, twice at most; else say what it did not give, with a hint."""
    provider = Provider.open(model, AuthoringSettings())
    prompts = PromptLibrary()
    words = prompts.render(prompt, told)
    request = Request(prompts.render("system", {}), words, schema, prompts.render("plain", {"schema": schema}))
    for _ in range(_ATTEMPTS):
        reply = provider.ask(request)
        data = read_object(reply.text, list(schema["properties"])) if reply.finish == "stop" else {}
        if data:
            return data
    missing, hint = otherwise
    message = f"{model} gave no {missing}"
    raise ModelOutputError(message, hint)


def _told(survey: Survey) -> dict[str, Any]:
    """Return what a model is told: paths, samples of each form and of what has none, and what was found. No secrets."""
    formless = list(chain.from_iterable(survey.left_out.values()))
    groups = [*(list(t.form.members) for t in survey.templates), formless]
    turns = [group[place] for place, group in product(range(_SAMPLES), groups) if place < len(group)]
    chosen = list(dict.fromkeys(turns or [p.path for p in survey.library.procedures]))[:_SAMPLES]
    texts = {path: survey.library.by_path[path].source.raw for path in chosen if path in survey.library.by_path}
    told = {
        "paths": [p.path for p in survey.library.procedures][:_MOST_PATHS],
        "samples": {path: raw[:_LONGEST].decode(errors="replace") for path, raw in texts.items()},
        "settings": dict(survey.settings),
        "questions": list(survey.questions),
    }
    censored: dict[str, Any] = Censor.of(*texts.values()).each(told)
    return {**censored, "mark": hashlib.sha256(repr(sorted(texts.items())).encode()).hexdigest()[:12]}
