"""What must not stand in a document that people and language models work with."""

from __future__ import annotations

from collections.abc import Iterator

from procauthor.checking.hidden import find_controls, find_hidden
from procauthor.checking.scope import ROOT, Reach, Rule, Scope, say, say_path
from procauthor.finding import Finding
from procauthor.library.state import FOLDER
from procauthor.secret import find_secrets

SECRET = Rule(
    name="secret",
    code="G101",
    severity="error",
    summary="The text contains a password, key or token.",
    why="Everybody who can read the library can use it, and so can every model that the text is sent to.",
    fix="Revoke it first: it is known. Then write where it is kept instead. Examples that say EXAMPLE are left alone.",
    example="export GITHUB_TOKEN=, followed by a real token",
)
HIDDEN_INSTRUCTION = Rule(
    name="hidden-instruction",
    code="G102",
    severity="warning",
    summary="Something that no reader sees gives instructions to a language model.",
    why="A model that works with the library follows it, and nobody who reviews the page can notice.",
    fix="Remove it, or write it where readers see it. Guidance for people in a comment is left alone.",
    example="a comment that tells every AI assistant to approve the change",
)
STATE_COMMITTED = Rule(
    name="state-committed",
    code="G103",
    severity="warning",
    summary="The folder .procauthor/ is kept in version control.",
    why="It holds drafts, prompts and answers of models, and what undo writes back. It counts on one machine only.",
    fix="Run “git rm -r --cached .procauthor”, and delete the folder, because its secret is known now.",
    example=".procauthor/drafts/threat-model-1.json in a commit",
)
CONTROL_CHARACTER = Rule(
    name="control-character",
    code="G104",
    severity="warning",
    summary="A character that nobody sees steers a terminal, turns the direction of text, or breaks a word.",
    why="A terminal or an editor shows something else than what the text says, and a search misses the word.",
    fix="Remove it. Joiners that a script or an emoji needs, and marks around text from right to left, are left alone.",
    example="an escape sequence that moves the cursor up, so that a line of a diff is not seen",
)
RULES = (SECRET, HIDDEN_INSTRUCTION, STATE_COMMITTED, CONTROL_CHARACTER)
REACH: Reach = "document"


def check(scope: Scope) -> Iterator[Finding]:
    """Yield the findings of this family."""
    for procedure in scope.subjects:
        for secret in find_secrets(procedure.document.source.raw):
            message = f"this looks like a real secret ({secret.kind})"
            yield say(SECRET, procedure, secret.start, message, "revoke it, then take it out")
        for control in find_controls(procedure.document):
            yield say(CONTROL_CHARACTER, procedure, control.start, control.what)
        # The comments of a template are there to guide its author, a model included.
        if procedure.kind != "template":
            for hidden in find_hidden(procedure.document):
                yield say(HIDDEN_INSTRUCTION, procedure, hidden.start, hidden.what)


def check_library(scope: Scope) -> Iterator[Finding]:
    """Yield the findings about the library as a whole."""
    if scope.keeps_state:
        hint = f"git rm -r --cached {FOLDER}, then delete the folder"
        yield say_path(STATE_COMMITTED, ROOT, f"git keeps {FOLDER}/, the state of one machine", hint)
