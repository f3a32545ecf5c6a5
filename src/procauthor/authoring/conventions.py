"""A model proposes the conventions of a library from samples of its documents; the program then counts each."""

from __future__ import annotations

import hashlib
from typing import Any

from procauthor.adoption.amend import SCHEMA
from procauthor.adoption.survey import Survey
from procauthor.authoring.answer import read_object
from procauthor.authoring.provider import Provider, Request
from procauthor.errors import ModelOutputError
from procauthor.prompt import PromptLibrary
from procauthor.secret import Censor
from procauthor.settings import AuthoringSettings

_SAMPLES = 12
_LONGEST = 1_500
_MOST_PATHS = 300
_ATTEMPTS = 2


def propose_conventions(survey: Survey, model: str) -> dict[str, Any]:
    """Ask a chat model how a library writes what is read from it, and return its proposal, which nobody has verified.

    Args:
        survey: What the program has found.
        model: The model as ``provider:name``.

    Raises:
        ConfigError: The id is malformed, the provider unknown, its package or its key missing.
        ModelError: The provider failed after retries.
        ModelOutputError: No reply could be read.
    """
    provider = Provider.open(model, AuthoringSettings())
    told = _told(survey)
    prompts = PromptLibrary()
    words = prompts.render("conventions", told)
    request = Request(prompts.render("system", {}), words, SCHEMA, prompts.render("plain", {"schema": SCHEMA}))
    names = list(SCHEMA["properties"])
    for _ in range(_ATTEMPTS):
        reply = provider.ask(request)
        data = read_object(reply.text, names) if reply.finish == "stop" else {}
        if data:
            return data
    message = f"{provider.id} gave no proposal that can be read"
    raise ModelOutputError(message, "adopt the library without --model, or try another one")


def _told(survey: Survey) -> dict[str, Any]:
    """Return what a model is told: paths, samples of each form and of what has none, and what was found. No secrets."""
    formless = [path for paths in survey.left_out.values() for path in paths]
    groups = [*(list(t.form.members) for t in survey.templates), formless]
    turns = [path for place in range(_SAMPLES) for group in groups for path in group[place : place + 1]]
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
