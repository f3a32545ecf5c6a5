"""What a model's server may send: so many bytes, in so long a time, from one origin, and an error told as an error.

All clients rest on httpx or httpx2, and both call hooks before they read a body. So one hook bounds every provider
that lets its client be given one.
"""

from __future__ import annotations

import json
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

MOST_BYTES = 16 * 1024 * 1024
"""So long may a reply be, unpacked. Ten thousand words are 60 KiB."""
_BEGAN = "procauthor_began"
_PORTS = {"http": 80, "https": 443}
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER_WRAPPING = 47
_REPLY_PARTS = ("choices", "content", "output", "candidates", "message")
_FIRST_ERROR = 400
_LAST_ERROR = 599
_BUSY = 429
_OVERLOADED = 503
_REFUSED = 400


class WireError(Exception):
    """What a server sent is not taken.

    Args:
        message: What is wrong, as the end of a sentence.
        hint: What to do next.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Wire:
    """The bounds of every exchange with a server.

    Args:
        seconds: How long a whole exchange may last.
        trusts: Says of a host whether the user allows to be sent there.
        consent: What gives that consent; ``{host}`` is the host.
    """

    seconds: float
    trusts: Callable[[str], bool]
    consent: str

    @property
    def hooks(self) -> dict[str, list[Callable[[Any], None]]]:
        """The hooks, as ``event_hooks`` of a client of httpx or httpx2 takes them."""
        return {"request": [self._begin], "response": [self._take]}

    @staticmethod
    def _begin(request: Any) -> None:
        """Note when an exchange began; a redirected request takes its extensions along."""
        request.extensions.setdefault(_BEGAN, time.monotonic())
        # What the client would unpack by itself, it unpacks without a bound.
        request.headers["accept-encoding"] = "gzip"

    def _take(self, response: Any) -> None:
        """Read a body within the bounds, and leave it to the client unpacked."""
        if response.has_redirect_location:
            self._check_origin(str(response.request.url), response.headers["location"])
        end = response.request.extensions.get(_BEGAN, time.monotonic()) + self.seconds
        pieces = self._in_time(response.stream, end)
        body = b"".join(_bounded(_unpacked(pieces, response.headers.get("content-encoding", ""))))
        response.stream.close()
        for name in ("content-encoding", "content-length", "transfer-encoding"):
            response.headers.pop(name, None)
        if response.status_code < _FIRST_ERROR:
            body, response.status_code = _read_plainly(body, response.status_code)
        library = sys.modules[type(response).__module__.partition(".")[0]]
        response.stream = library.ByteStream(body)

    def _check_origin(self, asked: str, location: str) -> None:
        before, after = urlsplit(asked), urlsplit(urljoin(asked, location))
        host = (after.hostname or "").rstrip(".")
        if _origin(before) == _origin(after) or self.trusts(host):
            return
        message = f"the server at {_shown(before)} sends the request on to {_shown(after)}, which you did not choose"
        raise WireError(message, f"if that server may read your library: {self.consent.format(host=host)}")

    def _in_time(self, stream: Iterator[bytes], end: float) -> Iterator[bytes]:
        for piece in stream:
            if time.monotonic() > end:
                message = f"no complete answer in {self.seconds:.0f} seconds"
                raise TimeoutError(message)
            yield piece


def _origin(url: SplitResult) -> tuple[str, str, int | None]:
    try:
        port = url.port
    except ValueError:
        port = -1
    return url.scheme.lower(), (url.hostname or "").rstrip("."), port or _PORTS.get(url.scheme.lower())


def _shown(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"


def _unpacked(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """Yield a body unpacked, never more than a little over the bound at once."""
    kind = encoding.strip().lower()
    if kind in ("", "identity"):
        yield from pieces
        return
    if kind not in _PACKED:
        message = f"its reply is packed as {kind[:40]!r}, which it was not asked for"
        raise WireError(message, "have the server send plain replies")
    packed = zlib.decompressobj(_EITHER_WRAPPING)
    try:
        for piece in pieces:
            yield packed.decompress(piece, MOST_BYTES + 1)
        yield packed.flush()
    except zlib.error:
        message = "its reply cannot be unpacked"
        raise WireError(message, "resume the run later; or have the server send plain replies") from None


def _bounded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > MOST_BYTES:
            message = f"its reply is longer than {MOST_BYTES // 2**20} MiB"
            raise WireError(message, "check the server; no model answers with so much")
        yield piece


def _read_plainly(body: bytes, status: int) -> tuple[bytes, int]:
    """Return a body as the protocol means it, and the status that it really has.

    Some servers put an error into a reply that calls itself a success, and arguments of a tool as an object where the
    protocol has a text.
    """
    if b'"error"' not in body and b'"arguments"' not in body:
        return body, status
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return body, status
    if not isinstance(data, dict):
        return body, status
    if data.get("error") and not any(data.get(part) for part in _REPLY_PARTS):
        return body, _status_inside(data["error"])
    return (json.dumps(data).encode() if _spell_arguments(data) else body), status


def _status_inside(error: object) -> int:
    """Return the HTTP status that an error object amounts to."""
    parts = error if isinstance(error, Mapping) else {"message": error}
    for name in ("code", "status"):
        number = str(parts.get(name, ""))
        if number.isdecimal() and _FIRST_ERROR <= int(number[:9]) <= _LAST_ERROR:
            return int(number)
    words = " ".join(str(parts.get(name, "")) for name in ("code", "type", "status", "message")).lower()
    if any(word in words for word in ("rate_limit", "rate limit", "too many requests", "quota")):
        return _BUSY
    passing = ("overloaded", "unavailable", "timeout", "timed out", "server_error", "api_error", "internal error")
    return _OVERLOADED if any(word in words for word in passing) else _REFUSED


def _spell_arguments(data: Mapping[str, Any]) -> bool:
    """Turn arguments of tools that are objects into text, in place; say whether there were any."""
    changed = False
    for function in _functions(data):
        if isinstance(function.get("arguments"), dict | list):
            function["arguments"] = json.dumps(function["arguments"])
            changed = True
    return changed


def _functions(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for choice in _objects(data.get("choices")):
        message = choice.get("message")
        for call in _objects(message.get("tool_calls") if isinstance(message, dict) else None):
            function = call.get("function")
            if isinstance(function, dict):
                yield function


def _objects(value: object) -> Iterator[dict[str, Any]]:
    items = value if isinstance(value, list) else []
    yield from (item for item in items if isinstance(item, dict))
