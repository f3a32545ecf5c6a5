"""What a secret is: the one answer for all that finds, shows, stores or sends text."""

from procauthor.secret.clean import Censor, clean, redact
from procauthor.secret.find import PartSearch, Secret, find_secrets

__all__ = ["Censor", "PartSearch", "Secret", "clean", "find_secrets", "redact"]
