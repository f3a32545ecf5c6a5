"""Text without what must not travel or be shown: secrets, keys of the user, characters that hide, turn or steer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from procauthor.regex import lazy
from procauthor.secret.find import PartSearch, Secret, find_secrets, is_key

_HIDDEN = lazy(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    # A joiner belongs to some scripts and to emoji; beside a Latin letter it only hides something.
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f])"
)
_UNSAFE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# They turn the direction of what follows, so that a line shows something else than it says.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")


def strip_hidden(text: str) -> str:
    """Return the text without characters that a reader does not see, such as zero-width and direction marks."""
    return text if text.isascii() else _HIDDEN.sub("", text)


def plain(text: str, keep: str = "") -> str:
    """Return the text in one line; control characters show as escapes, as they do in a Python literal.

    Args:
        text: The text.
        keep: Characters that stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if _unsafe(c) and c not in keep else c for c in text)


def shown(text: str) -> str:
    """Return the text for a terminal: line ends and tabs stay, all other control characters show as escapes."""
    return plain(text.replace("\r\n", "\n"), keep="\n\t")


def byte_offsets(text: str, places: Iterable[int]) -> Iterator[int]:
    """Yield the offsets in UTF-8 of places of a text, which come in order."""
    at = before = 0
    for place in places:
        at, before = at + len(text[before:place].encode("utf-8", "surrogatepass")), place
        yield at


def _unsafe(char: str) -> bool:
    return unicodedata.category(char) in _UNSAFE or char in _TURNING


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


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
