"""Why a call failed, in our own words, and what a model's server may send."""

from __future__ import annotations

import email.utils
import json
import re
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from procauthor.authoring.identity import ModelId
from procauthor.errors import ModelError
from procauthor.regex import lazy
from procauthor.secret import Censor

MOST_BYTES = 16 * 1024 * 1024
"""So long may a reply be, unpacked. Ten thousand words are 60 KiB."""
_BEGAN = "procauthor_began"
_PORTS = {"http": 80, "https": 443}
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER_WRAPPING = 47
_REPLY_PARTS = ("choices", "content", "output", "candidates", "message")
_LAST_ERROR = 599
_OVERLOADED = 503


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
        return _TOO_MANY
    passing = ("overloaded", "unavailable", "timeout", "timed out", "server_error", "api_error", "internal error")
    return _OVERLOADED if any(word in words for word in passing) else _FIRST_ERROR


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


# Servers show the first and the last letters of a key, which no list of secrets takes for one.
_MASKED = lazy(r"\b(?:sk|pk|gsk|xai|lsv2)[-_][\w.*-]{6,}|\b[\w-]{2,12}\*{3,}[\w-]{0,12}|\bAIza[\w*-]{6,}")
_FORM = lazy(
    r"response.?format|json.?(?:schema|mode|object)|schema|structured|grammar|guided|strict|\btools?\b|tool_choice"
    r"|function|additionalProperties|\bformat\b|extra (?:fields|inputs)"
    r"|unknown (?:field|parameter|argument)|unrecognized",
    re.IGNORECASE,
)
_GRAMMAR = lazy(r"grammar|response.?format|json.?schema|guided.?decoding|structured.?output", re.IGNORECASE)
_NOT_TAKEN = lazy(
    r"extra[ _](?:fields|inputs|forbidden)|un(?:known|recognized|expected|supported)"
    r"|not (?:supported|permitted|allowed)",
    re.IGNORECASE,
)
_SILENT = lazy(
    r"(?:error code:?)?\W*(?:400|422)?\W*(?:bad request|invalid request|unprocessable \w+|null|none)?\W*",
    re.IGNORECASE,
)
_SPENT = lazy(
    r"insufficient[ _](?:quota|balance|credits?|funds)|billing_(?:hard_limit_reached|not_active)|billing hard limit"
    r"|credit balance is too low|out of credits",
    re.IGNORECASE,
)
# Free tiers say this of the next minute too, and then they say when to come again.
_MAYBE_SPENT = lazy(r"exceeded your current quota", re.IGNORECASE)
_WINDOW = lazy(
    r"context[ _]?(?:length|window|size)|maximum context|prompt is too long|too many (?:input )?tokens"
    r"|input is too long|\bn_ctx\b",
    re.IGNORECASE,
)
_PAGE = lazy(r"\s*<(?:!doctype|html|head|body)\b", re.IGNORECASE)
LIMITS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""The two names that servers have for the longest reply: each with the other."""
_OTHERS = (
    *LIMITS,
    "max_output_tokens",
    "model",
    "temperature",
    "top_p",
    "stop",
    "seed",
    "stream",
    "stream_options",
    "n",
)
_QUOTED = lazy(rf"['\"`](?:body\.)?({'|'.join(_OTHERS)})['\"`]")
_SMALLER = "take a model with a larger window, or lower reply_tokens or passages in the settings"
_MAX_DETAIL = 300
_BAD_REQUEST = frozenset({400, 422})
_TOO_LONG = frozenset({400, 413, 422, 500})
_REFUSED_KEY = frozenset({401, 403})
_RETRIED = frozenset({408, 409, 425, 429})
_NO_MONEY = 402
_TOO_MANY = 429
_SERVER = 500
_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Size:
    """How long a call is, in tokens: an estimate of what goes in, and the most that may come out."""

    asked: int
    reply: int


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status, which some clients keep on the error below their own."""
    response = getattr(error, "response", None)
    for holder, name in ((error, "status_code"), (response, "status_code"), (error, "code")):
        value = getattr(holder, name, None)
        if isinstance(value, int) and value >= _FIRST_ERROR:
            return value
    return status_of(error.__cause__) if error.__cause__ else None


def refuses_form(error: BaseException, *, certain: bool) -> bool:
    """Say whether a request was refused because of the form in which a reply was asked for.

    A refusal that names another reason, such as the model or the length, is none; one that names no reason may be, as
    long as it is not ``certain`` that the form works. Some servers fail where they should refuse: then only words about
    the form count.
    """
    status = status_of(error)
    if status is None or certain or _parameter(error) in _OTHERS or exceeds_window(error):
        return False
    detail = _detail(error)
    if status >= _SERVER:
        return _GRAMMAR.search(detail) is not None
    told = _FORM.search(detail) or _SILENT.fullmatch(detail)
    return status in _BAD_REQUEST and told is not None


def refused_limit(error: BaseException) -> str:
    """Return the name for the longest reply that a server does not take, or an empty string."""
    name = _parameter(error)
    refused = status_of(error) in _BAD_REQUEST and name in LIMITS and _NOT_TAKEN.search(_detail(error))
    return name if refused else ""


def exceeds_window(error: BaseException) -> bool:
    """Say whether a server refused a request because it does not fit the model's context window."""
    return status_of(error) in _TOO_LONG and _WINDOW.search(_detail(error)) is not None


def is_spent(error: BaseException) -> bool:
    """Say whether an account has no money or quota left: to wait a minute does not help."""
    status = status_of(error)
    if status is None or status >= _SERVER:
        return False
    words = " ".join([_detail(error), *map(str, chain.from_iterable(body.values() for body in _bodies(error)))])
    if status == _NO_MONEY or _SPENT.search(words):
        return True
    return retry_after(error) is None and _MAYBE_SPENT.search(words) is not None


def is_passing(error: BaseException) -> bool:
    """Say whether the same call may succeed later: too many requests, a server's error, a broken connection."""
    if wire_error(error) or is_spent(error):
        return False
    status = status_of(error)
    if status is not None:
        return status in _RETRIED or (status >= _SERVER and not exceeds_window(error))
    return _is_transport(error)


def wire_error(error: BaseException) -> WireError | None:
    """Return why a reply was not taken from the wire: the clients wrap it into errors of their own."""
    return next((each for each in _chain(error) if isinstance(each, WireError)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def is_busy(error: BaseException) -> bool:
    """Say whether a server has too many requests: then none of ours should come."""
    return status_of(error) == _TOO_MANY


def retry_after(error: BaseException) -> float | None:
    """Return how many seconds the server asks to wait."""
    responses = (getattr(each, "response", None) for each in _chain(error))
    headers: Mapping[str, str] = next((r.headers for r in responses if r is not None and hasattr(r, "headers")), {})
    try:
        if headers.get("retry-after-ms"):
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        text = str(headers.get("retry-after") or "")
        if text.replace(".", "", 1).isdigit():
            return float(text)
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time()) if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def model_error(
    identity: ModelId, error: BaseException, censor: Censor, url: str = "", size: Size | None = None
) -> ModelError:
    """Return the error that a user sees: one sentence without a key in it, with the server's own words."""
    wire = wire_error(error)
    if wire:
        return ModelError(f"{str(identity)!r} failed: {wire.message}", wire.hint)
    status = status_of(error)
    if status in _REFUSED_KEY:
        message = f"{str(identity)!r} refused the key (HTTP {status})"
        return ModelError(message, f"check the environment variable {identity.key_name}")
    what, hint = _what(error, status, size)
    told = _told(error, censor) if status is not None else ""
    return ModelError(f"{str(identity)!r} failed: {what}{told}", hint.format(url=url or "base_url"))


def _told(error: BaseException, censor: Censor) -> str:
    """Return what the server said, without anything that could be a key. A page of HTML says nothing."""
    text = " ".join(_detail(error).split())
    if _PAGE.match(text):
        return ""
    text = _MASKED.sub("[redacted: key]", censor(text))
    short = text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}..."
    return f": {short}" if short else ""


def _bodies(error: BaseException) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of what a server said, the outer before the inner."""
    body = getattr(error, "body", None)
    while isinstance(body, dict):
        yield body
        body = body.get("error", body.get("message", body.get("detail")))


def _detail(error: BaseException) -> str:
    body = getattr(error, "body", None)
    for each in _bodies(error):
        inner = each.get("error", each.get("message", each.get("detail")))
        body = each if inner is None else inner
    return str(body) if isinstance(body, str | list | dict) and body else str(error)


def _parameter(error: BaseException) -> str:
    """Return the parameter that a refusal names, or an empty string: by itself, by its place, or in its words."""
    for body in _bodies(error):
        if isinstance(body.get("param"), str):
            return str(body["param"])
        for entry in body["detail"] if isinstance(body.get("detail"), list) else ():
            place = entry.get("loc") if isinstance(entry, dict) else None
            if place and isinstance(place, list):
                return str(place[-1])
    named = _QUOTED.search(_detail(error))
    return named[1] if named else ""


def _names(error: BaseException) -> str:
    parents = chain.from_iterable(type(each).__mro__ for each in _chain(error))
    return " ".join(parent.__name__ for parent in parents)


def _is_transport(error: BaseException) -> bool:
    return any(
        word in _names(error) for word in ("Timeout", "Connect", "TransportError", "RemoteProtocol", "ReadError")
    )


def _what(error: BaseException, status: int | None, size: Size | None) -> tuple[str, str]:
    if is_spent(error):
        return f"the account's quota is used up (HTTP {status})", "add credit or raise the quota, then resume the run"
    if exceeds_window(error):
        return f"the request does not fit the model's context window{_asked(size)}", _SMALLER
    return _from_status(status) if status is not None else _from_transport(error)


def _from_status(status: int) -> tuple[str, str]:
    if status == _TOO_MANY:
        return "too many requests (HTTP 429)", "wait, and resume the run"
    if status >= _SERVER:
        return f"the server has an error (HTTP {status})", "resume the run later"
    return f"the request was refused (HTTP {status})", "check the name of the model and the settings"


def _from_transport(error: BaseException) -> tuple[str, str]:
    if "Timeout" in _names(error):
        return "no answer in time", "resume the run, or raise timeout in the settings"
    if _is_transport(error):
        return "no connection to the server", "check the network and {url}, then resume the run"
    return "its answer cannot be read", "check that {url} leads to the provider's API"


def _asked(size: Size | None) -> str:
    return f" (about {size.asked:,} tokens in, up to {size.reply:,} out)" if size else ""


def refuse_too_long(identity: ModelId, size: Size, window: int) -> None:
    """Refuse a call that cannot fit, before anything is sent. A window of 0 is not known.

    Raises:
        ModelError: It cannot.
    """
    if not window or size.asked + size.reply <= window:
        return
    what = f"the next call does not fit the context window of {window:,} tokens{_asked(size)}"
    message = f"{str(identity)!r} was not asked: {what}"
    raise ModelError(message, f"{_SMALLER}; context_tokens sets another window")
