"""Who writes, as the options of several commands name it."""

from __future__ import annotations


def author_id(model: str, author: str) -> str | None:
    """Return the author that the options name, None for the one in the settings."""
    from procauthor.errors import ConfigError

    if author not in ("", "offline", "skeleton") and ":" not in author:
        message = f"no author {author!r}"
        raise ConfigError(message, 'known: offline, skeleton, or a chat model as "provider:name"')
    if author and model:
        message = "--author and --model exclude each other"
        raise ConfigError(message, "--model provider:name is short for --author provider:name")
    return model or author or None
