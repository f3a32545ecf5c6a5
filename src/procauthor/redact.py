"""Text that must not travel: secrets, and characters that a reader does not see.

Prompts, the search index and briefs take text through `clean`; the checker finds the same secrets with `find_secrets`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_KEY = r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
_ASSIGNED = (
    r"(?i)\b[\w.-]{0,40}(?:password|passwd|pwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|access[_-]?token"
    r"|private[_-]?token|client[_-]?secret)[\"']?\s{0,3}(?:=|:=|:|=>)\s{0,3}"
    r"(?:(?P<q>[\"'])(?P<quoted>[^\s\"'<>{}$*]{8,200})(?P=q)|(?P<bare>[^\s\"'`<>{}$*,;()\[\]]{8,200}))"
)
# Each pattern is one that a service issues, so that an ordinary word is never taken for a secret. A group named
# "secret" narrows what is taken away.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            "private key",
            rf"-----BEGIN {_KEY}(?s:.*?)(?:-----END {_KEY}|\Z)",
        ),
        ("AWS access key", r"\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{16}\b"),
        ("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{40,255})\b"),
        ("GitLab token", r"\bgl(?:pat|dt|rt|ptt|cbt|soat|oas)-[A-Za-z0-9_.-]{18,}\b"),
        ("Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}"),
        ("Slack webhook", r"\bhttps://hooks\.slack\.com/(?P<secret>(?:services|workflows)/[A-Za-z0-9/_-]{20,})"),
        ("Google API key", r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])"),
        ("Google token", r"\bya29\.[0-9A-Za-z_-]{30,}|\bGOCSPX-[0-9A-Za-z_-]{20,}"),
        ("Stripe key", r"\b(?:sk|rk|pk|whsec)_(?:(?:live|test)_)?[0-9A-Za-z]{20,}\b"),
        (
            "API key",
            r"\b(?:sk|lsv2|gsk|xai|pplx|hf|npm|dop_v1|shpat|shpss|SG|dckr_pat)[-_.][A-Za-z0-9_.-]{18,}(?<=[A-Za-z0-9_-])",
        ),
        ("JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
        (
            "password in a URL",
            r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@<>\"'`]{0,80}:(?P<secret>[^\s/@<>{}$\"'`]{3,200})@[\w.-]",
        ),
        (
            "secret in an assignment",
            _ASSIGNED,
        ),
        ("token in a header", r"(?i)\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9_.~+/-]{16,}={0,2})(?![A-Za-z0-9])"),
    )
)
_SAMPLE = re.compile(
    r"(?i)example|sample|dummy|fake|change.?me|placeholder|redacted|insert|your[-_.]|my[-_.]?(?:password|secret|key)"
    r"|x{4,}|\.{3}|\*{3}|0{8,}|1234567890?\b|^(?:true|false|none|null|required|optional|undefined|password|secret)$"
)
_HIDDEN = re.compile(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
    # A joiner belongs to some scripts and to emoji; beside a Latin letter it only hides something.
    "|(?<=[\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?=[\x00-\x7f])"
)
_WORD_WITH_NUMBER = re.compile(r"[A-Za-z]+\d{1,2}")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands in a text, and what kind it is. Its own characters are never part of a message."""

    kind: str
    start: int
    end: int


def find_secrets(text: str) -> Iterator[Secret]:
    """Yield the secrets of a text in order. Examples such as ``password=<password>`` or ``AKIA...EXAMPLE`` are none."""
    found = sorted((s for kind, pattern in _PATTERNS for s in _matches(text, kind, pattern)), key=lambda s: s.start)
    end = 0
    for secret in found:
        if secret.start >= end:
            yield secret
            end = secret.end


def _matches(text: str, kind: str, pattern: re.Pattern[str]) -> Iterator[Secret]:
    for match in pattern.finditer(text):
        group = next((name for name in ("secret", "quoted", "bare") if match.groupdict().get(name)), 0)
        value = match[group]
        if _SAMPLE.search(value) or (group == "bare" and not _looks_random(value)):
            continue
        if group in ("secret", "quoted") and kind != "password in a URL" and not _looks_random(value):
            continue
        yield Secret(kind, match.start(group), match.end(group))


def _looks_random(value: str) -> bool:
    """Say whether a value could be a secret at all: ``password: reset it`` and ``api_key: string`` are words."""
    return bool(_DIGIT.search(value) and _LETTER.search(value)) and not _WORD_WITH_NUMBER.fullmatch(value)


def redact(text: str) -> str:
    """Return the text with every secret replaced by its kind: ``[redacted: GitHub token]``."""
    parts: list[str] = []
    position = 0
    for secret in find_secrets(text):
        parts += [text[position : secret.start], f"[redacted: {secret.kind}]"]
        position = secret.end
    return "".join([*parts, text[position:]])


def strip_hidden(text: str) -> str:
    """Return the text without characters that a reader does not see, such as zero-width and direction marks."""
    return _HIDDEN.sub("", text)


def clean(value: Any) -> Any:
    """Return text without hidden characters and secrets; of JSON, every text in it."""
    if isinstance(value, str):
        return redact(strip_hidden(value))
    if isinstance(value, Mapping):
        return {key: clean(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [clean(each) for each in value]
    return value
