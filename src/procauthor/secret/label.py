"""Secrets by the name that they are given: ``Password: ...``, ``export API_TOKEN=...``, a column of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from procauthor.secret.judge import is_chosen, is_strong


@dataclass(frozen=True, slots=True, eq=False)
class _LabelName:
    """Names in lower case that begin with the same letters. ``before`` is what has to come before them."""

    kind: str
    stem: bytes
    rare: bytes
    pattern: re.Pattern[bytes]
    before: re.Pattern[bytes] | None = None


# What may follow a name without changing what it names: DB_PASSWORD_PROD, but not PASSWORD_FILE.
_BEHIND = (
    rb"s?(?:[_-]?(?:\d{1,2}|prod|production|staging|stage|dev|test|live|old|new|b64|base64|value))?"
    rb"(?![a-z0-9]|[_-]{1,2}[a-z0-9])"
)


def _name(kind: str, stem: str, more: str = "", before: str = "") -> _LabelName:
    first = stem.encode()
    pattern = re.compile(re.escape(first) + (f"(?:{more})".encode() if more else b"") + _BEHIND)
    # A byte that no text in English has decides soonest.
    rare = next((first[at : at + 1] for at in range(len(first)) if first[at] > ord("~")), first[:1])
    return _LabelName(kind, first, rare, pattern, re.compile(f"(?:{before})[ _-]?\\Z".encode()) if before else None)


_KEYS = "api|access|secret|private|auth|signing|encryption|account|master|service|deploy|storage|license|webhook|app"
_ASCII = (
    _name("password", "pass", "word|wd|phrase|code|wort|ord"),
    _name("password", "pass", before=r"\A|[^a-z]"),
    _name("password", "pwd"),
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
_TAGS = rb"(?:</?[A-Za-z][^<>\n]{0,60}>[ \t]{0,4}){1,4}"
_SIGN = re.compile(
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
    + (rb"|" + _CLOSE + rb"(?:(?P<cell>" + _BLANK + rb"{0,40}\|" + _BLANK + rb"{0,40})")
    + (rb"|(?P<tags>(?:" + _TAGS + rb"|>):?[ \t]{0,4}(?:" + _TAGS + rb")?)")
    + (rb"|(?P<said>" + _BLANK + rb"{1,20}(?:" + _SAYS + rb":?" + _BLANK + rb"{1,4})?|(?=\xe3\x80\x8c))))")
    + _OPEN
)
_SCHEME = re.compile(rb"(?:basic|bearer|token|apikey|digest)[ \t]{1,3}", re.IGNORECASE)
_VALUE = re.compile(rb"[!#-&(-;=?-\[\]-_a-{}~][!#-&(-;=?-_a-{}~]{7,511}+")
_REST = re.compile(rb"[!#-&(-;=?-_a-{}~]*+")
# In an address or a connection string, the next field.
_NEXT = re.compile(rb"[&;][A-Za-z_]+=")
_PUNCTUATION = b".,;:)]}*_\\"
_OPTION = re.compile(rb"(?:\A|[\s\"'`])--?[a-z0-9_-]*\Z|\b(?:env|export|set|setx)[ \t]+[a-z0-9_]*\Z")
_LONGEST_BEFORE = 40
_DELIMITER = re.compile(rb"^[ \t>]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?)?[ \t]*\r?$", re.MULTILINE)
_CELL = re.compile(rb"(?:[^|\\\n]|\\.)*+")


def possible_names(raw: bytes) -> tuple[_LabelName, ...]:
    """Return the names of secrets that a text, or a part of it, may hold."""
    lowered = raw.lower()
    every = _ASCII if lowered.isascii() else (*_ASCII, *_OTHERS)
    return tuple(name for name in every if name.rare in lowered and name.stem in lowered)


def find_labelled(raw: bytes, possible: Sequence[_LabelName]) -> Iterator[tuple[int, int, str]]:
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
    plain = sign.lastgroup != "said" or _OPTION.search(lowered[max(0, end - _LONGEST_BEFORE) : end])
    if not (is_chosen(text, password=name.kind == "password") if plain else is_strong(text)):
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
        if is_chosen(text, password=kind == "password"):
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
