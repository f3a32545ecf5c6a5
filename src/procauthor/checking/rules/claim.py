"""Numbers in the text of an overview, held against the count.

They can be judged only when all other findings are known, since a text with an error is not counted as defined. So the
family finds nothing by itself: `checking/tally.py` asks whoever counts the library.
"""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.scope import Reach, Rule, Scope
from procauthor.finding import Finding

STALE_CLAIM = Rule(
    name="stale-claim",
    code="T104",
    severity="warning",
    summary="The index or a README states a number of procedures that is not the counted one.",
    why="Readers believe the number, and nobody notices that it was true last month.",
    fix="Run procauthor sync where it keeps the number, else correct the sentence or take the number out.",
    example="“4 of 7 procedures are defined”, where 5 of 8 are",
)
RULES = (STALE_CLAIM,)
REACH: Reach = "library"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield nothing: see above."""
    del scope
    yield from ()
