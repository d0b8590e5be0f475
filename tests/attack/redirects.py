"""A language model's server that redirects the client, and its key, to an internal server."""

from __future__ import annotations

import json
import uuid
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

from tests.attack.canaries import serving_in_thread
from tests.attack.outcomes import Attack
from tests.attack.servers import run_command

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server

_QUESTION = "Who signed the treaty of 16 July 2001?"
_REPLY = "The treaty was signed by Vladimir Putin and Jiang Zemin [1]."


def _model_handler(
    key: str, requests: list[str], status: int = 0, redirect_to: str = ""
) -> type[BaseHTTPRequestHandler]:
    """Return the handler of a model's server, which answers or redirects and records whether it received the key."""

    class Model(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer or redirect."""
            requests.append("with the key" if key in str(self.headers) else "without the key")
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
            if status:
                self.send_response(status)
                self.send_header("Location", redirect_to + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self._answer(stream=bool(body.get("stream")))

        def do_GET(self) -> None:
            """Answer the GET that may follow a redirect."""
            self.do_POST()

        def _answer(self, *, stream: bool) -> None:
            part = "delta" if stream else "message"
            choice = {"index": 0, "finish_reason": "stop", part: {"role": "assistant", "content": _REPLY}}
            completion = {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
            content = json.dumps(completion)
            content = f"data: {content}\n\ndata: [DONE]\n\n" if stream else content
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream" if stream else "application/json")
            self.send_header("Content-Length", str(len(content.encode())))
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Model


def _redirect_the_client(server: Server, trial: Trial) -> None:
    """Redirect with every status to another port and to another name of this machine."""
    key = f"key{uuid.uuid4().hex}"
    requests: list[str] = []
    with serving_in_thread(_model_handler(key, requests)) as address:
        output = _ask_with_model(server, address, key)
        trial.works("A model that answers is asked with the key.", requests[:1] == ["with the key"], output)
    inner_requests: list[str] = []
    with serving_in_thread(_model_handler(key, inner_requests)) as inner_address:
        for status in trial.sample((307, 302, 308, 301, 303), 1):
            target = inner_address.replace("127.0.0.1", "localhost") if status in (302, 307) else inner_address
            outer_requests: list[str] = []
            with serving_in_thread(_model_handler(key, outer_requests, status, target)) as address:
                output = _ask_with_model(server, address, key)
            trial.works(f"The model's own server is asked before {status}.", outer_requests, output)
            trial.holds(
                f"{status}: the client does not follow the redirect to another server.",
                not inner_requests,
                inner_requests,
            )
            trial.holds(f"{status}: the key is not printed.", key not in output, output)
            inner_requests.clear()


def _ask_with_model(server: Server, address: str, key: str) -> str:
    settings = {"PINCITE_LLM_URL": f"{address}/v1", "PINCITE_LLM_MODEL": "m", "PINCITE_LLM_KEY": key}
    output = run_command(server.home, "ask", "--writer", "model", _QUESTION, **settings, PINCITE_LLM_TIMEOUT="20")
    return output.stdout + output.stderr


ATTACKS = (
    Attack("redirects-model", "Be sent with the key to another server", _redirect_the_client, programs=("serve",)),
)
