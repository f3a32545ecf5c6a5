"""A small chat-completions server on the loopback interface, with scripted replies.

``Loopback(script)`` takes a list of replies, used in order, or one function of the request's body. Whole runs are
driven with ``Loopback(answers(titles, procedure_hook))``.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]
Path = tuple[str | int, ...]
Hook = Callable[[Path, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Scripted:
    """One reply of the server."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    delay: float = 0.0
    cut: int = 0
    """Send so many bytes fewer than announced, and close."""
    drip: float = 0.0
    """Wait so long after every byte of the first ten."""


Script = Sequence[Scripted | Callable[[Json], Scripted]] | Callable[[Json], Scripted]


def text(content: str | None, finish: str = "stop", *, usage: bool = True, refusal: str | None = None) -> Scripted:
    """A completion with this content."""
    message: Json = {"role": "assistant", "content": content}
    if refusal is not None:
        message["refusal"] = refusal
    body: Json = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "any",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if usage:
        body["usage"] = {"prompt_tokens": 10_000, "completion_tokens": 1_000, "total_tokens": 11_000}
    return Scripted(body=body)


def data(value: Any, **more: Any) -> Scripted:
    """A completion whose content is this value as JSON."""
    return text(json.dumps(value), **more)


def truncated(content: str) -> Scripted:
    """A completion that was cut off."""
    return text(content, "length")


def empty() -> Scripted:
    """A completion without content."""
    return text("")


def refused(words: str = "I cannot help with that.") -> Scripted:
    """A refusal."""
    return text(None, refusal=words)


def failure(status: int, message: str = "no", **headers: str) -> Scripted:
    """An HTTP error in OpenAI's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Scripted(status, {"error": {"message": message, "type": "error", "code": None}}, named)


def no_schema(reply: Scripted) -> Callable[[Json], Scripted]:
    """HTTP 400 for a request with response_format, the reply otherwise."""

    def answer(body: Json) -> Scripted:
        return failure(400, "response_format is not supported") if "response_format" in body else reply

    return answer


def dropped() -> Scripted:
    """The connection is closed without an answer."""
    return Scripted(drop=True)


def slow(seconds: float, reply: Scripted) -> Scripted:
    """A reply that comes late."""
    return Scripted(reply.status, reply.body, reply.headers, delay=seconds)


def answers(titles: Sequence[str] = (), hook: Hook | None = None) -> Callable[[Json], Scripted]:
    """Answer every request with minimal data that fits its schema."""
    return lambda body: data(answer_schema(schema_of(body), titles, hook))


def schema_of(body: Json) -> Json:
    """The schema that a request asks for."""
    schema: Json = body["response_format"]["json_schema"]["schema"]
    return schema


def words_of(body: Json) -> str:
    """All text of a request."""
    return "\n".join(message["content"] for message in body["messages"])


class Loopback:
    """The server. ``requests`` holds the bodies, ``headers`` the headers (names in lower case), in order of arrival."""

    def __init__(self, script: Script, models: Json | None = None) -> None:
        self.models = models
        self.requests: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self._script = script
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def reply(self, body: Json, headers: dict[str, str]) -> Scripted:
        with self._lock:
            number = len(self.requests)
            self.requests.append(body)
            self.headers.append(headers)
        if callable(self._script):
            return self._script(body)
        if number >= len(self._script):
            return failure(418, "the script has no more replies")
        item = self._script[number]
        return item(body) if callable(item) else item

    def listing(self) -> Scripted:
        """The list of models; most servers of the tests have none."""
        return Scripted(200 if self.models else 404, self.models)

    def wait(self, seconds: float) -> None:
        self._stopped.wait(seconds)


class _Quiet(BaseHTTPRequestHandler):
    def finish(self) -> None:
        with suppress(OSError, ValueError):
            super().finish()

    def log_message(self, *_: object) -> None: ...


def _handler(loopback: Loopback) -> type[BaseHTTPRequestHandler]:
    class Conversation(_Quiet):
        protocol_version = "HTTP/1.1"
        # Head and body go out in two pieces: without this, the second waits 40 ms for the client's acknowledgement.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            raw = self.rfile.read(length)
            if len(raw) < length or not raw:
                # Who asked was killed in the middle of it.
                self.close_connection = True
                return
            body = json.loads(raw)
            reply = loopback.reply(body, {name.lower(): value for name, value in self.headers.items()})
            if reply.delay:
                loopback.wait(reply.delay)
            if reply.drop:
                self.close_connection = True
                self.connection.close()
                return
            with suppress(OSError):
                self.send(reply)

        def do_GET(self) -> None:
            # Only the list of models may be read.
            self.send(loopback.listing())

        def send(self, reply: Scripted) -> None:
            raw = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            for number in range(10 if reply.drip else 0):
                self.wfile.write(raw[number : number + 1])
                loopback.wait(reply.drip)
            self.wfile.write(raw[10 if reply.drip else 0 : len(raw) - reply.cut])
            self.close_connection = self.close_connection or reply.cut > 0

    return Conversation


@contextmanager
def serving(*script: Scripted | Callable[[Json], Scripted]) -> Iterator[Loopback]:
    """Serve these replies in order."""
    with Loopback(list(script)) as server:
        yield server


# Data that fits a schema


def answer_schema(schema: Mapping[str, Any], titles: Sequence[str] = (), hook: Hook | None = None) -> Any:
    """Return minimal data that fits a schema.

    ``titles`` are preferred where a reference is wanted. ``hook(path, schema)`` may give another value for a place,
    or None to leave it; a path is like ``("workflow", 0, "inputs", 0, "artifact")``.
    """
    return _Filler(schema.get("$defs", {}), titles, hook).fill(schema, ())


class _Filler:
    def __init__(self, definitions: Mapping[str, Any], titles: Sequence[str], hook: Hook | None) -> None:
        self.definitions, self.titles, self.hook = definitions, titles, hook

    def fill(self, schema: Mapping[str, Any], path: Path) -> Any:
        if "$ref" in schema:
            return self.fill(self.definitions[schema["$ref"].rsplit("/", 1)[-1]], path)
        given = self.hook(path, schema) if self.hook else None
        if given is not None:
            return given
        if "anyOf" in schema:
            return self.choose(schema["anyOf"], path)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next((title for title in self.titles if title in schema["enum"]), schema["enum"][0])
        return self.typed(schema, path)

    def choose(self, options: Sequence[Mapping[str, Any]], path: Path) -> Any:
        for option in options:
            if set(self.titles) & set(option.get("enum", ())):
                return self.fill(option, path)
        return None if any(option.get("type") == "null" for option in options) else self.fill(options[0], path)

    def typed(self, schema: Mapping[str, Any], path: Path) -> Any:
        match schema.get("type"):
            case "object":
                wanted = schema.get("required", schema.get("properties", {}))
                return {name: self.fill(schema["properties"][name], (*path, name)) for name in wanted}
            case "array":
                return [self.fill(schema["items"], (*path, n)) for n in range(schema.get("minItems", 0))]
            case "string":
                return "Record the " + " ".join(str(part).replace("_", " ") for part in path) + "."
            case other:
                return {"integer": 1, "number": 1, "boolean": True}.get(str(other))


def procedure_hook(path: Path, schema: Mapping[str, Any]) -> Any:
    """Make a draft of the canonical template continuous: each of three steps uses what the one before made."""
    match path:
        case ("required_inputs", _, "artifact"):
            return "Signed Request"
        case ("workflow", int(number), "inputs", _, part):
            artifact, source = (
                (f"Record {number}", f"Step {number}") if number else ("Signed Request", "Required Inputs")
            )
            return {"artifact": artifact, "source": source}.get(str(part))
        case ("workflow", int(number), "outputs", _, "artifact"):
            return f"Record {number + 1}"
        case ("output_contract" | "downstream_dependencies", _, "artifact"):
            return "Record 3"
        case ("workflow_failure_handling" | "workflow_actions",):
            entry = answer_schema(schema["items"])
            return [{**entry, "step": number} for number in (1, 2, 3)]
    return None
