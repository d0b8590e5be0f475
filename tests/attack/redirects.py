"""A model's server that sends the client elsewhere: to a server within the walls, with the key."""

from __future__ import annotations

import json
import uuid
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.attack.canaries import serving_in_thread
from tests.attack.outcomes import Attack
from tests.attack.servers import command

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_QUESTION = "Who signed the treaty of 16 July 2001?"
_REPLY = "The treaty was signed by Vladimir Putin and Jiang Zemin [1]."


def _model(key: str, asked: list[str], status: int = 0, elsewhere: str = "") -> type[BaseHTTPRequestHandler]:
    """A model's server, which answers or sends elsewhere, and notes with which key it was asked."""

    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer, or send elsewhere."""
            asked.append("with the key" if key in str(self.headers) else "without the key")
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            if status:
                self.send_response(status)
                self.send_header("Location", elsewhere + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._answer(stream=bool(body.get("stream")))

        def do_GET(self) -> None:
            """Another way to be asked after a redirect."""
            self.do_POST()

        def _answer(self, *, stream: bool) -> None:
            part = "delta" if stream else "message"
            choice = {"index": 0, "finish_reason": "stop", part: {"role": "assistant", "content": _REPLY}}
            told = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            content = json.dumps(told)
            content = f"data: {content}\n\ndata: [DONE]\n\n" if stream else content
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Model


def _elsewhere(server: Server, trial: Trial) -> None:
    """Redirects of every kind to another port, and to another name of this machine."""
    key = f"key{uuid.uuid4().hex}"
    asked: list[str] = []
    with serving_in_thread(_model(key, asked)) as address:
        done = _write(server, address, key)
        trial.works("A model that answers is asked with the key.", asked[:1] == ["with the key"], done)
    inner: list[str] = []
    with serving_in_thread(_model(key, inner)) as within:
        for status in trial.some((307, 302, 308, 301, 303), 1):
            place = within.replace("127.0.0.1", "localhost") if status in (302, 307) else within
            outer: list[str] = []
            with serving_in_thread(_model(key, outer, status, place)) as address:
                done = _write(server, address, key)
            trial.works(f"The model's own server is asked before {status}.", outer, done)
            trial.holds(f"{status} leads nobody to another server.", not inner, inner)
            trial.holds(f"{status}: the key is not printed.", key not in done, done)
            inner.clear()


def _write(server: Server, address: str, key: str) -> str:
    settings = {"PINCITE_LLM_URL": f"{address}/v1", "PINCITE_LLM_MODEL": "m", "PINCITE_LLM_KEY": key}
    done = command(server.home, "ask", "--writer", "model", _QUESTION, **settings, PINCITE_LLM_TIMEOUT="20")
    return done.stdout + done.stderr


ATTACKS = (Attack("redirects-model", "Be sent with the key to another server", _elsewhere, faces=("serve",)),)
