"""Where the memory of runs is, if it is not in a file: the address of a database, and whether it may be used.

The project's settings may come with a repository that somebody else wrote: they must not send what is authored, or a
password of the environment, to a database of theirs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from procauthor.authoring.credential import is_local
from procauthor.errors import ConfigError

DATABASE = "PROCAUTHOR_DATABASE"
_SCHEMES = ("postgresql://", "postgres://")


def find_address(from_settings: str) -> str:
    """Return the address of the database: the user's environment first, then the project's settings; else nothing.

    Raises:
        ConfigError: It is no address of a Postgres database, or the settings name one on a foreign machine.
    """
    named = os.environ.get(DATABASE, "")
    where = DATABASE if named else "[run] database"
    address = named or from_settings
    if address and not _is_address(address):
        message = f"{where} is no address of a Postgres database"
        raise ConfigError(message, 'write it like "postgresql://procauthor@localhost/procauthor"')
    if address and not named and not all(map(_is_near, _hosts(address))):
        message = "[run] database in the project's settings leads to a machine outside of your private network"
        raise ConfigError(message, f"if it is yours, put the address into the environment variable {DATABASE}")
    return address


def _is_address(text: str) -> bool:
    try:
        urlsplit(text)
    except ValueError:
        return False
    return text.startswith(_SCHEMES)


def _hosts(address: str) -> Iterator[str]:
    """Yield the hosts that an address names; there may be several, and a parameter goes before the usual place."""
    parts = urlsplit(address)
    for host in parts.netloc.rpartition("@")[2].split(","):
        yield host.partition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]
    given = parse_qs(parts.query)
    for value in [*given.get("host", []), *given.get("hostaddr", [])]:
        yield from value.split(",")


def _is_near(host: str) -> bool:
    name = unquote(host)
    return not name or name.startswith(("/", "@")) or is_local(name.lower())


def password_of(address: str) -> str:
    """Return the password in an address, or nothing."""
    parts = urlsplit(address)
    return unquote(parts.password or "") or "".join(parse_qs(parts.query).get("password", []))
