"""Text without what must not travel: secrets, keys of the user, and characters that a reader does not see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from procauthor.character import strip_hidden
from procauthor.regex import lazy
from procauthor.secret.find import PartSearch, Secret, find_secrets, is_key

_KEY = "[redacted: key]"
# An escape of JSON: of a sign of ASCII, of a slash, or any other.
_ESCAPE = lazy(r"\\(?:u00([2-7][0-9A-Fa-f])|(/)|.)", re.DOTALL)
_NEEDED = frozenset('"\\\x7f')


def redact(text: str, find: Callable[[bytes], list[Secret]] = find_secrets) -> str:
    """Return the text with every secret replaced by its kind: ``[redacted: GitHub token]``.

    Args:
        text: The text.
        find: What finds the secrets.
    """
    raw = text.encode("utf-8", "surrogatepass")
    secrets = find(raw)
    if not secrets:
        return text
    parts: list[bytes] = []
    position = 0
    for secret in secrets:
        parts += [raw[position : secret.start], f"[redacted: {secret.kind}]".encode()]
        position = secret.end
    return b"".join([*parts, raw[position:]]).decode("utf-8", "surrogatepass")


def clean(value: Any) -> Any:
    """Return text without hidden characters and secrets; of JSON, every text in it."""
    return _redact_each(_each(value, strip_hidden))


def _redact_each(value: Any) -> Any:
    """Return JSON with every text in it redacted: what none of them holds is looked for in all of them at once."""
    if isinstance(value, str):
        return redact(value)
    search = PartSearch("\n".join(_texts(value)).encode("utf-8", "surrogatepass"))
    return _each(value, lambda text: redact(text, search.find))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def _each(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _each(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_each(each, change) for each in value]
    return value


class Censor:
    """Takes given values out of texts, besides all that looks like a secret.

    Args:
        values: What must not be shown: keys of servers, or secrets of a document whose parts are shown without the
            words around them. Short words, such as the ``EMPTY`` of a server at home, are no secrets.
    """

    def __init__(self, values: Iterable[str]) -> None:
        known = {value for value in values if is_key(value)}
        known |= {quote(value, safe="") for value in known}
        words = "|".join(re.escape(value) for value in sorted(known, key=len, reverse=True))
        # Only as a whole: within a longer word the same letters are something else.
        self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])") if known else None

    @classmethod
    def of(cls, *texts: bytes) -> Censor:
        """Return one that knows the secrets of documents, so that it finds them in parts of these too."""
        values: list[str] = []
        for raw in texts:
            values += (raw[secret.start : secret.end].decode(errors="replace") for secret in find_secrets(raw))
        return cls(values)

    def __call__(self, text: str) -> str:
        """Return the text without them, and without secrets of any kind."""
        return redact(self._hide(text))

    def _hide(self, text: str) -> str:
        return self._pattern.sub(_KEY, text) if self._pattern is not None else text

    def reply(self, text: str) -> str:
        """Return the text of a reply, which may be JSON: an escape hides nothing."""
        return self(_ESCAPE.sub(_unescape, text))

    def each(self, value: Any) -> Any:
        """Return JSON with every text in it cleaned, of hidden characters too."""
        return _redact_each(_each(value, lambda text: self._hide(strip_hidden(text))))


def _unescape(match: re.Match[str]) -> str:
    if match[2]:
        return "/"
    char = chr(int(match[1], 16)) if match[1] else ""
    return match[0] if not char or char in _NEEDED else char
