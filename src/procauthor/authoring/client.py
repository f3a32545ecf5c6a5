"""Opens LangChain's client for a model, always with bounds, and never with a detour that the user did not choose."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from procauthor.authoring.credential import CONSENT, Credential, Server, require_key, trusts
from procauthor.authoring.identity import EXTRAS, ModelId
from procauthor.authoring.wire import Wire
from procauthor.errors import ConfigError
from procauthor.resources import install_hint
from procauthor.settings import AuthoringSettings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_NO_KEY = "not-needed"
_ROOM = 16_384
"""Ollama cuts a prompt silently at its default window; so much is left for the prompt where no window is set."""
_OPENAI_CLIENTS = frozenset({"openai", "azure_openai", "deepseek", "xai"})


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
    """Return the client; nothing is sent. All runs of a batch have the same: to make one takes longer than to use it.

    Raises:
        ConfigError: No such provider, its package is missing, or there is no key.
    """
    return _open_client(identity, settings, server, credential, frozenset(os.environ.items()))


@lru_cache(maxsize=4)
def _open_client(
    identity: ModelId,
    settings: AuthoringSettings,
    server: Server,
    credential: Credential,
    _environment: frozenset[tuple[str, str]],
) -> BaseChatModel:
    init_chat_model = _load()
    hooks = Wire(settings.timeout, trusts, CONSENT).hooks
    arguments = _arguments(identity, settings, server, credential)
    try:
        arguments |= _hooked(identity.provider, hooks)
        chat: BaseChatModel = init_chat_model(identity.name, model_provider=identity.provider, **arguments)
        _hook_later(chat, hooks)
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


def _load() -> Callable[..., BaseChatModel]:
    try:
        from langchain.chat_models import init_chat_model
    except ModuleNotFoundError as error:
        message = "a chat model needs LangChain, which is not installed"
        raise ConfigError(message, install_hint()) from error
    return init_chat_model


def _hooked(provider: str, hooks: dict[str, Any]) -> dict[str, Any]:
    """Return what gives a client the hooks of the wire, where it takes them when it is made."""
    if provider in _OPENAI_CLIENTS:
        import openai

        proxy = os.environ.get("OPENAI_PROXY")
        # The client refuses a proxy of its own beside an HTTP client that is given to it.
        return {
            "http_client": openai.DefaultHttpxClient(event_hooks=hooks, proxy=proxy),
            **({"openai_proxy": None} if proxy else {}),
        }
    places = {"ollama": "sync_client_kwargs", "google_genai": "client_args"}
    return {places[provider]: {"event_hooks": hooks}} if provider in places else {}


def _hook_later(chat: BaseChatModel, hooks: dict[str, Any]) -> None:
    """Give Anthropic's client the hooks: LangChain has no parameter for it, and makes the client at first use."""
    if type(chat).__name__ != "ChatAnthropic":
        return
    import anthropic

    proxy = getattr(chat, "anthropic_proxy", None)
    client = anthropic.DefaultHttpxClient(event_hooks=hooks, proxy=proxy)
    made: Any = chat
    made._client = made._client.with_options(http_client=client)  # noqa: SLF001 - there is no other way to it


def window_of(identity: ModelId, settings: AuthoringSettings) -> int:
    """Return how many tokens a call may have in and out, where the settings say it or we set it; else 0."""
    if settings.context_tokens:
        return settings.context_tokens
    return _ROOM + settings.reply_tokens if identity.provider == "ollama" else 0


def _arguments(
    identity: ModelId, settings: AuthoringSettings, server: Server, credential: Credential
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if server.url:
        found["base_url"] = server.url
    if settings.temperature is not None:
        found["temperature"] = settings.temperature
    if identity.provider == "ollama":
        window = {"num_predict": settings.reply_tokens, "num_ctx": window_of(identity, settings)}
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
