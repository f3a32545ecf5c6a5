"""Replies of the loopback server in the words of Anthropic's protocol (``/v1/messages``, tool use)."""

from typing import Any

from tests.loopback import Json, Loopback, Scripted

Block = dict[str, Any]


def message(*content: Block, stop: str = "end_turn") -> Scripted:
    body = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "any",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 10_000, "output_tokens": 1_000},
    }
    return Scripted(body=body)


def tool(arguments: Any, **more: Any) -> Scripted:
    return message(
        {"type": "tool_use", "id": "toolu_1", "name": "fields", "input": arguments}, **{"stop": "tool_use"} | more
    )


def words(text: str, stop: str = "end_turn") -> Scripted:
    return message({"type": "text", "text": text}, stop=stop)


def failed(status: int, kind: str, text: str, **headers: str) -> Scripted:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Scripted(status, {"type": "error", "error": {"type": kind, "message": text}}, named)


def tool_schema(body: Json) -> Json:
    schema: Json = body["tools"][0]["input_schema"]
    return schema


def address(server: Loopback) -> str:
    """The client adds the version by itself."""
    return server.url.removesuffix("/v1")
