"""Whether a value is in use, or a word, an example or a place to fill in. When in doubt, it is no secret."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from itertools import pairwise

# A made-up value says so.
_MADE_UP = re.compile(
    rb"(?i)example|sample|dummy|fake|redacted|placeholder|change.?me|replace|insert|your|secret|password|passwd|xxxx"
    rb"|\.\.\.|\*\*\*|no-key|not-needed|\A(?:my|some|test|foo|bar)[-_]"
    # Published values: the key of the Azure storage emulator, and the payload that the makers of JWT show.
    rb"|Eby8vdM02xNOcqFlqUwJPLlm|eyJzdWIiOiIxMjM0NTY3ODkw"
)
# It says where the value is kept, or how it is made.
_ELSEWHERE = re.compile(
    rb"[(\[{]|://|sha\d{1,3}[:-]|\A(?:arn|vault|op|ref|enc|env|file|secretref):|%[A-Za-z_]+%|\A\$\$?[A-Za-z_]\w*\Z"
)
_VARIABLE = re.compile(rb"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_ADDRESS = re.compile(rb"[\w.+-]+@[\w-]+\.[\w.-]+")
_DURATION = re.compile(rb"(?:\d{1,6}(?:ms|[smhdwyKMG]i?B?)){1,6}")
_ID = re.compile(rb"[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD_AND_YEAR = re.compile(rb"[A-Za-z]{4,}\d{4,}")
_JOINT = re.compile(rb"[-_./:,;\\]+")
_PIECE = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+|\d+|[^A-Za-z0-9]+")
_SIGN = re.compile(rb"[!@#$%^*~]")
_UPPER, _LOWER, _DIGIT = re.compile(rb"[A-Z]"), re.compile(rb"[a-z]"), re.compile(rb"\d")
_NUMBER = re.compile(rb"\d+")
_MANY_NUMBERS = 3
_ENOUGH = 100
"""So many bytes tell whether a value counts; a value may be long, and a text may have many."""
_LONGEST_COUNT = 6
_LONGEST_REPEAT = 5
_SHORTEST = 8
_SHORTEST_STRONG = 10
_SHORTEST_LETTERS = 16
_MEAN_PIECE = 2.6
_MEAN_PIECE_OF_LETTERS = 2.2


def is_issued(value: bytes, least_bits: float) -> bool:
    """Say whether the random part of a token in the form of its maker is random indeed."""
    mixed = _DIGIT.search(value) or (_UPPER.search(value) and _LOWER.search(value))
    return bool(mixed) and not is_made_up(value) and _bits(value) >= least_bits


def is_chosen(value: bytes, *, password: bool = False) -> bool:
    """Say whether a value under a name such as "token" is one: ``reset2fa``, ``k8s/prod/db-1`` and ``$TOKEN`` are not.

    Args:
        value: The value.
        password: The name is one for a password, which may be a word with many digits.
    """
    value = _decoded(value)
    digit = _DIGIT.search(value)
    if len(value) < _SHORTEST or not (_UPPER.search(value) or _LOWER.search(value) or _ID.fullmatch(value)):
        return False
    if not (digit or _is_random_letters(value)) or _leads_elsewhere(value) or is_made_up(value):
        return False
    if not digit or _ID.fullmatch(value):
        return True
    if _SIGN.search(value) or (password and _WORD_AND_YEAR.fullmatch(value)):
        return True
    return any(map(_is_random, _JOINT.split(value)))


def is_strong(value: bytes) -> bool:
    """Say whether a value is random at first sight, so that nothing but a name beside it is needed."""
    mixed = all(kind.search(value) for kind in (_UPPER, _LOWER, _DIGIT))
    return len(value) >= _SHORTEST_STRONG and mixed and not _ID.fullmatch(value) and is_chosen(value)


def is_key(value: str) -> bool:
    """Say whether a key that a user sends to a server is worth hiding: ``x``, ``EMPTY`` and ``none`` are not."""
    raw = value.encode("utf-8", "surrogatepass")
    mixed = _DIGIT.search(raw) and (_UPPER.search(raw) or _LOWER.search(raw))
    return len(raw) >= (_SHORTEST if mixed else _SHORTEST_LETTERS) and b"no-key" not in raw


def is_made_up(value: bytes) -> bool:
    """Say whether a value says that it is an example, counts (``abcdef``) or repeats itself (``00000``)."""
    return bool(_MADE_UP.search(value)) or _counts(value)


def _leads_elsewhere(value: bytes) -> bool:
    shapes = (_VARIABLE, _ADDRESS, _DURATION)
    return bool(_ELSEWHERE.search(value)) or any(shape.fullmatch(value) for shape in shapes)


def _decoded(value: bytes) -> bytes:
    """Return what a value in base64 says, where that is text: there the example is seen to be one."""
    try:
        text = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return value
    return text if len(text) >= _SHORTEST // 2 and text.isascii() and text.decode("ascii").isprintable() else value


def _is_random(part: bytes) -> bool:
    digits = len(_NUMBER.findall(part))
    if len(part) < _SHORTEST or not digits:
        return False
    # Capitals and digits alone, as in base 32, have long stretches by nature.
    return _mean_piece(part) < _MEAN_PIECE or (len(part) >= _SHORTEST_LETTERS and digits >= _MANY_NUMBERS)


def _is_random_letters(value: bytes) -> bool:
    return len(value) >= _SHORTEST_LETTERS and value.isalpha() and _mean_piece(value) < _MEAN_PIECE_OF_LETTERS


def _mean_piece(value: bytes) -> float:
    """Return the mean length of stretches of one kind: words have long ones, random characters about 1.7."""
    return len(value) / len(_PIECE.findall(value))


def _bits(value: bytes) -> float:
    """Return the entropy of a value in bits for each of its bytes."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())


def _counts(value: bytes) -> bool:
    up = same = 1
    for before, after in pairwise(value[:_ENOUGH]):
        up = up + 1 if after == before + 1 else 1
        same = same + 1 if after == before else 1
        if up >= _LONGEST_COUNT or same >= _LONGEST_REPEAT:
            return True
    return False
