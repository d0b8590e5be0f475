"""Attempts to read the server's files through addresses and names, and to have it ask other servers."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.attack.canaries import META, canary, events, honest_upload, listening, revealed
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


def _routes(server: Server, trial: Trial) -> None:
    """Paths in the addresses of every route that gives files."""
    with server.visitor() as visitor:
        trial.works("The page's own script is given.", visitor.get("/ui/page.js").status_code == 200)
        hidden, fresh = canary(server.outside), canary(server.home / "temporary")
        wanted = {
            "a canary": (str(hidden.path), hidden.word.encode()),
            "a file of the temporary folder": (str(fresh.path), fresh.word.encode()),
            "the environment": ("/proc/self/environ", server.secret.encode()),
            "the catalog": (str(server.library / "catalog.db"), b"SQLite format 3"),
            "the log": (str(server.home / "log"), b"uvicorn"),
        }
        for what, (path, mark) in wanted.items():
            for form in _TARGETS:
                target = form.format(path=path, dots=f"{'../' * 12}{path[1:]}", ups=f"{'..%2f' * 12}{path[1:]}")
                reply = visitor.bare("GET", target, seconds=10)
                trial.holds(f"{form} does not give {what}.", mark not in reply.body, reply)
                leak = server.leak(reply.text.replace(path, "").replace(path[1:], ""))
                trial.holds(f"{form} names no folder of the server.", not leak, leak)


_TARGETS = (
    "/gradio_api/file={path}",
    "/file={path}",
    "/gradio_api/file/{path}",
    "/gradio_api/file={dots}",
    "/gradio_api/file=file://{path}",
    "/gradio_api/stream/{path}",
    "/gradio_api/stream/x/y/1/playlist-file?path={path}",
    "/gradio_api/proxy=file://{path}",
    "/gradio_api/custom_component/x/client/{ups}/y",
    "/proxy=file://{path}",
    "/static/{dots}",
    "/static/{ups}",
    "/assets/{dots}",
    "/assets/{ups}",
    "/svelte/{ups}",
    "/ui/{dots}",
    "/ui/{ups}",
    "/ui/{path}",
    "/ui//{path}",
    "/static//{path}",
    "/d/{ups}",
    "/?deep_link={dots}",
    "/docs/{ups}",
    "/static-offline-docs/{dots}",
    "/static-offline-docs/{ups}",
    "/v1/documents/{ups}/original",
    "/v1/documents/..%2f..%2f{ups}/text",
    "/page/questions?name={path}",
    "/page/documents/{ups}",
)


def _names(server: Server, trial: Trial) -> None:
    """Paths where the service and the tab of questions expect names, addresses and folders."""
    with server.visitor() as visitor:
        own = visitor.own
        sent = visitor.post("/page/questions?name=mine.txt", content=b"Who signed the treaty?", headers=own)
        trial.works("A file of questions is read.", "Who signed the treaty?" in sent.text, sent.text)
        hidden = canary(server.outside)
        before = sorted(server.outside.iterdir())
        for name in (str(hidden.path), f"../../../../../../..{hidden.path}", f"file://{hidden.path}"):
            for body in (b"", b"Who?"):
                sent = visitor.post("/page/questions", params={"name": name}, content=body, headers=own)
                trial.holds("The name of a file of questions is not read.", hidden.word not in sent.text, sent.text)
            form = visitor.post("/page/batches", data={"questions": "Who?", "file": name}, headers=own)
            trial.holds("The form of a batch reads no file.", hidden.word not in form.text, form.text)
            for place in ({"folder": name}, {"folder": str(server.outside)}, {"url": f"file://{hidden.path}"}):
                added = visitor.post("/v1/documents", json=place)
                trial.holds(
                    f"{next(iter(place))} of the server is refused.", 400 <= added.status_code < 500, added.text
                )
            visitor.finished(visitor.add({f"{name}.md": f"A note named like {uuid.uuid4()}.".encode()}))
            told = visitor.post("/gradio_api/upload", files=[("files", (f"{name}.md", b"x"))], headers=own).text
            trial.holds("The response to an upload names no folder.", not server.leak(told.replace(name, "")), told)
        after = sorted(server.outside.iterdir())
        trial.holds("No name makes the server write elsewhere.", before == after, set(after) ^ set(before))
        trial.holds("No file was read.", not revealed(visitor, {hidden.word}))
        named = [d["source"] for d in visitor.documents() if "/" in d["source"] and not d["source"].startswith("http")]
        trial.holds("No document is named by a path.", not named, named)


def _requests_of_the_server(server: Server, trial: Trial) -> None:
    """Addresses of a server on this machine, which the server under attack must not ask."""
    with server.visitor() as visitor, listening() as (address, asked):
        honest_upload(server, trial, visitor)
        for event in events(visitor):
            for form in (
                {"path": address, "meta": META},
                {"path": "x.txt", "url": address, "meta": META},
                {"path": "x.txt", "url": address, "meta": META, "is_stream": True},
            ):
                visitor.event(event["id"], [[form] if kind == "file" else form for kind in event["kinds"]] or [form])
                trial.holds(f"Event {event['id']} asks no address.", not asked, asked)
        for target in (f"/gradio_api/{name}={address}" for name in ("file", "proxy")):
            for host in ("127.0.0.1", "localhost", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"):
                visitor.bare("GET", target.replace("127.0.0.1", host))
                trial.holds(f"{target.split('=', 1)[0]} asks no address.", not asked, asked)
        for target in (f"/proxy={address}", f"/file={address}", f"/gradio_api/file/{address}"):
            visitor.bare("GET", target)
            trial.holds(f"{target} asks no address.", not asked, asked)
        for url in (address, address.replace("127.0.0.1", "[::ffff:127.0.0.1]"), address.replace("http", "ftp")):
            visitor.post("/v1/documents", json={"url": url})
            trial.holds("The service asks no address that its settings do not allow.", not asked, asked)


ATTACKS = (
    Attack("files-routes", "Read files through addresses", _routes),
    Attack("files-names", "Read files through names, folders and batches", _names),
    Attack("files-requests", "Have the server ask other servers", _requests_of_the_server),
)
