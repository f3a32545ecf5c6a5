"""Why a call failed, in our own words. The providers' clients share no base class, and their texts may hold a key."""

from __future__ import annotations

import email.utils
import re
import time

from procauthor.authoring.identity import ModelId
from procauthor.errors import ModelError
from procauthor.secret import Censor

# Servers show the first and the last letters of a key, which no list of secrets takes for one.
_MASKED = re.compile(r"\b(?:sk|pk|gsk|xai|lsv2)[-_][\w.*-]{6,}|\b[\w-]{2,12}\*{3,}[\w-]{0,12}|\bAIza[\w*-]{6,}")
_FORM = re.compile(
    r"response.?format|json.?(?:schema|mode|object)|schema|structured|grammar|guided|strict|\btools?\b|tool_choice|function"
    r"|additionalProperties|extra (?:fields|inputs)|unknown (?:field|parameter|argument)|unrecognized|\bformat\b",
    re.IGNORECASE,
)
_SILENT = re.compile(
    r"(?:error code:?)?\W*(?:400|422)?\W*(?:bad request|invalid request|unprocessable \w+|null|none)?\W*", re.IGNORECASE
)
_MAX_DETAIL = 200
_BAD_REQUEST = frozenset({400, 422})
_REFUSED_KEY = frozenset({401, 403})
_RETRIED = frozenset({408, 409, 425, 429})
_TOO_MANY = 429
_SERVER = 500
_FIRST_ERROR = 400


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
    long as it is not ``certain`` that the form works.
    """
    if status_of(error) not in _BAD_REQUEST or certain:
        return False
    detail = _detail(error)
    return bool(_FORM.search(detail)) or _SILENT.fullmatch(detail) is not None


def is_passing(error: BaseException) -> bool:
    """Say whether the same call may succeed later: too many requests, a server's error, a broken connection."""
    status = status_of(error)
    if status is not None:
        return status in _RETRIED or status >= _SERVER
    return _is_transport(error)


def is_busy(error: BaseException) -> bool:
    """Say whether a server has too many requests: then none of ours should come."""
    return status_of(error) == _TOO_MANY


def retry_after(error: BaseException) -> float | None:
    """Return how many seconds the server asks to wait."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        if headers.get("retry-after-ms"):
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        text = str(headers.get("retry-after") or "")
        if text.replace(".", "", 1).isdigit():
            return float(text)
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time()) if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def model_error(identity: ModelId, error: BaseException, censor: Censor, url: str = "") -> ModelError:
    """Return the error that a user sees: one sentence without a key in it."""
    status = status_of(error)
    if status in _REFUSED_KEY:
        message = f"{str(identity)!r} refused the key (HTTP {status})"
        return ModelError(message, f"check the environment variable {identity.key_name}")
    what, hint = _what(error, status)
    message = f"{str(identity)!r} failed: {what}"
    if status is not None and status != _TOO_MANY and status < _SERVER:
        message += _told(error, censor)
    return ModelError(message, hint.format(url=url or "base_url"))


def _told(error: BaseException, censor: Censor) -> str:
    """Return what the server said, without anything that could be a key."""
    text = _MASKED.sub("[redacted: key]", censor(" ".join(_detail(error).split())))
    short = text if len(text) <= _MAX_DETAIL else f"{text[:_MAX_DETAIL]}..."
    return f": {short}" if short else ""


def _detail(error: BaseException) -> str:
    body = getattr(error, "body", None)
    while isinstance(body, dict):
        inner = body.get("error", body.get("message", body.get("detail")))
        if inner is None:
            break
        body = inner
    return str(body) if isinstance(body, str | list) and body else str(error)


def _names(error: BaseException) -> str:
    return " ".join(parent.__name__ for parent in type(error).__mro__)


def _is_transport(error: BaseException) -> bool:
    return any(
        word in _names(error) for word in ("Timeout", "Connect", "TransportError", "RemoteProtocol", "ReadError")
    )


def _what(error: BaseException, status: int | None) -> tuple[str, str]:
    if status == _TOO_MANY:
        return "too many requests (HTTP 429)", "wait, and resume the run"
    if status is not None and status >= _SERVER:
        return f"the server has an error (HTTP {status})", "resume the run later"
    if status is not None:
        return f"the request was refused (HTTP {status})", "check the name of the model and the settings"
    if "Timeout" in _names(error):
        return "no answer in time", "resume the run, or raise timeout in the settings"
    if _is_transport(error):
        return "no connection to the server", "check the network and {url}, then resume the run"
    return "its answer cannot be read", "check that {url} leads to the provider's API"
