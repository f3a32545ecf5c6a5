"""Opens LangChain's client for a model, always with bounds, and never with a detour that the user did not choose."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from procauthor.authoring.credential import Credential, Server, require_key
from procauthor.authoring.identity import EXTRAS, ModelId
from procauthor.errors import ConfigError
from procauthor.settings import AuthoringSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_NO_KEY = "not-needed"
_CONTEXT = 16_384
"""Ollama cuts a prompt silently at its default context; this is what is left for the prompt."""


def refuse_detour(server: Server) -> None:
    """Refuse an environment that would send every prompt through a third party.

    Raises:
        ConfigError: It would.
    """
    if not server.url and os.environ.get("LANGSMITH_GATEWAY", "").strip().lower() not in ("", "0", "false"):
        message = "the environment variable LANGSMITH_GATEWAY would send every prompt through another company's server"
        raise ConfigError(message, "unset it, or name the server with base_url")


def open_client(
    identity: ModelId, settings: AuthoringSettings, server: Server, credential: Credential
) -> BaseChatModel:
    """Create the client; nothing is sent.

    Raises:
        ConfigError: No such provider, its package is missing, or there is no key.
    """
    from langchain.chat_models import init_chat_model

    arguments = _arguments(identity, settings, server, credential)
    try:
        chat: BaseChatModel = init_chat_model(identity.name, model_provider=identity.provider, **arguments)
    except ImportError as error:
        extra = EXTRAS.get(identity.provider)
        package = f'"procauthor[{extra}]"' if extra else f"langchain-{identity.provider.replace('_', '-')}"
        message = f"the package for the provider {identity.provider!r} is not installed"
        raise ConfigError(message, f"pip install {package}") from error
    except Exception as error:
        # The clients raise whatever they like here; the words may hold a key and are left out.
        if "unsupported" in str(error).lower() and "provider" in str(error).lower():
            message = f"unknown provider {identity.provider!r}"
            raise ConfigError(message, f"common ones are {', '.join(sorted(EXTRAS))}") from error
        require_key(identity, server, credential)
        message = f"the provider {identity.provider!r} cannot be opened for {str(identity)!r}"
        raise ConfigError(message, f"check its settings, and the environment variable {identity.key_name}") from error
    return chat


def _arguments(
    identity: ModelId, settings: AuthoringSettings, server: Server, credential: Credential
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if server.url:
        found["base_url"] = server.url
    if settings.temperature is not None:
        found["temperature"] = settings.temperature
    if identity.provider == "ollama":
        window = {"num_predict": settings.reply_tokens, "num_ctx": _CONTEXT + settings.reply_tokens}
        headers = {"headers": {"Authorization": f"Bearer {credential.value}"}} if credential.value else {}
        return {**found, **window, "client_kwargs": {"timeout": settings.timeout, **headers}}
    if identity.provider == "openai":
        # Without a value the client raises by itself, in its own words.
        found["api_key"] = credential.value or _NO_KEY
    elif identity.known and credential.value:
        found["api_key"] = credential.value
    # Trying again is our own business. Google's client counts attempts, the others what follows the first.
    retries = 1 if identity.provider == "google_genai" else 0
    return {**found, "timeout": settings.timeout, "max_retries": retries, "max_tokens": settings.reply_tokens}
