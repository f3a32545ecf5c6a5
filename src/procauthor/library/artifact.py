"""Artifacts that procedures hand to each other: which spellings mean the same, who promises, who knows whom."""

from __future__ import annotations

from functools import lru_cache

from procauthor.library.library import Procedure
from procauthor.library.reference import resolve_on_site
from procauthor.naming import title_key
from procauthor.procedure import DONE


@lru_cache(maxsize=65_536)
def artifact_key(name: str) -> str:
    """Return the key of an artifact: case, articles, emphasis and plurals do not count."""
    return " ".join(_singular(word) for word in title_key(name).split())


def _singular(word: str) -> str:
    """Return a word's stem; a key only has to be the same for one and for many."""
    if len(word) < 4 or word.endswith(("ss", "us", "is")):  # noqa: PLR2004 - "bus", "api" are no plurals
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word.removesuffix("s").removesuffix("e")


def is_ready(procedure: Procedure) -> bool:
    """Say whether a document can be held to its contract: it is finished, and has a template."""
    return procedure.status in DONE and procedure.template is not None


def promised(procedure: Procedure) -> dict[str, str]:
    """Return the artifacts of the output contract by key."""
    return {artifact_key(a.name): a.name for a in procedure.contract.outputs}


def knows(provider: Procedure, consumer: Procedure, key: str) -> bool:
    """Say whether a provider names a consumer of an artifact; one whose template has no such section need not."""
    if provider.template is None or provider.template.of_role("consumers") is None:
        return True
    if any(
        artifact_key(c.artifact) == key
        and consumer.path in resolve_on_site(provider.path, c.target, provider.conventions).paths
        for c in provider.contract.consumers
    ):
        return True
    return any(
        f" {key} " in f" {artifact_key(line)} " and f" {consumer.key} " in f" {title_key(line)} "
        for line in provider.contract.downstream
    )
