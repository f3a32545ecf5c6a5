"""What the trade knows, as ``public.toml`` lists it: it is looked up in a manual, and is no question to a team.

What only a team can know is a place that it has named (a host, an address, a folder, a service), and a program of its
own. All else of a command is public, or is seen at once when it is tried.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path

from procauthor.regex import lazy

_COMMENT = lazy(r"^\s*(?:#|--\s).*$|\s#\s.*$")
QUOTED = lazy(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'""", re.DOTALL)
"""What a shell takes as one: a quotation, or a sign behind a backslash."""
# What ends a command, or opens one within it; no redirection (">&2", "&>").
_BETWEEN = lazy(r"\|\|?|&&|;+|(?<![>&<\d])&(?![>&\d])|[$<>]?\(|\)|`")
_ASSIGNED = lazy(r"[A-Za-z_]\w*\+?=\S*|[$>%]")
# The name of a program: what is there in capitals, or with other signs, is a statement, a value, or filled in.
_PROGRAM = lazy(r"[a-z][a-z0-9_]*(?:[.-][a-z0-9]+)*")
# What runs a program of a folder that the page makes: .venv/bin/pip.
_IN_ENVIRONMENT = lazy(r"\A(?:\./)?(?:\.?venv/bin|node_modules/\.bin)/")
# What the words behind are gone over with, or compared with.
_OVER = frozenset(("for", "case"))
_HOLE = r"<[\w -]+>|\$\{?\w+\}?"
# A name in capitals is filled in, and so is what is built around one: upgrade_$DB, HOST:443, NEW.pem.
_FILLED_IN = lazy(rf"[\w.:@%+,=-]*(?:{_HOLE}|(?<![a-z])[A-Z][A-Z0-9_]+(?![a-z]))[\w.:@%+,=-]*")
# What only a team can say: an address with its host, a folder on its machines, and a thing of a kind.
_ADDRESS = lazy(r"(?:[a-z][a-z0-9+.-]{0,30}://|[\w.+-]{1,64}@)(?P<host>[A-Za-z0-9$<{][\w.${}<>-]*)")
_INTERFACE = lazy(r"https://(?P<host>[^\s/:\"'<>?)]+)[^\s\"'<>]*")
_FOLDER = lazy(
    r"(?<![\w$}/.:=*)~-])/(?!(?:dev|tmp|proc|run|sys|usr|bin)/|etc/[\w.-]+(?![\w./-]))[a-z][\w.-]*(?:/[\w.-]+)+"
)
_NAMED = lazy(r"(?<![\w.@$/-])(?:[a-z0-9-]+\.)+(?:com|org|net|internal|local|corp|lan|example)\b")
_PORT = lazy(r"[Pp]ort (?P<port>\d+)")
_FREE_PORTS = 1024
_WORD = lazy(r"\w+")
# A host of an example or of none (RFC 2606), and one on the machine itself.
_SAMPLE_HOST = lazy(
    r"(?<![\w.-])\.?(?:[\w-]+\.)*(?:example(?:\.(?:com|net|org|internal))?|invalid|test)\b(?!\.[a-z])", re.IGNORECASE
)
_LOCAL = lazy(r"localhost(?::\d+)?|127(?:\.\d+){3}(?::\d+)?")
_LOCAL_FILE = lazy(r"file://[\w$.{}-]+")
_NOWHERE = (".invalid", ".test")


@lru_cache(maxsize=1)
def _known() -> dict[str, frozenset[str]]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: frozenset(words.split()) for name, words in data.items()}


def find_programs(line: str, own: frozenset[str] = frozenset()) -> Iterator[str]:
    """Yield the commands in a line of code whose program only a team can know, each from its program on.

    Args:
        line: The line, as it is typed.
        own: The functions that the code around it defines.
    """
    for command in _commands(_COMMENT.sub("", line)):
        words = command.split()
        while words and (words[0] in _known()["keywords"] or _ASSIGNED.fullmatch(words[0])):
            if words.pop(0) in _OVER:
                words.clear()
        program = _IN_ENVIRONMENT.sub("", words[0]) if words else ""
        if _PROGRAM.fullmatch(program) and program not in _known()["programs"] and program not in own:
            yield " ".join(words)


def _commands(line: str) -> Iterator[str]:
    """Yield the commands of a line as they are written."""
    hidden = QUOTED.sub(lambda match: "x" * len(match[0]), line)
    start = 0
    for match in _BETWEEN.finditer(hidden):
        yield line[start : match.start()].strip()
        start = match.end()
    yield line[start:].strip()


def find_places(code: str) -> Iterator[str]:
    """Yield the hosts, folders and things in a piece of code that only a team can know."""
    text = _SAMPLE_HOST.sub("HOST", _LOCAL_FILE.sub(" ", _INTERFACE.sub(_without_interface, code)))
    rest = _ADDRESS.sub(" ", text)
    hosts = chain((match["host"] for match in _ADDRESS.finditer(text)), (m[0] for m in _NAMED.finditer(rest)))
    yield from (host for host in hosts if not is_public_host(host))
    yield from (match[0] for match in _FOLDER.finditer(rest) if not _is_of_program(match[0]))
    yield from (match[0] for match in _resource().finditer(rest))


def _is_of_program(folder: str) -> bool:
    """Say whether a folder is that of a program that the trade knows, where a system keeps it, or of a version."""
    parts = folder.split("/")
    kept = any(home in _known()["homes"] and name in _known()["programs"] for home, name in pairwise(parts))
    return kept or not _known()["folders"].isdisjoint(parts)


@lru_cache(maxsize=1)
def _resource() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w/.-])(?:{'|'.join(sorted(_known()['resources']))})/[a-z][\w.-]*")


def _without_interface(match: re.Match[str]) -> str:
    return " " if match["host"] in _known()["interfaces"] else match[0]


def is_public_path(path: str) -> bool:
    """Say whether a path is no place of a team: a file beside the page, of a person, hidden, or to be filled in."""
    if path.startswith("/"):
        return not any(find_places(path))
    folders = path.rstrip("/").split("/")
    return len(folders) == 1 or folders[0].startswith((".", "~", "$")) or any(map(_FILLED_IN.fullmatch, folders))


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


def is_public_host(address: str) -> bool:
    """Say whether an address or a URL leads to a place that belongs to the public, or has a host to be filled in."""
    match = _ADDRESS.search(address)
    host = match["host"] if match else address.partition("/")[0]
    shown = host.casefold().startswith(tuple(_known()["examples"])) or host.casefold().endswith(_NOWHERE)
    return shown or bool(_FILLED_IN.fullmatch(host)) or bool(_LOCAL.fullmatch(host)) or _is_listed(host)


def _is_listed(host: str) -> bool:
    parts = host.casefold().split(".")
    return any(".".join(parts[place:]) in _known()["domains"] for place in range(len(parts) - 1))
