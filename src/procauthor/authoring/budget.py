"""What a run may cost, said before the first call."""

from __future__ import annotations

from dataclasses import dataclass

from procauthor.authoring.brief import Ask, Brief
from procauthor.authoring.chat import request_size
from procauthor.authoring.outline import LOOKS, outline_first
from procauthor.authoring.update.form import operation_form, scope_form
from procauthor.authoring.update.outline import EditOutline, ScopeEntry, allowance, sections_of, step_of
from procauthor.data import grouped
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings
from procauthor.template.model import fields_of_step
from procauthor.template.spec import Template

_STEPS = (1, 2, 3, 5, 6)
_USUAL_STEPS = 2
_USUAL_REPLY = 1_500
"""The tokens of most replies; those of a step of a long procedure with tables have less than twice as many."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The upper bound of a run, in calls and tokens.

    ``usual`` is what most runs take; ``plain`` is what a run takes at most in which no reply has to be asked for again;
    ``worst`` is what it takes if every field of every step is asked for as often as the settings allow; ``ceiling`` is
    where it stops in any case.
    """

    calls: int
    usual: int
    plain: int
    worst_calls: int
    worst: int
    ceiling: int | None

    @property
    def most(self) -> int:
        """The tokens that are never passed."""
        return self.worst if self.ceiling is None else min(self.worst, self.ceiling)

    def as_json(self) -> dict[str, int | None]:
        """Return the documented JSON object."""
        return {
            "calls": self.calls,
            "usual_tokens": self.usual,
            "tokens": self.plain,
            "worst_calls": self.worst_calls,
            "worst_tokens": self.worst,
            "ceiling": self.ceiling,
            "most": self.most,
        }

    def __str__(self) -> str:
        """Return it in one sentence."""
        text = f"{self.calls} calls and about {self.usual:,} tokens, at most {self.plain:,} if nothing is asked again; "
        if self.ceiling is None or self.worst <= self.ceiling:
            return f"{text}{self.worst_calls} calls and {self.worst:,} tokens at worst"
        if self.usual > self.ceiling:
            return f"{text}that is more than the ceiling of {self.ceiling:,}, which --max-tokens raises"
        if self.plain > self.ceiling:
            return f"{text}it stops before {self.ceiling:,}, if need be unfinished: --max-tokens raises that"
        return f"{text}whatever is asked again, it stops before {self.ceiling:,}"


def bound_run(
    prompts: PromptLibrary, settings: AuthoringSettings, brief: Brief, template: Template, ceiling: int | None
) -> Bound:
    """Return the bound of a run.

    A step's request grows by what the steps before it filled, and each of these is at most one reply long.
    """
    reply, repairs = settings.reply_tokens, settings.repairs
    template = outline_first(template, reply)
    asked = [n for n in _STEPS if fields_of_step(template, n)]
    first = [request_size(prompts, Ask(brief, template, step)) for step in asked]
    # What a step sees grows by the replies before it.
    sizes = [size + before * reply for before, size in enumerate(first)]
    plain = sum(size + reply for size in sizes)
    usual = sum(size + (before + 1) * _USUAL_REPLY for before, size in enumerate(first))
    # A repair also shows what is kept and what is wrong: two replies more at most.
    again = sum(size + 3 * reply for size in sizes)
    # Each step is asked repairs times more in the first pass, and repairs + 1 times in each round of corrections.
    rounds = repairs + repairs * (repairs + 1)
    # A look shows what all steps wrote, and less of the brief than the first call; the second look shows none of it.
    look = first[0] + (len(asked) + 1) * reply
    plain += LOOKS * look
    usual += LOOKS * (first[0] // 3 + (len(asked) + 1) * _USUAL_REPLY)
    # A look is asked repairs times more, each of which shows two replies more.
    worst = plain + rounds * again + LOOKS * repairs * (look + 2 * reply)
    calls = len(asked) * (1 + rounds) + LOOKS * (1 + repairs)
    return Bound(len(asked) + LOOKS, usual, plain, calls, worst, ceiling)


def bound_update(  # noqa: PLR0913, PLR0917 - what a bound depends on
    prompts: PromptLibrary,
    settings: AuthoringSettings,
    brief: Brief,
    outline: EditOutline,
    template: Template,
    ceiling: int | None,
) -> Bound:
    """Return the bound of a change of a document.

    Before the first call it is open which sections change. Most wishes change those of two steps at most; all steps
    can have work where the wish may need so many sections, each with all that can be named in its sections.
    """
    reply, tries = settings.reply_tokens, settings.repairs + 1
    most = allowance(outline, brief.request.wish)
    scopes = grouped((step_of(outline, name), ScopeEntry(name, "")) for name in sections_of(outline))
    forms = [operation_form(brief, outline, scope) for scope in scopes.values()]
    choice, *sizes = (
        request_size(prompts, Ask(brief, template, 1, form=form)) for form in (scope_form(brief, outline, most), *forms)
    )
    largest = sorted(sizes, reverse=True)[:most]
    steps = len(largest)
    few = min(_USUAL_STEPS, steps)
    # A step sees what the steps before it changed; what is wrong, and what is kept, is shown when it is asked again.
    plain = choice + reply + sum(size + (before + 1) * reply for before, size in enumerate(largest))
    return Bound(
        1 + steps,
        choice + few * sum(sizes) // max(1, len(sizes)) + (1 + few) * _USUAL_REPLY,
        plain,
        tries**2 * (1 + steps * tries),
        tries**3 * (plain + 3 * (1 + steps) * reply),
        ceiling,
    )
