"""How long a prompt a server takes, as its list of models says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# vLLM, OpenRouter, Mistral and LM Studio, Groq, llama.cpp: each has its own name for it.
_NAMES = ("max_model_len", "context_length", "max_context_length", "context_window", "n_ctx")


def read_window(listed: object, name: str) -> int:
    """Return the context window of a model in tokens from what ``/v1/models`` lists; 0 where it is not said.

    Args:
        listed: The list, as it came from the server.
        name: The model. A server that lists one model only means that one.
    """
    entries = listed.get("data") if isinstance(listed, Mapping) else None
    models = [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, list) else []
    named = [entry for entry in models if entry.get("id") == name] or (models if len(models) == 1 else [])
    return max(map(_window, named), default=0)


def _window(model: Mapping[str, Any]) -> int:
    meta = model.get("meta")
    parts = [model, meta] if isinstance(meta, Mapping) else [model]
    sizes = [part[name] for part in parts for name in _NAMES if type(part.get(name)) is int]
    return max(min(sizes, default=0), 0)
