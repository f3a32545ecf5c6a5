"""Errors. A finding is data; an exception means that the question could not be answered.

* ProcauthorError
  x ConfigError              no project here, unknown key, bad value
  x TemplateError            a template itself is unusable
  x PromptError              a prompt file or one of its variables is missing
  x LibraryError
    + UnreadableError        a document cannot be read, or is not UTF-8
    + NotFoundError          no document of that path, id or title (also LookupError)
    + AmbiguousError         a title that several documents share (also LookupError)
    + InvalidTitleError      a title that cannot name a procedure (also ValueError)
    + ConflictError          the file moved since the draft was based on it
    + FrontMatterError       front matter that cannot be changed safely
    + MarkError              the marks of a managed region are no single pair
    + StaleError             a document changed while it was being checked
    + LockedError            another process holds the library
  x PlanError                the file holds no action plan
  x CountError               numbers contradict each other: a fault of procauthor
  x RevisionError            no such revision, or no git
  x RetrievalError           the index cannot be used
  x AuthoringError
    + DraftError             no such draft, or it cannot be accepted
    + AnswerError            what was handed in cannot be read
    + ModelError             the provider failed after retries
    + ModelOutputError       no output, or not of the schema, after repairs
    + BudgetError            the run would pass its ceiling of tokens
    + HaltError              no further call may be made: a deadline has passed, or the work was stopped
    + StoreError             the memory of runs cannot be used
"""

from __future__ import annotations


class ProcauthorError(Exception):
    """Root of every error that procauthor raises on purpose.

    Args:
        message: One sentence.
        hint: What to do next, if there is something.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[ProcauthorError], tuple[str, ...]]:
        """Keep the hint when an error crosses a process."""
        return type(self), (self.message, self.hint)


class ConfigError(ProcauthorError):
    """No project here, an unknown key, or a bad value."""


class TemplateError(ProcauthorError):
    """A template cannot be used."""


class PromptError(ProcauthorError):
    """A prompt file, or a variable of it, is missing."""


class LibraryError(ProcauthorError):
    """The library cannot answer."""


class UnreadableError(LibraryError):
    """A document cannot be read."""


class NotFoundError(LibraryError, LookupError):
    """No document has that path, id or title."""


class AmbiguousError(LibraryError, LookupError):
    """Several documents share that title."""


class InvalidTitleError(LibraryError, ValueError):
    """The title cannot name a procedure."""


class ConflictError(LibraryError):
    """A file moved since the change was based on it."""


class FrontMatterError(LibraryError):
    """The front matter of a document cannot be changed safely; the message says in which file and line."""


class MarkError(LibraryError):
    """The marks around what `sync` may write are no single pair."""


class StaleError(LibraryError):
    """A document changed while the library was being checked."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path!r} changed while the library was being checked", "run it again")
        self.path = path

    def __reduce__(self) -> tuple[type[ProcauthorError], tuple[str, ...]]:
        """Keep the path when the error crosses a process."""
        return type(self), (self.path,)


class LockedError(LibraryError):
    """Another process is writing."""


class PlanError(ProcauthorError):
    """The file holds no action plan."""


class NoPlanError(PlanError):
    """There is no plan yet, or nothing to plan: to a person an answer, to a program that wants a plan an error."""


class CountError(ProcauthorError):
    """Numbers contradict each other: a fault of procauthor, and nothing is reported."""

    exit_code = 3


class RevisionError(ProcauthorError):
    """The library cannot be read as it was at a revision."""


class RetrievalError(ProcauthorError):
    """The index cannot be used."""


class AuthoringError(ProcauthorError):
    """A draft cannot be made."""


class DraftError(AuthoringError):
    """No such draft, or it is not in a state for this."""


class AnswerError(AuthoringError):
    """What was handed in is no answer to a brief."""


class ModelError(AuthoringError):
    """The provider failed after retries."""

    exit_code = 3


class ModelOutputError(AuthoringError):
    """The model gave no usable output after repairs."""

    exit_code = 3


class BudgetError(AuthoringError):
    """The run would pass its ceiling of tokens."""

    exit_code = 3


class HaltError(AuthoringError):
    """No further call may be made; what was paid for is kept."""

    exit_code = 3


class StoreError(AuthoringError):
    """The file that holds runs and paid calls cannot be used."""

    exit_code = 3
