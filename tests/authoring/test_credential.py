"""Keys come from the environment or the keyring, and go to no server that only a project's file names."""

from __future__ import annotations

import sys
import types

import pytest

from procauthor.authoring.chat import ChatAuthor
from procauthor.authoring.memory import CallLog
from procauthor.errors import ConfigError, ModelError
from procauthor.prompt import PromptLibrary
from procauthor.settings import AuthoringSettings
from tests.authoring.test_chat import KEY, PURPOSE, ask, author
from tests.authoring.test_chat import environment as environment  # noqa: PLC0414 - a fixture
from tests.loopback import data, failure, serving


def open_author(base_url: str, model: str = "openai:any") -> ChatAuthor:
    return ChatAuthor.open(model, AuthoringSettings(base_url=base_url), PromptLibrary(), CallLog())


FOREIGN = [
    "https://evil.example/v1",
    "http://openai.com.evil.example/v1",
    "http://127.0.0.1.evil.example/v1",
    "http://localhost.evil.example",
    "http://2130706433/v1",
    "http://8.8.8.8/v1",
]


@pytest.mark.parametrize("url", FOREIGN)
@pytest.mark.parametrize("model", ["openai:any", "cohere:any"])
def test_a_server_that_only_the_project_names_does_not_get_the_key(url, model):
    with pytest.raises(ConfigError, match="would receive") as caught:
        open_author(url, model)
    assert "export PROCAUTHOR_TRUST_BASE_URL=" in caught.value.hint
    assert KEY not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    "url", ["http://localhost@evil.example/v1", "http://evil.example\\@127.0.0.1/", "file:///etc/passwd", "evil", "//x"]
)
def test_an_address_that_can_be_read_in_two_ways_is_refused(url):
    with pytest.raises(ConfigError, match="no plain http"):
        open_author(url)


@pytest.mark.parametrize("trusted", ["evil.example", "other.example, https://evil.example/v1", "EVIL.example"])
def test_a_user_can_trust_a_host(monkeypatch, trusted):
    monkeypatch.setenv("PROCAUTHOR_TRUST_BASE_URL", trusted)
    assert open_author("https://evil.example/v1").id == "openai:any"
    with pytest.raises(ConfigError):
        open_author("https://more.evil.example/v1")


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v1", "http://10.1.2.3:8000", "http://[::1]:8000/v1", "http://127.0.0.1:1"]
)
def test_a_local_server_needs_no_consent(url):
    assert open_author(url)


def test_without_a_key_there_is_nothing_to_leak(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert open_author("https://free.example/v1")


def test_a_server_from_the_users_environment_comes_before_the_projects(monkeypatch):
    with serving(data(PURPOSE)) as server:
        monkeypatch.setenv("PROCAUTHOR_BASE_URL", server.url)
        open_author("https://evil.example/v1").fill(ask())
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def keyring(monkeypatch, keys):
    module = types.ModuleType("keyring")
    module.get_password = lambda service, name: keys.get((service, name))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", module)


def test_a_key_may_come_from_the_keyring(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    keyring(monkeypatch, {("procauthor", "OPENAI_API_KEY"): "sk-from-the-ring-12345"})
    with serving(data(PURPOSE), failure(400, "model sk-from-the-ring-12345")) as server:
        writer = author(server)
        writer.fill(ask())
        assert server.headers[0]["authorization"] == "Bearer sk-from-the-ring-12345"
        with pytest.raises(ModelError) as caught:
            writer.fill(ask(2))
    assert "from-the-ring" not in str(caught.value)


def test_a_missing_key_says_where_it_was_looked_for(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    keyring(monkeypatch, {})
    with pytest.raises(ConfigError) as caught:
        author(None)
    assert "the environment variable OPENAI_API_KEY and the keyring (procauthor, OPENAI_API_KEY)" in str(caught.value)
    assert "keyring set procauthor OPENAI_API_KEY" in caught.value.hint
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="not installed"):
        author(None)
