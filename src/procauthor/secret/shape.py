"""Secrets by the form that their makers gave them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from procauthor.secret.judge import is_chosen, is_issued

# Bytes from the rarest in prose to the most common; all others count as common.
_RARE = b"_=@4JQXZKVYGUWBHFDLNMRPOCSIEAT"


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Group 1 of a match is judged. A group named "secret" narrows what is taken away.

    Every match holds one of ``marks``: a text without them is not searched further. Each comes after its rarest byte,
    because one byte is looked for ten times faster than a word. The pattern is compiled (and kept by re) when a text
    has a mark, which is rare.
    """

    kind: str
    marks: tuple[tuple[bytes, bytes], ...]
    pattern: bytes
    least_bits: float


def _shape(kind: str, mark: str, pattern: str, least_bits: float = 2.0) -> _Shape:
    """Make a shape of a token, before which no letter, digit or underscore comes."""
    return _anywhere(kind, mark, rf"(?<![A-Za-z0-9_]){pattern}", least_bits)


def _anywhere(kind: str, mark: str, pattern: str, least_bits: float = 2.0) -> _Shape:
    """Make a shape. A pattern that begins with plain letters is searched much faster."""
    marks = tuple((_rarest(mark), mark) for mark in mark.encode().split())
    return _Shape(kind, marks, pattern.encode(), least_bits)


def _rarest(mark: bytes) -> bytes:
    return min((mark[at : at + 1] for at in range(len(mark))), key=lambda byte: _RARE.find(byte) % (len(_RARE) + 1))


_WORD = r"[A-Za-z0-9_-]"
_END = r"(?![A-Za-z0-9_-])"
# Every repetition has a bound, or begins where nothing of its kind comes before: so a search takes linear time.
_JWT = r"(?<![-.])eyJ[A-Za-z0-9_-]{8,4096}+\.eyJ([A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,2048})"
_URL = r"://[^\s/:@<>\"'`]{0,80}:(?P<secret>[^\s/@<>{}$\"'`]{6,200}+)@[\w.-]"
_CURL = r"-u(?<![^\s-]-u)(?:ser)?[ =]{0,3}[\"']?[^\s:\"'`]{1,64}:(?P<secret>[^\s\"'`<>|]{6,200}+)"
_OPTION = r"[^\n`]{0,200}?\s-[paw] ?[\"']?(?P<secret>[^\s\"'`<>|-][^\s\"'`<>|]{5,200}+)"
_HEADER = r"[ \t]{1,3}(?P<secret>[A-Za-z0-9_.~+/-]{12,4096}+={0,2})"
_BEGIN = r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
_KEY = rf"{_BEGIN}([^-\"]*+(?:-(?!----)[^-\"]*+)*+)(?:-----END [A-Z0-9 ]{{0,30}}PRIVATE KEY(?: BLOCK)?-----)?"
_SHAPES = (
    _shape("AWS access key", "AKIA ASIA", rf"A[KS]IA([A-Z2-7]{{16}}){_END}"),
    _shape("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_([A-Za-z0-9]{30,255})"),
    _shape("GitHub token", "github_pat_", r"github_pat_([A-Za-z0-9_]{40,255})"),
    _shape(
        "GitLab token",
        "glpat- glrt- gldt- glptt- glcbt- glsoat- gloas- glft- glagent-",
        r"gl(?:pat|rt|dt|ptt|cbt|soat|oas|ft|agent)-([A-Za-z0-9_.-]{18,255})",
    ),
    _shape("Slack token", "xox", r"xox[abceoprs]-([A-Za-z0-9-]{10,255})"),
    _shape("Slack token", "xapp-", r"xapp-\d-([A-Za-z0-9-]{10,255})"),
    _shape("Slack webhook", "hooks.slack.com", r"https://hooks\.slack\.com/(?:services|workflows)/([\w/-]{20,255})"),
    _shape(
        "Discord webhook", "/api/webhooks/", rf"https://[a-z.]{{1,20}}\.com/api/webhooks/\d{{5,30}}/({_WORD}{{40,99}})"
    ),
    _shape("Stripe key", "_live_ _test_", r"[sr]k_(?:live|test)_([A-Za-z0-9]{16,255})"),
    _shape("Stripe key", "whsec_", r"whsec_([A-Za-z0-9+/]{24,99})"),
    _shape("Google API key", "AIza", rf"AIza({_WORD}{{35}}){_END}"),
    _shape("Google token", "ya29.", rf"ya29\.({_WORD}{{30,512}})"),
    _shape("Google client secret", "GOCSPX-", rf"GOCSPX-({_WORD}{{20,64}})"),
    _shape("Anthropic key", "sk-ant-", rf"sk-ant-({_WORD}{{20,200}})"),
    _shape("API key", "sk- sk_", rf"sk[-_](?!ant-|live_|test_)({_WORD}{{18,255}})"),
    _shape("API key", "gsk_", r"gsk_([A-Za-z0-9]{40,99})"),
    _shape("API key", "xai- pplx-", r"(?:xai|pplx)-([A-Za-z0-9]{40,120})"),
    _shape("API key", "lsv2_", r"lsv2_[a-z]{2}_([A-Za-z0-9_]{32,120})"),
    _shape("API key", "r8_ nvapi-", rf"(?:r8_|nvapi-)({_WORD}{{36,99}})"),
    _shape("Hugging Face token", "hf_", r"hf_([A-Za-z0-9]{30,64})"),
    _shape("npm token", "npm_", r"npm_([A-Za-z0-9]{36,64})"),
    _shape("PyPI token", "pypi-AgE", rf"pypi-AgE({_WORD}{{50,255}})"),
    _shape("RubyGems token", "rubygems_", r"rubygems_([a-f0-9]{48})"),
    _shape("Docker token", "dckr_", rf"dckr_[po]at_({_WORD}{{20,64}})"),
    _shape("SendGrid key", "SG.", rf"SG\.({_WORD}{{16,32}}\.{_WORD}{{30,64}})"),
    _shape("Mailgun key", "key-", rf"key-([a-f0-9]{{32}}){_END}"),
    _shape("Twilio key", "SK", rf"SK([a-f0-9]{{32}}){_END}"),
    _shape("Telegram token", ":AA", rf"\d{{8,10}}:AA({_WORD}{{33}}){_END}"),
    _shape("DigitalOcean token", "_v1_", r"do[opr]_v1_([a-f0-9]{64})"),
    _shape("Shopify token", "shp", r"shp(?:at|ca|pa|ss)_([a-fA-F0-9]{32})"),
    _shape("Vault token", "hvs. hvb. hvr.", rf"hv[sbr]\.({_WORD}{{24,300}})"),
    _shape("Terraform token", ".atlasv1.", rf"[A-Za-z0-9]{{14}}\.atlasv1\.({_WORD}{{60,80}})"),
    _shape(
        "Azure key",
        "AccountKey= SharedAccessKey=",
        r"(?:Account|SharedAccess)Key=(?P<secret>[A-Za-z0-9/+]{40,90}={0,2})",
    ),
    _shape("Azure signature", "sig=", r"sig=(?P<secret>[A-Za-z0-9%+/]{40,99}={0,2})"),
    _shape("Azure client secret", "Q~", r"[A-Za-z0-9_~.-]{3}\dQ~([A-Za-z0-9_~.-]{31,34})"),
    _shape("Databricks token", "dapi", rf"dapi([a-f0-9]{{32}}){_END}"),
    _shape("Atlassian token", "ATATT3", r"ATATT3([A-Za-z0-9_=-]{50,255})"),
    _shape("Grafana token", "glsa_ glc_", r"gl(?:sa|c)_([A-Za-z0-9_+/=]{32,255})"),
    _shape("Sentry token", "sntry", r"sntry[su]_([A-Za-z0-9_+/=]{40,255})"),
    _shape("Notion token", "ntn_", r"ntn_([A-Za-z0-9]{40,64})"),
    _shape("Linear key", "lin_api_", r"lin_api_([A-Za-z0-9]{32,64})"),
    _shape("Figma token", "figd_", rf"figd_({_WORD}{{36,64}})"),
    _shape("New Relic key", "NRAK-", r"NRAK-([A-Z0-9]{24,40})"),
    _shape("Postman key", "PMAK-", r"PMAK-([a-f0-9]{24}-[a-f0-9]{34})"),
    _shape("Tailscale key", "tskey-", r"tskey-[a-z]{2,10}-([A-Za-z0-9-]{20,80})"),
    _shape("Heroku key", "HRKU-", rf"HRKU-({_WORD}{{36,80}})"),
    _shape("age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1([A-Z0-9]{58})"),
    _shape("JSON web token", "eyJ", _JWT, 3.0),
    _anywhere("password in a URL", "://", _URL),
    _anywhere("password of a command", "-u", _CURL),
    _anywhere("password of a command", "sshpass", rf"sshpass{_OPTION}"),
    _anywhere("password of a command", "mysql", rf"mysql(?:dump|admin)?{_OPTION}"),
    _anywhere("password of a command", "login", rf"login{_OPTION}"),
    _anywhere("password of a command", "redis-cli", rf"redis-cli{_OPTION}"),
    _anywhere("password of a command", "ldap", rf"ldap[a-z]{{1,12}}{_OPTION}"),
    _anywhere("token in a header", "earer", rf"earer{_HEADER}"),
    _anywhere("token in a header", "asic", rf"asic{_HEADER}"),
    _anywhere("private key", "PRIVATE", _KEY),
)
_CHOSEN = frozenset({"password in a URL", "password of a command", "token in a header"})


def _by_rare() -> dict[bytes, list[tuple[bytes, _Shape]]]:
    """Return the marks with their shapes, by the rarest byte of the mark."""
    marks: dict[bytes, list[tuple[bytes, _Shape]]] = {}
    for shape in _SHAPES:
        for rare, mark in shape.marks:
            marks.setdefault(rare, []).append((mark, shape))
    return marks


_BY_RARE = _by_rare()
_KEY_BITS = 3.0
_KEY_TAIL = 40
_KEY_LINE = re.compile(rb"[A-Za-z0-9+/=]{16,}")


def possible_shapes(raw: bytes) -> frozenset[_Shape]:
    """Return the shapes of which a text, or a part of it, may hold one."""
    marks = (each for rare, all_ in _BY_RARE.items() if rare in raw for each in all_)
    return frozenset(shape for mark, shape in marks if mark in raw)


def find_shapes(raw: bytes, shapes: Collection[_Shape]) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and kind of each secret that has one of the shapes, in no order."""
    for shape in shapes:
        for match in re.finditer(shape.pattern, raw):
            span = _judge(shape, match)
            if span is not None:
                yield *span, shape.kind


def _judge(shape: _Shape, match: re.Match[bytes]) -> tuple[int, int] | None:
    """Return what of a match is the secret, if it is one."""
    if shape.kind == "private key":
        return _private_key(match)
    real = is_chosen(match[1], password=True) if shape.kind in _CHOSEN else is_issued(match[1], shape.least_bits)
    return (match.span(1) if "secret" in match.re.groupindex else match.span()) if real else None


def _private_key(match: re.Match[bytes]) -> tuple[int, int] | None:
    """Return a key with its frame; of a key without an end, up to the last line of it."""
    lines = list(_KEY_LINE.finditer(match[1]))
    # One line is enough: the first of a key of OpenSSH is the same in all of them, and full of zeros.
    if not any(is_issued(line[0][-_KEY_TAIL:], _KEY_BITS) for line in lines):
        return None
    if match.end() > match.end(1):
        return match.span()
    return match.start(), match.start(1) + lines[-1].end()
