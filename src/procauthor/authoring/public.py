"""What the trade knows, as ``public.toml`` lists it: it is looked up in a manual, and is no question to a team.

Commands of widely used programs are public, and so are statements of SQL and cmdlets of PowerShell, as long as they
name nothing that a team has named: hosts, addresses, folders, branches, services.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Literal

from procauthor.regex import lazy

_LONGEST = 2000
_COMMENT = lazy(r"^\s*(?:#|--\s).*$|\s#\s.*$")
_ASSIGNED = lazy(r"\$?[A-Za-z_]\w*\+?=(?P<value>.*)", re.DOTALL)
_STORED = lazy(r"\$\w+\s*=\s*")
_CMDLET = lazy(r"(?P<verb>[A-Z][A-Za-z]+)-[A-Z][A-Za-z0-9]+\b")
# What goes over words that are no command.
_OVER = frozenset(("for", "case"))
_PUNCTUATION = lazy(r"[();<>|&]+")
_REDIRECTED = lazy(r"[<>]")
# An option, and what it is set to: --force-with-lease=main.
_OPTION = lazy(r"-\d{1,3}|[-+]{1,2}[A-Za-z][\w-]*(?:=(?P<value>.*))?", re.DOTALL)
_HOLE = r"<[\w -]+>|\$\{?\w+\}?|\$[@?#*]"
# A name in capitals is filled in, and so is what is built around one: upgrade_$DB, HOST:443, _dmarc.$DOMAIN, NEW.pem.
_BESIDE = r"[\w.:@%+,=-]*"
_FILLED_IN = lazy(rf"(?:[a-z]+/)?{_BESIDE}(?:{_HOLE}|(?<![a-z])[A-Z][A-Z0-9_]+(?![a-z])){_BESIDE}")
_FILLED_NAME = lazy(rf"{_BESIDE}(?:{_HOLE}){_BESIDE}")
# A variable of a program is in capitals too, and has no parts: TOPIC.repair-GROUP, but not MAX_RETRIES.
_FILLED_PARTS = lazy(rf"(?=[^.-]*[.-]){_FILLED_IN.pattern}(?:[.-][\w-]+)*")
_MARK = lazy(r"<\w[\w -]*>")
_FORMAT = lazy(r"[%{}.:\s\w-]*%[%{}.:\s\w-]*")
# A path into data, as jq and kubectl read it; a number; a pattern for any name; all that belongs to a script.
_PLAIN = lazy(r"(?:\.[A-Za-z]+)+|[\d.,:]+|\d+[a-z]{1,2}|v\d+(?:\.\d+)*|[-+]|[*?.:@^~]+\d*|\[?\$\w+\]?|\\[a-z]+")
_FILE = lazy(r"[\w$<>{}*-]+(?:\.[\w-]+)*\.[a-z][a-z0-9]{0,7}")
_LOOSE = lazy(r"[\s|(){}\[\]*?;\"']")
# What only a team can say: an address with its host, and a folder on its machines.
_ADDRESS = lazy(r"(?:[a-z][a-z0-9+.-]*://|[\w.+-]+@)(?P<host>[^\s/:\"'<>?)]+)")
_INTERFACE = lazy(r"https://(?P<host>[^\s/:\"'<>?)]+)[^\s\"'<>]*")
_FOLDER = lazy(r"(?<![\w$}/.:=*)-])(?:~|/(?!(?:dev|tmp|proc|run|sys|usr|bin)/)[a-z][\w.-]*)(?:/[\w.-]+)+")
_NAMED = lazy(r"(?<![\w.@$/-])(?:[a-z0-9-]+\.)+(?:com|org|net|internal|local|corp|lan|example)\b")
_PORT = lazy(r"[Pp]ort (?P<port>\d+)")
_FREE_PORTS = 1024
_RESULT = lazy(r"(?:spf|dkim|dmarc|arc|compauth)=[a-z]+")
_CAPITALS = lazy(r"[A-Z][A-Z0-9]*(?: [A-Z][A-Z0-9]*)*")
_WORD = lazy(r"\w+")
_SCHEME = lazy(r"[a-z][a-z0-9+.-]*://")
_CATALOGUE = lazy(r"pg_[a-z_]+|information_schema(?:\.\w+)?")
# A piece of a reply, and a variable that is set to a number: "ok":true, N=1000.
_REPLY = lazy(r'"[\w.-]+"\s?:\s?(?:true|false|null|\d+|"[\w.-]*")|[A-Z][A-Z0-9_]*=\w+')
# Names that the makers of a program give: a.key=true, a.bean:type=Name, BytesOutPerSec, _reindex.
_OF_PROGRAM = lazy(
    r"[a-z]+(?:[.-][a-z]+)*\.[a-z]+(?:[:=][\w=,-]+)?|[A-Za-z]*[a-z][A-Z]\w*|[A-Z]{2,}[a-z]\w*|_[a-z]+(?:/_?[a-z]+)*"
)
# A path that begins with what the page sets, other than the folder of a person.
_BUILT = lazy(r"\$(?!HOME|\{HOME)\{?\w.*|\./[\w.-]+", re.DOTALL)
_HOLDS_VARIABLE = lazy(r"\$\{?\w")
_SUITE_WORD = lazy(r"[a-z][a-z0-9_-]*")
_SUITE_WORDS = 2
# A name is put behind an option that says so; behind another one it is of the product: --query Roots[0].Id.
_NAMING = lazy(r"--?(?:[a-z-]*-)?name(?:=.*)?")
_OF_PRODUCT = lazy(r"[A-Z\[{(|]")
_SETTING = lazy(r"(?:(?:\A|,)[a-z]\w*(?:(?:[._-]\w+)*=(?:\d+|true|false)|(?:\.\w+)+!?=\w+))+")
# A host of an example (RFC 2606), and one on the machine itself.
_SAMPLE_HOST = lazy(r"(?<![\w-])(?:[\w-]+\.)*example\.(?:com|net|org)\b", re.IGNORECASE)
_LOCAL = lazy(r"localhost(?::\d+)?|127(?:\.\d+){3}(?::\d+)?")
_LOCAL_FILE = lazy(r"file://[\w$.{}-]+")
# What runs a program of a folder that the page makes: .venv/bin/pip.
_IN_ENVIRONMENT = lazy(r"\A(?:\./)?(?:\.?venv/bin|node_modules/\.bin)/")
QUOTED = lazy(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'""", re.DOTALL)
"""What a shell takes as one: a quotation, or a sign behind a backslash."""
# What ends a command: no redirection (">&2", "&>").
_BETWEEN = lazy(r"\|\|?|&&|;+|(?<![>&<\d])&(?![>&\d])")
Strange = tuple[Literal["command", "place"], str]
_ARITHMETIC = lazy(r"\$\(\([^()]*\)\)")
_TEST_END = frozenset(("]", "]]"))
_OPTIONS_ONLY = lazy(r"(?:-{1,2}[A-Za-z][\w-]*(?:[ =](?:true|false|\d+))?\s*)+")


@lru_cache(maxsize=1)
def _known() -> dict[str, frozenset[str]]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    commands = data.pop("commands")
    named = {f"commands of {program}": words for program, words in commands.items()}
    known = {name: frozenset(words.split()) for name, words in {**data, **named}.items()}
    return {**known, "commands": frozenset(commands)}


def is_public(command: str) -> bool:
    """Say whether a line of code holds nothing but widely used programs, their words, and places to be filled in."""
    return not any(find_strange(command))


def find_strange(command: str, own: frozenset[str] = frozenset()) -> Iterator[Strange]:
    """Yield what of a line of code only a team can know: a command with a program or a place of its own, or a name.

    Args:
        command: The line.
        own: The functions that the code around it defines.
    """
    line = _COMMENT.sub("", command).strip()
    if not line or _CAPITALS.fullmatch(line):
        return
    first = line.lstrip("( ").split(maxsplit=1)[0]
    if first.rstrip(";") in _known()["sql"] or _is_cmdlet(_CMDLET.match(line)) or _STORED.match(line):
        if names_place(line):
            yield "command", line
    elif len(line) > _LONGEST or line.startswith("-") or not list(_commands(line)):
        yield "command", line
    else:
        for part in _parts(line):
            yield from _strange_in(part, own)


def _parts(line: str) -> Iterator[str]:
    """Yield the commands of a line as they are written."""
    hidden = QUOTED.sub(lambda match: "x" * len(match[0]), line)
    start = 0
    for match in _BETWEEN.finditer(hidden):
        yield line[start : match.start()].strip()
        start = match.end()
    yield line[start:].strip()


def _strange_in(part: str, own: frozenset[str]) -> Iterator[Strange]:
    names: list[str] = []
    for words in _commands(part):
        strange = _strange_words(words, own)
        if strange is None:
            yield "command", part
            return
        names += strange
    if part and names_place(part):
        yield "command", part
        return
    for name in dict.fromkeys(names):
        yield "place", name


def is_option(command: str) -> bool:
    """Say whether code is options alone, which belong to a command beside it."""
    return bool(_OPTIONS_ONLY.fullmatch(command))


def is_public_path(path: str) -> bool:
    """Say whether each part of a path is to be filled in."""
    return all(_FILLED_IN.fullmatch(part) for part in path.strip("/").split("/"))


def is_name_of_program(name: str) -> bool:
    """Say whether a name has the form of those that the makers of a program give, and is no place."""
    return bool(_OF_PROGRAM.fullmatch(name)) and not names_place(name)


def names_suite(text: str) -> bool:
    """Say whether a text runs a program that a whole product is used through."""
    return not _known()["suites"].isdisjoint(_WORD.findall(text))


def is_public_name(name: str) -> bool:
    """Say whether a name is defined by a standard or a widely used program, or is a place to be filled in."""
    known = (_RESULT, _CAPITALS, _SCHEME, _CATALOGUE, _FILLED_NAME, _FILLED_PARTS, _PLAIN, _REPLY, _SETTING)
    lists = ("headers", "types", "programs", "commands", "tools", "suites")
    listed = any(name.rstrip(":").casefold() in _known()[each] for each in lists)
    return listed or _is_cmdlet(_CMDLET.fullmatch(name)) or any(pattern.fullmatch(name) for pattern in known)


def is_constant(name: str) -> bool:
    """Say whether a word in capitals is the name of a product, a standard or a value, and no place to fill in."""
    return name in _known()["constants"]


def holds_sql(line: str) -> bool:
    """Say whether a line holds a word that a statement of SQL begins with, as it is mostly written: in capitals."""
    return not _known()["sql"].isdisjoint(_WORD.findall(line))


def is_public_port(number: str) -> bool:
    """Say whether a number is that of a port which is assigned to a protocol: "port 443"."""
    match = _PORT.fullmatch(number)
    return match is not None and int(match["port"]) < _FREE_PORTS


def _is_cmdlet(match: re.Match[str] | None) -> bool:
    return match is not None and match["verb"] in _known()["verbs"]


def is_public_host(address: str) -> bool:
    """Say whether an address or a URL leads to a place that belongs to the public, or has a host to be filled in."""
    match = _ADDRESS.search(address)
    host = match["host"] if match else address.partition("/")[0]
    shown = host.casefold().startswith(tuple(_known()["examples"]))
    return shown or bool(_FILLED_IN.fullmatch(host)) or bool(_LOCAL.fullmatch(host)) or _is_listed(host)


def _is_listed(host: str) -> bool:
    parts = host.casefold().split(".")
    return any(".".join(parts[place:]) in _known()["domains"] for place in range(len(parts) - 1))


def names_place(text: str) -> bool:
    """Say whether a piece of code names a host, an address or a folder that only a team can know."""
    text = _SAMPLE_HOST.sub("HOST", _LOCAL_FILE.sub(" ", text))
    hosts = [match[0] for match in _ADDRESS.finditer(text)]
    rest = _ADDRESS.sub(" ", _INTERFACE.sub(_without_interface, text))
    hosts += [match[0] for match in _NAMED.finditer(rest)]
    return bool(_FOLDER.search(rest)) or not all(map(is_public_host, hosts))


def _without_interface(match: re.Match[str]) -> str:
    return " " if match["host"] in _known()["interfaces"] else match[0]


def _commands(line: str) -> Iterator[list[str]]:
    """Yield the words of each command in a line of a shell; none where a quotation goes on in the next line."""
    reader = shlex.shlex(
        _MARK.sub("MARK", _ARITHMETIC.sub("1", line)).rstrip("\\|& "), posix=True, punctuation_chars="();<>|&"
    )
    reader.whitespace_split, reader.commenters = True, ""
    words: list[str] = []
    try:
        for word in reader:
            # "<" and ">" say where text comes from and goes to, everything else of this kind ends a command.
            if not _PUNCTUATION.fullmatch(word):
                words.append(word)
            elif not _REDIRECTED.match(word) or "(" in word:
                yield words
                words = []
    except ValueError:
        return
    yield words


def _strange_words(words: Sequence[str], own: frozenset[str]) -> list[str] | None:
    """Return what a team has named in one command; None where its program is not known."""
    rest = [word for word in words if word not in _TEST_END]
    over = False
    while rest and (rest[0] in _known()["keywords"] or _ASSIGNED.fullmatch(rest[0]) or rest[0] == "$"):
        over = over or rest[0] in _OVER
        rest.pop(0)
    program, *more = [_IN_ENVIRONMENT.sub("", rest[0]), *rest[1:]] if rest else [""]
    if not program or program in _known()["programs"] | own or over:
        return [word for word in more if not _is_loose(word)]
    if program in _known()["tools"] or _OPTION.fullmatch(program):
        return [word for word in more if not _is_known(word)]
    if program in _known()["suites"] or _HOLDS_VARIABLE.match(program):
        return list(_names_in(more, _SUITE_WORDS))
    if program in _known()["commands"]:
        action = next(_actions(more), "")
        return list(_names_in(more, 1)) if action in _known()[f"commands of {program}"] or not action else None
    # What is left of a keyword, or a pattern of "case".
    plain = (len(rest) < len(words) or not more) and not program.isalpha() and all(map(_is_known, rest))
    return [] if plain else None


def _actions(words: Sequence[str]) -> Iterator[str]:
    """Yield the words behind a program that can be a command of its own: no options, and no values of options."""
    for before, word in pairwise(["", *words]):
        if _SUITE_WORD.fullmatch(word) and not (_OPTION.fullmatch(before) and "=" not in before):
            yield word


def _names_in(words: Sequence[str], actions: int) -> Iterator[str]:
    """Yield what a team has named behind a program whose first words are its own; ``actions`` says how many."""
    own = list(islice(_actions(words), actions))
    for before, word in pairwise(["", *words]):
        if own and word == own[0] and not (_OPTION.fullmatch(before) and "=" not in before):
            own.pop(0)
        elif not (_is_known(word) or _HOLDS_VARIABLE.search(word) or _is_of_product(before, word)):
            yield word


def _is_of_product(option: str, word: str) -> bool:
    return "/" not in word and bool(_OF_PRODUCT.search(word)) and not _NAMING.fullmatch(option)


def _is_known(word: str) -> bool:
    """Say whether a word behind a command is an option, one of all teams, or to be filled in."""
    option = _OPTION.fullmatch(word)
    if option:
        return not option["value"] or _is_known(option["value"])
    if (
        word in _known()["words"] | _known()["programs"]
        or _is_filled_in(word)
        or _BUILT.fullmatch(word)
        or _SETTING.fullmatch(word)
    ):
        return True
    # A text in quotation marks is read by the program.
    return bool(re.search(r"[\s{}]", word)) or _is_open_path(word)


def _is_open_path(word: str) -> bool:
    """Say whether a word is a path with a part to be filled in, a file beside the page, or at a public place."""
    local = (
        _LOCAL_FILE.fullmatch(word)
        or _SAMPLE_HOST.search(word)
        or ("." in word and "/" in word and is_public_host(word))
    )
    return bool(local) or ("/" in word and any(_FILLED_IN.fullmatch(part) for part in word.split("/") if part))


def _is_loose(word: str) -> bool:
    """Say whether a word is fine for a program that takes no names of a team: all but a folder of it."""
    return "/" not in word or bool(
        _LOOSE.search(word) or _BUILT.fullmatch(word) or _is_filled_in(word) or _is_expression(word)
    )


def _is_expression(word: str) -> bool:
    """Say whether a word with a slash is no path: an address, a device, a type, a replacement, a name of X.509."""
    return word in _known()["words"] or word.startswith(("s/", "/")) or bool(_ADDRESS.match(word))


def _is_filled_in(word: str) -> bool:
    format_only = bool(_FORMAT.fullmatch(word)) and not re.search(r"\d", word)
    return format_only or any(pattern.fullmatch(word) for pattern in (_FILLED_IN, _PLAIN, _FILE))
