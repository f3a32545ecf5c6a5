"""What a secret is: the one answer for all that finds, shows, stores or sends text.

It is found by the form that its maker gave it, and by the name that it is given. The functions for all are at the end.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from procauthor.character import strip_hidden
from procauthor.data import grouped, texts_in, ungrouped
from procauthor.regex import lazy

# A made-up value says so.
_MADE_UP = lazy(
    rb"(?i)example|sample|dummy|fake|redacted|placeholder|change.?me|replace|insert|your|secret|password|passwd|p[@4]ss|xxxx"
    rb"|\.\.\.|\*\*\*|no-key|not-needed|\A(?:my|some|test|foo|bar)[-_]"
    # Published values: the key of the Azure storage emulator, and the payload that the makers of JWT show.
    rb"|Eby8vdM02xNOcqFlqUwJPLlm|eyJzdWIiOiIxMjM0NTY3ODkw"
)
# It says where the value is kept, or how it is made.
_ELSEWHERE = lazy(
    rb"[(\[{]|://|sha\d{1,3}[:-]|\A(?:arn|vault|op|ref|enc|env|file|secretref):|%[A-Za-z_]+%|\A\$\$?[A-Za-z_]\w*\Z"
)
_VARIABLE = lazy(rb"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_ADDRESS = lazy(rb"[\w.+-]+@[\w-]+\.[\w.-]+")
_DURATION = lazy(rb"(?:\d{1,6}(?:ms|[smhdwyKMG]i?B?)){1,6}")
_ID = lazy(rb"[0-9a-fA-F]{32,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_WORD_AND_YEAR = lazy(rb"[A-Za-z]{4,}\d{4,}")
_JOINT = lazy(rb"[-_./:,;\\]+")
_PIECE = lazy(rb"[A-Z]?[a-z]+|[A-Z]+|\d+|[^A-Za-z0-9]+")
_STRANGE_SIGN = lazy(rb"[!@#$%^*~]")
_UPPER, _LOWER, _DIGIT = lazy(rb"[A-Z]"), lazy(rb"[a-z]"), lazy(rb"\d")
_NUMBER = lazy(rb"\d+")
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


def _is_issued(value: bytes, least_bits: float) -> bool:
    """Say whether the random part of a token in the form of its maker is random indeed."""
    mixed = _DIGIT.search(value) or (_UPPER.search(value) and _LOWER.search(value))
    return bool(mixed) and not _is_made_up(value) and _bits(value) >= least_bits


def _is_chosen(value: bytes, *, password: bool = False) -> bool:
    """Say whether a value under a name such as "token" is one: ``reset2fa``, ``k8s/prod/db-1`` and ``$TOKEN`` are not.

    Args:
        value: The value.
        password: The name is one for a password, which may be a word with many digits.
    """
    value = _decoded(value)
    digit = _DIGIT.search(value)
    if len(value) < _SHORTEST or not (_UPPER.search(value) or _LOWER.search(value) or _ID.fullmatch(value)):
        return False
    if not (digit or _is_random_letters(value)) or _leads_elsewhere(value) or _is_made_up(value):
        return False
    if not digit or _ID.fullmatch(value):
        return True
    if _STRANGE_SIGN.search(value) or (password and _WORD_AND_YEAR.fullmatch(value)):
        return True
    return any(map(_is_random, _JOINT.split(value)))


def _is_strong(value: bytes) -> bool:
    """Say whether a value is random at first sight, so that nothing but a name beside it is needed."""
    mixed = all(kind.search(value) for kind in (_UPPER, _LOWER, _DIGIT))
    return len(value) >= _SHORTEST_STRONG and mixed and not _ID.fullmatch(value) and _is_chosen(value)


def _is_key(value: str) -> bool:
    """Say whether a key that a user sends to a server is worth hiding: ``x``, ``EMPTY`` and ``none`` are not."""
    raw = value.encode("utf-8", "surrogatepass")
    mixed = _DIGIT.search(raw) and (_UPPER.search(raw) or _LOWER.search(raw))
    return len(raw) >= (_SHORTEST if mixed else _SHORTEST_LETTERS) and b"no-key" not in raw


def _is_made_up(value: bytes) -> bool:
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


class _LabelName(Struct, frozen=True):
    """Names in lower case that begin with the same letters. ``before`` is what has to come before them."""

    kind: str
    stem: bytes
    pattern: re.Pattern[bytes]
    before: re.Pattern[bytes] | None = None


# What may follow a name without changing what it names: DB_PASSWORD_PROD, but not PASSWORD_FILE.
_BEHIND = (
    rb"s?(?:[_-]?(?:\d{1,2}|prod|production|staging|stage|dev|test|live|old|new|b64|base64|value))?"
    rb"(?![a-z0-9]|[_-]{1,2}[a-z0-9])"
)


def _name(kind: str, stem: str, more: str = "", before: str = "") -> _LabelName:
    first = stem.encode()
    pattern = lazy(re.escape(first) + (f"(?:{more})".encode() if more else b"") + _BEHIND)
    return _LabelName(kind, first, pattern, lazy(f"(?:{before})[ _-]?\\Z".encode()) if before else None)


_KEYS = "api|access|secret|private|auth|signing|encryption|account|master|service|deploy|storage|license|webhook|app"
_ASCII = (
    _name("password", "pass", "word|wd|phrase|code|wort|ord"),
    _name("password", "pass", before=r"\A|[^a-z]|store|key|require"),
    _name("password", "pwd"),
    _name("password", "pw", before=r"\A|[^a-z]"),
    _name("token", "token"),
    _name("secret", "secret", "[_-]?id|"),
    _name("key", "key", before=_KEYS),
    _name("key", "key-data"),
    _name("key", "authorization"),
    # The same in other languages.
    _name("password", "kennwort"),
    _name("password", "mot de passe"),
    _name("password", "senha"),
    _name("password", "wachtwoord"),
    _name("password", "adgangskode"),
    _name("password", "salasana"),
    _name("password", "heslo"),
    _name("password", "parola"),
    _name("password", "kata sandi"),
    _name("password", "sifre"),
    _name("password", "clave", before="la|su|the"),
    _name("token", "jeton"),
)
_OTHERS = tuple(
    _name(kind, word)
    for kind, word in (
        *(("password", word) for word in ("contraseña", "lösenord", "hasło", "jelszó", "parolă", "şifre", "lozinka")),
        *(("password", word) for word in ("пароль", "Пароль", "ПАРОЛЬ", "κωδικός", "Κωδικός", "סיסמה", "סיסמא")),
        *(("password", word) for word in ("密码", "密碼", "口令", "パスワード", "비밀번호", "암호", "كلمة المرور")),
        *(("password", word) for word in ("كلمة السر", "पासवर्ड", "รหัสผ่าน", "mật khẩu", "Mật khẩu", "Şifre")),
        *(("token", word) for word in ("令牌", "токен", "Токен", "トークン", "토큰")),
        *(("key", word) for word in ("密钥", "密鑰", "秘密鍵", "ключ доступа")),
    )
)
_BLANK = rb"(?:[ \t]|\\[nrt]|\xc2\xa0|\xe3\x80\x80)"
_LINE = rb"(?:\r?\n[ \t>]{0,12}(?:[-*+] )?)"
_CLOSE = rb"(?:\\?[\"'`]|[*_\])]|\xe2\x80[\x9c-\x9e]|\xc2\xbb){0,6}"
_OPEN = rb"(?:\\?[\"'`]|[*_]|\xe2\x80[\x98-\x9e]|\xc2\xab|\xe3\x80\x8c){0,6}"
_COLON = rb"(?::=|=>|->|[:=]{1,2}|\xef\xbc\x9a|\xef\xbc\x9d|\xe2\x86\x92)"
_FENCE = rb"(?:(?:```|~~~)[a-z]{0,12}" + _LINE + rb")?"
_SAYS = rb"(?:is|are|was|to|ist|lautet|est|es|\xc3\xa9|\xe6\x98\xaf|\xe4\xb8\xba|-|\xe2\x80[\x93\x94])"
_QUALIFIED = rb"(?: \([^()\n]{1,30}\)| (?:for|of|on|in|f\xc3\xbcr|de|pour|para) [\w ./@-]{1,40}?)?"
_TAGS = rb"(?:</?[A-Za-z][^<>\n]{0,60}>[ \t\r\n]{0,20}){1,4}"
# The name is the value of one field, and the secret that of another one behind it: name: DB_PASSWORD, value: ...
_BETWEEN = rb"(?:(?![ \t>\"']*(?:[-}\]]|(?i:name|key|variable)))[^\r\n]{0,160}\r?\n){0,5}?"
_FIELD = (
    (rb"(?:(?:[\"'](?:[^\r\n{}<>]{0,80}?[ \t])?|" + _CLOSE + rb"[ \t]{0,4}[,{]?(?:[ \t]{0,4}\r?\n" + _BETWEEN + rb")?)")
    + rb"[ \t>,]{0,40}[\"']?(?i:parameter)?(?i:value|default)[\"']?[ \t]{0,12}[:=][ \t]{0,12}"
    # The next argument of a call.
    + rb"|[\"'],[ \t]{0,4}(?=[\"']))"
)
_SIGN = lazy(
    # A name, a sign, and the value on the same line or on one of the next two, which may open a fence.
    (
        rb"(?:(?P<sign>"
        + _QUALIFIED
        + _CLOSE
        + rb"\r?\n?"
        + _BLANK
        + rb"{0,6}"
        + _COLON
        + _CLOSE
        + rb"(?:"
        + _TAGS
        + rb")?"
        + _BLANK
        + rb"{0,20}"
    )
    + (rb"(?:" + _LINE + rb"{1,2}" + _FENCE + rb")?)")
    + (rb"|(?P<field>" + _FIELD + rb")")
    + (rb"|" + _CLOSE + rb"(?:(?P<cell>" + _BLANK + rb"{0,40}\|" + _BLANK + rb"{0,40})")
    + (rb"|(?P<tags>(?:" + _TAGS + rb"|>):?[ \t]{0,4}(?:" + _TAGS + rb")?)")
    + (rb"|(?P<said>" + _BLANK + rb"{1,20}(?:" + _SAYS + rb":?" + _BLANK + rb"{1,4})?|(?=\xe3\x80\x8c))))")
    + _OPEN
)
_SCHEME = lazy(rb"(?:basic|bearer|token|apikey|digest)[ \t]{1,3}", re.IGNORECASE)
_VALUE = lazy(rb"[!#-&(-;=?-\[\]-_a-{}~][!#-&(-;=?-_a-{}~]{7,511}+")
_REST = lazy(rb"[!#-&(-;=?-_a-{}~]*+")
# In an address or a connection string, the next field.
_NEXT = lazy(rb"[&;][A-Za-z_]+=")
_PUNCTUATION = b".,;:)]}*_\\"
_OPTION_BEFORE = lazy(rb"(?:\A|[\s\"'`])--?[a-z0-9_-]*\Z|\b(?:env|export|set|setx)[ \t]+[a-z0-9_]*\Z")
_LONGEST_BEFORE = 40
_DELIMITER = lazy(rb"^[ \t>]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*\r?$", re.MULTILINE)
_CELL = lazy(rb"(?:[^|\\\n]|\\.)*+")


def _possible_names(raw: bytes, words: bytes) -> tuple[_LabelName, ...]:
    """Return the names of secrets that a text, or a part of it, may hold.

    Args:
        raw: The text.
        words: Each of its words once: most names are of one word, and looked for there.
    """
    lowered, text = words.lower(), raw.lower()
    every = _ASCII if lowered.isascii() else (*_ASCII, *_OTHERS)
    return tuple(name for name in every if name.stem in (text if b" " in name.stem else lowered))


def _find_labelled(raw: bytes, possible: Sequence[_LabelName]) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and kind of each value that one of the names says to be a secret, in no order."""
    if not possible:
        return
    lowered = raw.lower()
    names = sorted(_names(lowered, possible), key=lambda each: each[1])
    until = 0
    for name, end in names:
        # A name within a value has no value of its own, and to look for one again and again takes long.
        sign = _SIGN.match(raw, end) if end >= until else None
        span = _value(raw, lowered, name, end, sign) if sign is not None else None
        if span is not None:
            until = span[1]
            yield *span, name.kind
    if names and b"|" in raw:
        yield from _columns(raw, lowered, possible)


def _names(lowered: bytes, possible: Sequence[_LabelName]) -> Iterator[tuple[_LabelName, int]]:
    """Yield each name of a secret and where it ends."""
    for name in possible:
        if name.stem in lowered:
            for match in name.pattern.finditer(lowered):
                if name.before is None or name.before.search(lowered[max(0, match.start() - 12) : match.start()]):
                    yield name, match.end()


def _value(raw: bytes, lowered: bytes, name: _LabelName, end: int, sign: re.Match[bytes]) -> tuple[int, int] | None:
    scheme = _SCHEME.match(raw, sign.end())
    value = _VALUE.match(raw, scheme.end() if scheme else sign.end())
    if value is None:
        return None
    text = _NEXT.split(value[0], maxsplit=1)[0].rstrip(_PUNCTUATION)
    plain = sign.lastgroup != "said" or _OPTION_BEFORE.search(lowered[max(0, end - _LONGEST_BEFORE) : end])
    if not (_is_chosen(text, password=name.kind == "password") if plain else _is_strong(text)):
        return None
    whole = value.end() if len(text) < len(value[0]) else _end(raw, value.end())
    return value.start(), whole if whole > value.end() else value.start() + len(text)


def _end(raw: bytes, at: int) -> int:
    rest = _REST.match(raw, at)
    return rest.end() if rest else at


def _columns(raw: bytes, lowered: bytes, possible: Sequence[_LabelName]) -> Iterator[tuple[int, int, str]]:
    """Yield the values of tables below a column that has the name of a secret."""
    until = 0
    for delimiter in _DELIMITER.finditer(raw):
        above = delimiter.start() - 1
        if above < until:
            # A row of the table before.
            continue
        head = raw.rfind(b"\n", 0, above) + 1
        kinds = {
            n: kind
            for n, (start, end) in enumerate(_cells(raw, head))
            if (kind := _column_kind(lowered[start:end], possible))
        }
        if kinds:
            until = _table_end(raw, delimiter.end() + 1)
            yield from _rows(raw, delimiter.end() + 1, until, kinds)


def _table_end(raw: bytes, at: int) -> int:
    """Return where the lines with bars end that begin here."""
    while 0 < at < len(raw):
        stop = raw.find(b"\n", at) + 1 or len(raw)
        if b"|" not in raw[at:stop]:
            break
        at = stop
    return at


def _column_kind(cell: bytes, possible: Sequence[_LabelName]) -> str:
    """Return the kind of secrets that a column with this head has, or nothing."""
    for name, end in _names(cell, possible):
        if not cell[end:].strip(b" \t*_`:)(") or cell[end:].lstrip().startswith(b"("):
            return name.kind
    return ""


def _rows(raw: bytes, at: int, until: int, kinds: dict[int, str]) -> Iterator[tuple[int, int, str]]:
    while at < until:
        for number, (start, end) in enumerate(_cells(raw, at)):
            if number in kinds:
                yield from _words(raw, start, end, kinds[number])
        at = raw.find(b"\n", at) + 1 or until


def _words(raw: bytes, start: int, end: int, kind: str) -> Iterator[tuple[int, int, str]]:
    for value in _VALUE.finditer(raw, start, end):
        text = value[0].strip(_PUNCTUATION)
        if _is_chosen(text, password=kind == "password"):
            yield value.start(), value.end(), kind


def _cells(raw: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the cells of the line that begins here; a bar at its beginning opens no cell before it."""
    stop = raw.find(b"\n", at)
    stop = len(raw) if stop < 0 else stop
    while at < stop and raw[at : at + 1] in (b" ", b"\t", b">"):
        at += 1
    at += raw[at : at + 1] == b"|"
    while at <= stop:
        cell = _CELL.match(raw, at, stop)
        end = cell.end() if cell else stop
        yield at, end
        at = end + 1


# Bytes from the rarest in prose to the most common; all others count as common.
_RARE = b"_=@4JQXZKVYGUWBHFDLNMRPOCSIEAT"


class _Shape(Struct, frozen=True):
    """Group 1 of a match is judged. A group named "secret" narrows what is taken away.

    Every match holds one of ``marks``: a text without them is not searched further. The pattern is compiled (and kept
    by re) when a text has a mark, which is rare.
    """

    kind: str
    marks: tuple[bytes, ...]
    pattern: bytes
    least_bits: float


def _shape(kind: str, mark: str, pattern: str, least_bits: float = 2.0) -> _Shape:
    """Make a shape of a token, before which no letter, digit or underscore comes."""
    return _anywhere(kind, mark, rf"(?<![A-Za-z0-9_]){pattern}", least_bits)


def _anywhere(kind: str, mark: str, pattern: str, least_bits: float = 2.0) -> _Shape:
    """Make a shape. A pattern that begins with plain letters is searched much faster."""
    return _Shape(kind, tuple(mark.encode().split()), pattern.encode(), least_bits)


def _rarest(mark: bytes) -> bytes:
    return min((mark[at : at + 1] for at in range(len(mark))), key=lambda byte: _RARE.find(byte) % (len(_RARE) + 1))


_WORD = r"[A-Za-z0-9_-]"
_END = r"(?![A-Za-z0-9_-])"
# Every repetition has a bound, or begins where nothing of its kind comes before: so a search takes linear time.
_JWT = r"(?<![-.])eyJ[A-Za-z0-9_-]{8,4096}+\.eyJ([A-Za-z0-9_-]{8,8192}+\.[A-Za-z0-9_-]{8,2048})"
_URL = r"://[^\s/:@<>\"'`]{0,80}:(?P<secret>[^\s/@<>{}$\"'`]{6,200}+)@[\w.-]"
_CURL = r"-u(?<![^\s-]-u)(?:ser)?[ =]{0,3}[\"']?[^\s:\"'`]{1,64}:(?P<secret>[^\s\"'`<>|]{6,200}+)"
_ARGUMENT = r"[ \t]+[^\s`|]{1,200}"
_LAST_WORD = r"[\"']?(?P<secret>[^\s\"'`<>|-][^\s\"'`<>|]{5,200}+)"
_ON = r"(?:[^\n`]|\\\r?\n){0,200}?\s-"
_OPTION = rf"{_ON}(?:[paw]|pw) ?{_LAST_WORD}"
# The last of several words without a sign: the user's name is before it, and a file, if it is not only shown.
_FLAGS = r"(?:[ \t]+-\w{1,12}(?:[ \t]+\d{1,2}(?=[ \t]))?)"
_HTPASSWD = (
    rf"htpasswd(?={_FLAGS}{{0,6}}?[ \t]+-\w{{0,12}}b)(?:(?={_FLAGS}{{0,6}}?[ \t]+-\w{{0,12}}n){_FLAGS}{{1,6}}"
    rf"|{_FLAGS}{{1,6}}{_ARGUMENT}){_ARGUMENT}[ \t]+{_LAST_WORD}"
)
_CHPASSWD = r"(?<![\w.-])[\w.-]{1,64}:(?P<secret>[^\s\"'`<>|]{6,200}+)[\"']?[ \t]*\|[ \t]*(?:sudo[ \t]+)?chpasswd"
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
    _anywhere("password of a command", "mongo", rf"mongo[a-z]{{0,8}}{_OPTION}"),
    _anywhere("password of a command", "login", rf"login{_OPTION}"),
    _anywhere("password of a command", "plink pscp psftp", rf"p(?:link|scp|sftp){_OPTION}"),
    _anywhere("password of a command", "zip", rf"zip{_ON}P ?{_LAST_WORD}"),
    _anywhere("password of a command", "7z", rf"7z[a-z]?{_ON}p{_LAST_WORD}"),
    _anywhere("password of a command", "smb", rf"smb[a-z]{{0,8}}{_ON}U ?[\"']?[^\s%\"'`]{{1,64}}%{_LAST_WORD}"),
    _anywhere("password of a command", "htpasswd", _HTPASSWD),
    _anywhere("password of a command", "chpasswd", _CHPASSWD),
    _anywhere("password of a command", "rabbitmqctl", rf"rabbitmqctl{_ARGUMENT}{_ARGUMENT}[ \t]+{_LAST_WORD}"),
    _anywhere("password of a command", "net", rf"net user{_ARGUMENT}[ \t]+{_LAST_WORD}"),
    _anywhere(
        "password", "IDENTIFIED dentified", rf"(?:IDENTIFIED|[Ii]dentified)\s+(?i:(?:with\s+\w+\s+)?by)\s+{_LAST_WORD}"
    ),
    _anywhere("password of a command", "redis-cli", rf"redis-cli{_OPTION}"),
    _anywhere("password of a command", "ldap", rf"ldap[a-z]{{1,12}}{_OPTION}"),
    _anywhere("token in a header", "earer", rf"earer{_HEADER}"),
    _anywhere("token in a header", "asic", rf"asic{_HEADER}"),
    _anywhere("private key", "PRIVATE", _KEY),
)
_CHOSEN = frozenset({"password", "password in a URL", "password of a command", "token in a header"})


# Most marks end in one of these, which is rare enough to look at the two bytes before each of them.
_ENDS = (b"_", b"-", b".", b"=")
_MARKS = [(mark, shape) for shape, mark in ungrouped((shape, shape.marks) for shape in _SHAPES)]
_BY_END = {end: grouped((mark[-3:-1], (mark, shape)) for mark, shape in _MARKS if mark[-1:] == end) for end in _ENDS}
# One byte is looked for ten times faster than a word, so all others come after their rarest.
_BY_RARE = grouped((_rarest(mark), (mark, shape)) for mark, shape in _MARKS if mark[-1:] not in _ENDS)
_KEY_BITS = 3.0
_KEY_TAIL = 40
_KEY_LINE = lazy(rb"[A-Za-z0-9+/=]{16,}")


def _possible_shapes(raw: bytes) -> frozenset[_Shape]:
    """Return the shapes of which a text, or a part of it, may hold one; each of its words once is enough."""
    marks = list(chain.from_iterable(all_ for rare, all_ in _BY_RARE.items() if rare in raw))
    for end, by_tail in _BY_END.items():
        if end in raw:
            for tail in by_tail.keys() & {part[-2:] for part in raw.split(end)}:
                marks += by_tail[tail]
    return frozenset(shape for mark, shape in marks if mark in raw)


def _find_shapes(raw: bytes, shapes: Collection[_Shape]) -> Iterator[tuple[int, int, str]]:
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
    real = _is_chosen(match[1], password=True) if shape.kind in _CHOSEN else _is_issued(match[1], shape.least_bits)
    if not real:
        return None
    return match.span(1) if "secret" in match.re.groupindex else match.span()


def _private_key(match: re.Match[bytes]) -> tuple[int, int] | None:
    """Return a key with its frame; of a key without an end, up to the last line of it."""
    lines = list(_KEY_LINE.finditer(match[1]))
    # One line is enough: the first of a key of OpenSSH is the same in all of them, and full of zeros.
    if not any(_is_issued(line[0][-_KEY_TAIL:], _KEY_BITS) for line in lines):
        return None
    if match.end() > match.end(1):
        return match.span()
    return match.start(), match.start(1) + lines[-1].end()


class Secret(Struct, frozen=True):
    """Where a secret is, in bytes, and what kind it is. It does not hold the secret, so that nothing can print it."""

    kind: str
    start: int
    end: int


def find_secrets(raw: bytes) -> list[Secret]:
    """Return the secrets of a text in UTF-8 in order, those in code, comments and front matter included.

    Placeholders (``<token>``, ``$TOKEN``, ``changeme``), published examples, and hashes and ids without a name that
    calls them a secret are left out. No two overlap.
    """
    return PartSearch(raw).find(raw)


class PartSearch:
    """Finds secrets in parts of a text: what the whole does not hold is not looked for in any of them."""

    def __init__(self, whole: bytes) -> None:
        words = b" ".join(frozenset(whole.split()))
        self._shapes = _possible_shapes(words)
        self._names = _possible_names(whole, words)

    def find(self, part: bytes) -> list[Secret]:
        """Return the secrets of a part that was cut from the text as it is, as `find_secrets` does."""
        if not self._shapes and not self._names:
            return []
        return _join((*_find_shapes(part, self._shapes), *_find_labelled(part, self._names)))


def _join(places: Iterable[tuple[int, int, str]]) -> list[Secret]:
    """Return spans in order, those that overlap as one."""
    spans = sorted(places, key=lambda span: (span[0], -span[1]))
    secrets: list[Secret] = []
    for start, end, kind in spans:
        if secrets and start < secrets[-1].end:
            last = secrets.pop()
            secrets.append(Secret(last.kind, last.start, max(end, last.end)))
        else:
            secrets.append(Secret(kind, start, end))
    return secrets


# Text without what must not travel: secrets, keys of the user, and characters that a reader does not see

_HIDDEN_KEY = "[redacted: key]"
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
    search = PartSearch("\n".join(texts_in(value)).encode("utf-8", "surrogatepass"))
    return _each(value, lambda text: redact(text, search.find))


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
        known = {value for value in values if _is_key(value)}
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
        return self._pattern.sub(_HIDDEN_KEY, text) if self._pattern is not None else text

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
