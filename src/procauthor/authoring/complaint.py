"""What can be wrong with an answer to a brief, as rules that `explain` knows like those of the checker."""

from __future__ import annotations

from difflib import get_close_matches

from procauthor.checking.rule import RULES as CHECKED
from procauthor.checking.scope import Rule
from procauthor.errors import ConfigError

# A name that is longer than this is none, and would fill the screen.
_LONGEST = 80
RULES = (
    Rule(
        name="field-missing",
        code="D101",
        severity="error",
        summary="A field, or a member of one, was not handed in.",
        why="A draft is made of all fields of its template; a hole would be rendered as an empty section.",
        fix="Hand in the field; `procauthor brief TITLE` shows its shape and limits.",
        example="error definition_of_done: '9. Definition of Done' is missing",
    ),
    Rule(
        name="field-unknown",
        code="D102",
        severity="error",
        summary="There is no field or member of that name.",
        why="What is handed in under a wrong name would be lost without a word.",
        fix="Take the name from the brief, letter by letter.",
        example="error goal: there is no field 'goal'",
    ),
    Rule(
        name="field-type",
        code="D103",
        severity="error",
        summary="A value is empty, or not of the type that the field wants.",
        why="The program that renders the section would have to guess.",
        fix="Hand in the value in the shape that the brief shows.",
        example="error trigger: is a text, and a list of texts is wanted",
    ),
    Rule(
        name="field-count",
        code="D104",
        severity="error",
        summary="A list has too few or too many entries.",
        why="The template says how many a reader needs and can follow.",
        fix="Add what is missing, or join entries that belong together.",
        example="error workflow: has 2 entries, and at least 3 are wanted",
    ),
    Rule(
        name="reference-unknown",
        code="D105",
        severity="error",
        summary="A field that refers to a procedure holds a title that is not in the closed list.",
        why="A reference to a procedure that is neither written nor announced leads nowhere.",
        fix="Take a title of the list; `allowed` in the JSON names the nearest.",
        example="error required_inputs[2].provider: 'Architecture Review' is not in the closed list",
    ),
    Rule(
        name="source-unknown",
        code="D106",
        severity="error",
        summary="A field is said to rest on a passage that the brief does not hold.",
        why="A reader of the draft could not look it up.",
        fix="Name passages by the ids of the brief, or leave the field out of the sources.",
        example="error sources.purpose: the brief has no source 'P99'",
    ),
    Rule(
        name="field-example",
        code="D108",
        severity="error",
        summary="The words of the brief's example were left in.",
        why="They say what to write, and nothing about this procedure.",
        fix="Replace the words in angle brackets.",
        example="error trigger[0]: holds the example '<event>'",
    ),
)


def every_rule() -> tuple[Rule, ...]:
    """Return all rules by code: of a check, and of what is handed in."""
    return tuple(sorted((*CHECKED.values(), *RULES), key=lambda rule: rule.code))


def explained(name_or_code: str) -> Rule:
    """Return the rule of that name or code, of a check or of what is handed in: what every door explains.

    Raises:
        ConfigError: There is none; the hint names the nearest.
    """
    wanted = name_or_code.strip().lower()
    known = {rule.name: rule for rule in every_rule()}
    for rule in known.values():
        if wanted in (rule.name, rule.code.lower()):
            return rule
    close = get_close_matches(wanted[:_LONGEST], list(known), n=1)
    message = f"no rule {name_or_code[:_LONGEST]!r}"
    raise ConfigError(message, f"did you mean {close[0]!r}?" if close else "procauthor explain lists all rules")
