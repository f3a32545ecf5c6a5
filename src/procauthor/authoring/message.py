"""What a provider's message says: its text, why it ended, and what it cost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from procauthor.authoring.brief import Usage
from procauthor.authoring.reply import Finish, Reply

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

_LENGTH = frozenset({"length", "max_tokens", "max_output_tokens", "incomplete", "model_context_window_exceeded"})
_REFUSAL = frozenset({"refusal", "content_filter", "safety", "prohibited_content", "blocklist", "recitation", "spii"})
_LONGEST = 400_000
"""More characters than this are no fields of a procedure; what follows is left unread."""
_ABSURD = 100_000_000
"""No model reads or writes so many tokens in one call."""


def estimate(text: str) -> int:
    """Return about how many tokens a text has, rounded up."""
    return -(-len(text) // 4)


def read_message(message: AIMessage, asked: int) -> Reply:
    """Return a reply. ``asked`` is the estimate of its input: a server that counts less is not believed."""
    text = _text(message)
    refusal = message.additional_kwargs.get("refusal") or _block_refusal(message)
    finish: Finish = "refusal" if refusal else _finish(message.response_metadata)
    if len(text) > _LONGEST:
        text, finish = text[:_LONGEST], "length"
    return Reply(text or str(refusal or ""), finish, _usage(message, asked, text))


def _text(message: AIMessage) -> str:
    """Return the arguments of all calls of a tool, or else the words."""
    calls = [json.dumps(call["args"], ensure_ascii=False) for call in message.tool_calls if call["args"]]
    calls += [str(broken["args"]) for broken in message.invalid_tool_calls if broken["args"]]
    return "\n".join(calls) or str(message.text)


def _block_refusal(message: AIMessage) -> str:
    blocks = message.content if isinstance(message.content, list) else []
    texts = [str(b.get("refusal", "")) for b in blocks if isinstance(b, dict) and b.get("type") == "refusal"]
    return " ".join(texts)


def _finish(metadata: Mapping[str, Any]) -> Finish:
    incomplete = metadata.get("incomplete_details") or {}
    reasons = [metadata.get(name) for name in ("finish_reason", "stop_reason", "done_reason")]
    reasons.append(incomplete.get("reason") if isinstance(incomplete, dict) else None)
    known = {str(reason).rsplit(".", 1)[-1].lower() for reason in reasons if reason}
    kind: Literal["length", "refusal", "stop"] = "stop"
    if known & _LENGTH:
        kind = "length"
    elif known & _REFUSAL:
        kind = "refusal"
    return kind


def _usage(message: AIMessage, asked: int, text: str) -> Usage:
    counted: Mapping[str, Any] = message.usage_metadata or {}
    return Usage(
        1, _believed(counted.get("input_tokens"), asked), _believed(counted.get("output_tokens"), estimate(text))
    )


def _believed(counted: object, own: int) -> int:
    """Return the larger of a server's count and our own: with a count that is too low, a ceiling would not hold."""
    return max(counted, own) if type(counted) is int and counted <= _ABSURD else own
