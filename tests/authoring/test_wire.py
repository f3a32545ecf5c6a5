"""What a server sends is bounded in bytes, time and place, whichever client talks to it."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from procauthor.authoring.failure import MOST_BYTES
from procauthor.errors import ModelError
from tests.anthropic_loopback import tool as anthropic_tool
from tests.authoring import test_anthropic, test_chat
from tests.authoring.test_chat import PURPOSE, ask
from tests.cli.test_create_with_a_model import TITLE, point
from tests.cli.test_create_with_a_model import run as command
from tests.loopback import Loopback, Scripted, data, serving

Opening = Callable[..., object]
CLIENTS = ("openai", "anthropic")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(name, "sk-very-secret-0123456789")


def fill(client: str, server: Loopback, **settings: object):
    opened = {"openai": test_chat.author, "anthropic": test_anthropic.author}[client]
    return opened(server, **settings).fill(ask())


def good(client: str) -> Scripted:
    return data(PURPOSE) if client == "openai" else anthropic_tool(PURPOSE)


def packed(reply: Scripted, kind: str = "gzip") -> Scripted:
    raw = json.dumps(reply.body).encode()
    made = {"gzip": gzip.compress, "deflate": zlib.compress}[kind](raw)
    return Scripted(body=made, headers={"Content-Encoding": kind})


def bomb() -> Scripted:
    """A few kilobytes that unpack to four times what is allowed."""
    return Scripted(body=gzip.compress(b" " * (4 * MOST_BYTES)), headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_a_packed_reply_is_read(client: str, kind: str) -> None:
    with serving(packed(good(client), kind)) as server:
        assert fill(client, server).values == {"purpose": PURPOSE["purpose"]}
    assert server.headers[0]["accept-encoding"] == "gzip"


TOO_MUCH = {
    "unpacks to too much": (bomb(), "longer than 16 MiB"),
    "plain and too much": (Scripted(body=b" " * (MOST_BYTES + 1)), "longer than 16 MiB"),
    "an error of any size": (Scripted(500, bomb().body, bomb().headers), "longer than 16 MiB"),
    "packed in another way": (Scripted(body=b"abc", headers={"Content-Encoding": "br"}), "packed as 'br'"),
    "no archive at all": (Scripted(body=b"abc", headers={"Content-Encoding": "gzip"}), "cannot be unpacked"),
}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("kind", TOO_MUCH)
def test_a_reply_beyond_the_bounds_is_one_sentence_and_no_second_request(client: str, kind: str) -> None:
    reply, words = TOO_MUCH[kind]
    with serving(reply, good(client)) as server, pytest.raises(ModelError, match=words):
        fill(client, server, retries=1)
    assert len(server.requests) == 1


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_that_drips_is_left(client: str) -> None:
    reply = good(client)
    started = time.monotonic()
    with serving(Scripted(body=reply.body, drip=1.0)) as server, pytest.raises(ModelError, match="no answer in time"):
        fill(client, server, timeout=1.0)
    assert time.monotonic() - started < 8


@pytest.mark.parametrize("client", CLIENTS)
def test_a_redirect_to_another_origin_is_refused_and_named(client: str) -> None:
    with serving(good(client)) as other:
        away = Scripted(307, b"", {"Location": other.url.replace("127.0.0.1", "localhost") + "/chat/completions"})
        with serving(away) as server, pytest.raises(ModelError, match=r"sends the request on to http://localhost:\d+"):
            fill(client, server)
    assert other.requests == []


@pytest.mark.parametrize("client", CLIENTS)
def test_a_redirect_within_the_origin_is_followed(client: str) -> None:
    with serving(Scripted(307, b"", {"Location": "/other"}), good(client)) as server:
        assert fill(client, server).values
    assert len(server.requests) == 2


def test_a_redirect_with_consent_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCAUTHOR_TRUST_BASE_URL", "localhost")
    with serving(good("openai")) as other:
        away = Scripted(307, b"", {"Location": other.url.replace("127.0.0.1", "localhost") + "/chat/completions"})
        with serving(away) as server:
            assert fill("openai", server).values
    assert "authorization" not in other.headers[0]


def test_the_command_ends_with_3_and_keeps_the_run(root: Path) -> None:
    with serving(bomb()) as server:
        done = command("-C", point(root, server), "create", TITLE, "--model", "openai:any", code=3)
    assert "longer than 16 MiB" in done.stderr
    assert "procauthor resume" in done.stderr
