"""Secrets by the shape that their makers gave them; a shape that anybody may type (a long password) is none of ours."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

# Bytes from the rarest in prose to the most common; all others count as common.
_RARE = b"_=@4JQXZKVYGUWBHFDLNMRPOCSIEAT"


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret at a byte offset. It does not hold the secret, so that nothing can print it."""

    kind: str
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class _Shape:
    """Every match holds one of ``marks``: a text without them is not searched further.

    Each stands behind its rarest byte, because one byte is looked for ten times faster than a word. The pattern is
    compiled (and kept by re) when a text has a mark, which is rare.
    """

    kind: str
    marks: tuple[tuple[bytes, bytes], ...]
    pattern: bytes
    least_bits: float = 3.0


def _shape(kind: str, mark: str, pattern: str, least_bits: float = 3.0, behind: str = r"(?![A-Za-z0-9_/+])") -> _Shape:
    """Make a shape; group 1 is the part that is random, and nothing of the kind may go on before or behind it."""
    bounded = rf"(?<![A-Za-z0-9_]){pattern}{behind}"
    return _Shape(kind, tuple((_rarest(mark), mark) for mark in mark.encode().split()), bounded.encode(), least_bits)


def _rarest(mark: bytes) -> bytes:
    return min((mark[at : at + 1] for at in range(len(mark))), key=lambda byte: _RARE.find(byte) % (len(_RARE) + 1))


_AWS = r"(?i:aws_?secret_?(?:access_?)?key)[\"']?\s{0,3}[:=]\s{0,3}[\"']?([A-Za-z0-9/+]{40})"
_SLACK_HOOK = r"https://hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/([A-Za-z0-9]{24})"
_OPENAI = r"sk-(?:proj-|svcacct-|admin-)?([A-Za-z0-9_-]{20,80}T3BlbkFJ[A-Za-z0-9_-]{20,80})"
# Line ends may be written out, as in JSON. The first line of a key of OpenSSH is the same in all of them.
_KEY_LINE_END = r"(?:[ \t\r\n>]|\\[nr]){0,40}"
_PRIVATE_KEY = (
    rf"-----BEGIN [A-Z ]{{0,20}}PRIVATE KEY(?: BLOCK)?-----{_KEY_LINE_END}"
    rf"(?:[A-Za-z-]{{1,40}}:[^\n]{{0,200}}\n{_KEY_LINE_END}){{0,8}}"
    rf"(?:b3BlbnNzaC1rZXktdjE[A-Za-z0-9/+]{{20,80}}{_KEY_LINE_END}[A-Za-z0-9/+]{{20}})?([A-Za-z0-9/+]{{40,80}})"
)
_ADDRESS = (
    r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@<>\"'`]{1,64}:(?=[^@\s]{0,128}\d)(?=[^@\s]{0,128}[A-Za-z])"
    r"([^\s:/@<>\"'`{}$%*\[\]()]{12,128})@"
)
_SHAPES = (
    _shape("AWS access key", "AKIA", r"AKIA([A-Z2-7]{16})"),
    _shape("AWS access key", "ASIA", r"ASIA([A-Z2-7]{16})"),
    _shape("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", r"gh[pousr]_([A-Za-z0-9]{36})"),
    _shape("GitHub token", "github_pat_", r"github_pat_([A-Za-z0-9]{22}_[A-Za-z0-9]{59})"),
    _shape("GitLab token", "glpat- glrt- gldt- glptt- glsoat-", r"gl(?:pat|rt|dt|ptt|soat)-([A-Za-z0-9_-]{20,64})"),
    _shape("Slack token", "xox", r"xox[abeoprs]-(?:\d{8,14}-){1,3}([A-Za-z0-9]{20,64})"),
    _shape("Slack webhook", "hooks.slack.com", _SLACK_HOOK),
    _shape("Stripe key", "_live_", r"[sr]k_live_([A-Za-z0-9]{24,128})"),
    _shape("Google API key", "AIza", r"AIza([A-Za-z0-9_-]{35})"),
    _shape("Google client secret", "GOCSPX-", r"GOCSPX-([A-Za-z0-9_-]{28})"),
    _shape("Anthropic key", "sk-ant-", r"sk-ant-[a-z]+\d\d-([A-Za-z0-9_-]{80,128})"),
    _shape("OpenAI key", "T3BlbkFJ", _OPENAI),
    _shape("OpenAI key", "sk-", r"sk-([A-Za-z0-9]{48})"),
    _shape("Hugging Face token", "hf_", r"hf_([A-Za-z]{34})"),
    _shape("npm token", "npm_", r"npm_([A-Za-z0-9]{36})"),
    _shape("PyPI token", "pypi-AgEIcHlwaS5vcmc", r"pypi-AgEIcHlwaS5vcmc([A-Za-z0-9_-]{50,200})"),
    _shape("SendGrid key", "SG.", r"SG\.([A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})"),
    _shape("DigitalOcean token", "_v1_", r"do[opr]_v1_([a-f0-9]{64})"),
    _shape("Vault token", "hvs.", r"hvs\.([A-Za-z0-9_-]{90,120})"),
    _shape("Azure storage key", "AccountKey=", r"AccountKey=([A-Za-z0-9/+]{86}==)"),
    _shape("age key", "AGE-SECRET-KEY-1", r"AGE-SECRET-KEY-1([QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})"),
    _shape("private key", "PRIVATE", _PRIVATE_KEY, 3.5, ""),
    _shape("password in an address", "://", _ADDRESS, 3.2, r"(?!example\.)(?=[a-z0-9-]{1,63}\.)"),
)
# The marks with their shapes, by the rarest byte of the mark.
_BY_RARE = {
    byte: [(mark, shape) for shape in _SHAPES for rare, mark in shape.marks if rare == byte]
    for byte in {rare for shape in _SHAPES for rare, _ in shape.marks}
}
# Written in any case, so the text is looked at in lower case first.
_NAMED = _shape("AWS secret key", "", _AWS)
# A made-up value says so, repeats itself, or counts through the alphabet.
_MADE_UP = re.compile(
    rb"(?i)example|sample|dummy|fake|redacted|placeholder|changeme|your|secret|password|passwd|xxxx|\.\.\."
    # The key of the Azure storage emulator is the same everywhere, and public.
    rb"|Eby8vdM02xNOcqFlqUwJPLlm"
)
_LONGEST_COUNT = 6
_LONGEST_REPEAT = 5


def find_secrets(raw: bytes) -> Iterator[Secret]:
    """Yield the secrets of a text in order, code and comments included: there they stand mostly."""
    found: dict[int, str] = {}
    named = (_NAMED,) if b"secret" in raw.lower() else ()
    possible = {shape for rare, marks in _BY_RARE.items() if rare in raw for mark, shape in marks if mark in raw}
    for shape in (*(shape for shape in _SHAPES if shape in possible), *named):
        for match in re.finditer(shape.pattern, raw):
            if _is_random(match[1], shape.least_bits):
                found.setdefault(match.start(), shape.kind)
    yield from (Secret(kind, start) for start, kind in sorted(found.items()))


def _is_random(value: bytes, least_bits: float) -> bool:
    return not _MADE_UP.search(value) and not _counts(value) and _bits(value) >= least_bits


def _bits(value: bytes) -> float:
    """Return the entropy of a value in bits for each of its bytes."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())


def _counts(value: bytes) -> bool:
    """Say whether a value holds a run such as ``abcdef``, ``012345`` or ``00000``."""
    up = same = 1
    for before, after in pairwise(value):
        up = up + 1 if after == before + 1 else 1
        same = same + 1 if after == before else 1
        if up >= _LONGEST_COUNT or same >= _LONGEST_REPEAT:
            return True
    return False
