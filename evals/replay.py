"""Completions by exact request: recorded while a model answers, and given again without one.

A small server on the loopback interface speaks the OpenAI protocol. A request is known by a hash of its path and its
whole body, so a changed prompt, schema or model never gets an old answer. Keys pass through and are not written down.
"""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

_TIMEOUT = 300
_OK = 200
_MISSING = 404
_UNREACHABLE = 502


class Replay:
    """Answers from a folder; with an upstream server, what is not there is asked for and kept.

    Args:
        folder: One file for each request.
        upstream: The base URL of an OpenAI-compatible server, as ``https://host/v1``; empty to answer from the folder
            alone.
    """

    def __init__(self, folder: Path, upstream: str = "") -> None:
        self.found = 0
        self.missed = 0
        self._folder = folder
        self._upstream = upstream.rstrip("/")
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """The base URL to give to an author."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        """Begin to answer."""
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: bytes, key: str) -> tuple[int, bytes]:
        """Return the status and the body of the reply to a request."""
        file = self._folder / f"{hash_request(path, body)}.json"
        if file.exists():
            self._count(found=True)
            return _OK, json.dumps(json.loads(file.read_text(encoding="utf-8"))["reply"]).encode()
        self._count(found=False)
        if not self._upstream:
            return _MISSING, _problem("no completion is recorded for this request")
        status, reply = self._ask(path, body, key)
        if status == _OK:
            self._folder.mkdir(parents=True, exist_ok=True)
            record = {"path": path, "model": json.loads(body).get("model"), "reply": json.loads(reply)}
            file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return status, reply

    def _ask(self, path: str, body: bytes, key: str) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"} | ({"Authorization": key} if key else {})
        request = Request(self._upstream + path.removeprefix("/v1"), body, headers)  # noqa: S310 - the user's own URL
        try:
            with urlopen(request, timeout=_TIMEOUT) as reply:  # noqa: S310 - the same
                return int(reply.status), reply.read()
        except HTTPError as error:
            return error.code, error.read()
        except (URLError, OSError) as error:
            return _UNREACHABLE, _problem(f"the upstream server cannot be reached: {error}")

    def _count(self, *, found: bool) -> None:
        with self._lock:
            self.found += found
            self.missed += not found


def hash_request(path: str, body: bytes) -> str:
    """Return the key of an exact request; only the order of names in its JSON does not count."""
    canonical = json.dumps(json.loads(body), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(f"{path}\0{canonical}".encode()).hexdigest()


def _problem(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "replay", "code": None}}).encode()


def _handler(replay: Replay) -> type[BaseHTTPRequestHandler]:
    class Conversation(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, reply = replay.answer(self.path, body, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: Any) -> None: ...

    return Conversation
