"""Roles that a document names, held against the list that the library keeps of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from procauthor.checking.scope import Reach, Rule, Scope, field_line, say_line
from procauthor.finding import Finding
from procauthor.library.artifact import find_doers, listed_roles
from procauthor.library.library import Procedure
from procauthor.procedure import UNCOUNTED

ROLE_UNKNOWN = Rule(
    name="role-unknown",
    code="R116",
    severity="warning",
    summary="A role is named that the library's list of roles does not have.",
    why="Nobody knows who is meant, or one role has two names and each waits for the other.",
    fix="Name a role of the list, or enter the new role there.",
    example="**Who:** release captain, where the list of roles has a release owner",
)
RULES = (ROLE_UNKNOWN,)
REACH: Reach = "neighbours"
# A name with this sign is an account or an address, and no role.
_ACCOUNT = "@"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        named = list(_named(procedure))
        roles = listed_roles(scope.library, scope.settings) if named else frozenset[str]()
        for line, text in named if roles else ():
            if _ACCOUNT not in text and not _names_one(text, roles):
                message = f"no role of the list is named in {text!r}"
                yield say_line(ROLE_UNKNOWN, procedure, line, message, f"the list is {scope.settings.library.roles!r}")


def _named(procedure: Procedure) -> Iterator[tuple[int, str]]:
    """Yield where a document names roles, and in which words: its owner, and who does each step."""
    if procedure.template is None or procedure.status in UNCOUNTED:
        return
    if procedure.owner:
        yield field_line(procedure, "owner"), procedure.owner
    yield from ((doer.line, doer.role or doer.text) for doer in find_doers(procedure))


def _names_one(text: str, roles: frozenset[str]) -> bool:
    words = text.casefold()
    return any(re.search(rf"(?<!\w){re.escape(role)}(?:s|es)?(?!\w)", words) for role in roles)
