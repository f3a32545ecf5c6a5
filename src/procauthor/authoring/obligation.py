"""What neighbours say of a procedure by now, held against its draft: they may have been written since the brief."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from procauthor.authoring.brief import Brief, Neighbour
from procauthor.library.contract import read_contract
from procauthor.markdown.parse import parse
from procauthor.naming import title_key
from procauthor.procedure import DONE, Artifact
from procauthor.template.spec import Template

_WRITTEN = DONE | {"in progress"}


def unmet(brief: Brief, template: Template, now: Sequence[Neighbour], text: str) -> Iterator[str]:
    """Yield a sentence for what a neighbour promises or requires and the draft passes over.

    Args:
        brief: What the author was told.
        template: What the draft is made of.
        now: The neighbours as they are now.
        text: The draft. A section that it does not have yet is not held against it.
    """
    contract = read_contract(parse(text.encode()), template)
    inputs, outputs = _names(contract.inputs), _names(contract.outputs)
    told = {(n.title, name) for n in brief.neighbours for name in (*n.promised, *(w.name for w in n.wants))}
    for each in now:
        for name in each.promised if inputs else ():
            if title_key(name) not in inputs:
                said = f"{each.title!r} says that this procedure uses {name!r}, which is none of its required inputs"
                yield said + _since(each, name, told)
        for want in each.wants if outputs and each.status in _WRITTEN else ():
            if title_key(want.name) not in outputs:
                said = f"{each.title!r} takes {want.name!r} from this procedure, whose output contract has none"
                yield said + _since(each, want.name, told)


def _names(artifacts: Iterable[Artifact]) -> set[str]:
    return {title_key(artifact.name) for artifact in artifacts}


def _since(neighbour: Neighbour, name: str, told: set[tuple[str, str]]) -> str:
    return "" if (neighbour.title, name) in told else " (since the brief was made)"
