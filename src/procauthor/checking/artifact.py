"""Artifacts: which are optional, and which procedures a required input comes from."""

from __future__ import annotations

import re

from procauthor.checking.scope import Scope
from procauthor.library.library import Procedure
from procauthor.naming import title_key
from procauthor.procedure import Artifact

_OPTIONAL = re.compile(r"\boptional\b", re.IGNORECASE)


def is_optional(artifact: Artifact) -> bool:
    """Say whether an input is called optional, or is there under a condition: then nobody waits for it."""
    return bool(artifact.condition or _OPTIONAL.search(artifact.text))


def providers(scope: Scope, procedure: Procedure, wanted: Artifact) -> tuple[Procedure, ...]:
    """Return the documents that a required input is said to come from: linked behind ``From:``, else named there."""
    if not wanted.source:
        return ()
    linked = scope.linked(procedure, wanted.origin, wanted.end) if wanted.origin >= 0 else ()
    if linked:
        return linked
    found = scope.named(title_key(wanted.source), procedure)
    return found if len(found) == 1 and found[0] is not procedure else ()
