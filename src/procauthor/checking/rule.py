"""What a rule is, and all that there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from procauthor.errors import ConfigError
from procauthor.finding import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its fixed name and code, its default severity, and what ``explain`` says of it."""

    name: str
    code: str
    severity: Severity
    summary: str
    why: str
    fix: str
    example: str = ""


_ALL = (
    Rule("nothing-matched", "L101", "error", "The library has no document.", "A check over nothing would pass for ever.", "Name the right folder with -C."),
    Rule("not-utf8", "L102", "error", "A file is not UTF-8, or cannot be read.", "Nobody can say what is in it.", "Save it as UTF-8."),
    Rule("bad-front-matter", "L103", "error", "The front matter is no YAML mapping.", "Status, lifecycle and dependencies are read from it.", "Correct the YAML; aliases are not allowed."),
    Rule("unclosed-block", "L104", "error", "A code fence or an HTML comment is never closed.", "It hides every section behind it.", "Close it."),
    Rule("missing-section", "S101", "error", "A section that the template requires is missing.", "Readers and other procedures rely on every section.", "Add the section with its heading from the template."),
    Rule("section-order", "S102", "warning", "Sections stand in another order than in the template.", "People look for a section where it stands elsewhere.", "Move the section."),
    Rule("duplicate-section", "S103", "error", "A section of the template stands twice.", "It is unclear which one counts.", "Merge the two."),
    Rule("empty-section", "S104", "error", "A required section has no text.", "An empty section looks finished, and says nothing.", "Fill it, or write why it does not apply."),
    Rule("template-text-left", "S105", "error", "A field of the template was left as it is.", "The example is no content.", "Replace the braces and what is in them."),
    Rule("placeholder-text", "S106", "error", "A word says that the text is not finished.", "Unfinished text in a defined procedure misleads.", "Write the text, or set the status to Placeholder."),
    Rule("step-number-gap", "W101", "error", "Steps are not numbered 1, 2, 3 and so on.", "References to steps go wrong.", "Renumber the steps."),
    Rule("step-part-missing", "W102", "error", "A step lacks a part that the template asks for.", "A step without it cannot be followed or checked.", "Add the part."),
    Rule("step-input-without-producer", "W103", "error", "A step uses something that nothing before it makes.", "Whoever follows the procedure gets stuck there.", "Name the right source, or add the output to an earlier step."),
    Rule("unused-output", "W104", "warning", "A step makes something that nobody uses.", "Either work is wasted, or a promise is missing.", "Use it in a later step, or add it to the output contract."),
    Rule("step-target-missing", "W105", "error", "A step that is referred to does not exist.", "The reader is sent nowhere.", "Correct the number."),
    Rule("broken-link", "R101", "error", "A link leads to a file that does not exist.", "The reader is sent nowhere.", "Correct the path."),
    Rule("broken-anchor", "R102", "error", "A link leads to a heading that does not exist.", "The reader lands at the top of the wrong place.", "Correct the anchor."),
    Rule("ambiguous-name", "R103", "warning", "A name is the title of several documents.", "Two readers would go two ways.", "Link the one that is meant."),
    Rule("unknown-procedure", "R104", "error", "A procedure is named that does not exist and is not announced.", "The reader looks for it in vain.", "Correct the name, or announce it in the index."),
    Rule("unlinked-name", "R105", "warning", "A procedure is named without a link.", "A rename would leave the name behind.", "Link it."),
    Rule("link-text-mismatch", "R106", "warning", "A link's text is the title of another document.", "Reader and link go to different places.", "Correct the text or the target."),
    Rule("reference-to-deprecated", "R107", "warning", "A link leads to a deprecated document.", "It is no longer kept.", "Link its replacement."),
    Rule("duplicate-id", "R108", "error", "Two documents have the same id.", "A reference by id is ambiguous.", "Give one another id."),
    Rule("dependency-cycle", "R109", "error", "Procedures depend on each other in a circle.", "None of them can start.", "Remove one dependency."),
    Rule("input-without-provider", "C101", "error", "A required input is said to come from a procedure that does not guarantee it.", "It may never arrive.", "Correct the provider, or add the artifact to its output contract."),
    Rule("contract-not-reciprocal", "C102", "warning", "One side of a contract does not know the other.", "A change on one side surprises the other.", "Name the artifact on both sides."),
    Rule("index-missing-entry", "X101", "error", "A procedure has no row in the index.", "Nobody finds it.", "Run procauthor sync."),
    Rule("index-dead-entry", "X102", "error", "A row of the index leads to a file that does not exist.", "The index promises what is not there.", "Remove the link, or restore the file."),
    Rule("index-status-mismatch", "X103", "error", "A table shows another status than the text supports.", "Overviews must tell the truth.", "Run procauthor sync."),
    Rule("orchestration-missing-call", "O101", "error", "An orchestration does not call a procedure of its lifecycle and phase.", "The procedure would never be carried out.", "Run procauthor sync."),
    Rule("orchestration-order", "O102", "error", "A procedure is called before one that it depends on.", "It would start without its inputs.", "Move the row."),
    Rule("orchestration-calls-placeholder", "O103", "info", "An orchestration calls a procedure that is not defined yet.", "The way through the lifecycle has a gap.", "Define the procedure."),
    Rule("status-mismatch", "T101", "error", "The declared status is not what the text supports.", "A status that is typed in proves nothing.", "Finish the text, or correct the status."),
)  # fmt: skip
RULES: Mapping[str, Rule] = MappingProxyType({rule.name: rule for rule in _ALL})


def find_rule(name: str) -> Rule:
    """Return the rule of that name or code.

    Raises:
        ConfigError: There is none; the hint names the nearest.
    """
    for rule in _ALL:
        if name.lower() in (rule.name, rule.code.lower()):
            return rule
    close = get_close_matches(name.lower(), list(RULES), n=1)
    message = f"no rule {name!r}"
    raise ConfigError(message, f"did you mean {close[0]!r}?" if close else "known rules: " + ", ".join(RULES))
