"""Attempts to read the server's files through URLs and names, and to make it request other servers."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.attack.canaries import META, events, honest_upload, leaked_words, new_canary, recording_server
from tests.attack.outcomes import Attack

if TYPE_CHECKING:
    from tests.attack.outcomes import Trial
    from tests.attack.servers import Server


def _read_through_routes(server: Server, trial: Trial) -> None:
    """Put paths into the URLs of every route that serves files."""
    with server.visitor() as visitor:
        trial.works("The page's own script is given.", visitor.get("/ui/page.js").status_code == 200)
        canary, temporary_canary = new_canary(server.outside), new_canary(server.home / "temporary")
        secrets = {
            "a canary": (str(canary.path), canary.word.encode()),
            "a file of the temporary folder": (str(temporary_canary.path), temporary_canary.word.encode()),
            "the environment": ("/proc/self/environ", server.secret.encode()),
            "the catalog": (str(server.library / "catalog.db"), b"SQLite format 3"),
            "the log": (str(server.home / "log"), b"uvicorn"),
        }
        for label, (path, secret) in secrets.items():
            for path_form in _TARGETS:
                target = path_form.format(
                    path=path, dots=f"{'../' * 12}{path[1:]}", encoded_dots=f"{'..%2f' * 12}{path[1:]}"
                )
                reply = visitor.raw_request("GET", target, seconds=10)
                trial.holds(f"{path_form} does not give {label}.", secret not in reply.body, reply)
                leak = server.leak(reply.text.replace(path, "").replace(path[1:], ""))
                trial.holds(f"{path_form} reveals no folder of the server.", not leak, leak)


_TARGETS = (
    "/gradio_api/file={path}",
    "/file={path}",
    "/gradio_api/file/{path}",
    "/gradio_api/file={dots}",
    "/gradio_api/file=file://{path}",
    "/gradio_api/stream/{path}",
    "/gradio_api/stream/x/y/1/playlist-file?path={path}",
    "/gradio_api/proxy=file://{path}",
    "/gradio_api/custom_component/x/client/{encoded_dots}/y",
    "/proxy=file://{path}",
    "/static/{dots}",
    "/static/{encoded_dots}",
    "/assets/{dots}",
    "/assets/{encoded_dots}",
    "/svelte/{encoded_dots}",
    "/ui/{dots}",
    "/ui/{encoded_dots}",
    "/ui/{path}",
    "/ui//{path}",
    "/static//{path}",
    "/d/{encoded_dots}",
    "/?deep_link={dots}",
    "/docs/{encoded_dots}",
    "/static-offline-docs/{dots}",
    "/static-offline-docs/{encoded_dots}",
    "/v1/documents/{encoded_dots}/original",
    "/v1/documents/..%2f..%2f{encoded_dots}/text",
    "/page/questions?name={path}",
    "/page/documents/{encoded_dots}",
)


def _send_paths_as_names(server: Server, trial: Trial) -> None:
    """Send paths where the service and the tab of questions expect names, URLs and folders."""
    with server.visitor() as visitor:
        headers = visitor.page_headers
        response = visitor.post("/page/questions?name=mine.txt", content=b"Who signed the treaty?", headers=headers)
        trial.works("A file of questions is read.", "Who signed the treaty?" in response.text, response.text)
        canary = new_canary(server.outside)
        files_before = sorted(server.outside.iterdir())
        for name in (str(canary.path), f"../../../../../../..{canary.path}", f"file://{canary.path}"):
            for body in (b"", b"Who?"):
                response = visitor.post("/page/questions", params={"name": name}, content=body, headers=headers)
                trial.holds(
                    "The name of a file of questions is not read.", canary.word not in response.text, response.text
                )
            response = visitor.post("/page/batches", data={"questions": "Who?", "file": name}, headers=headers)
            trial.holds("The form of a batch reads no file.", canary.word not in response.text, response.text)
            for source in ({"folder": name}, {"folder": str(server.outside)}, {"url": f"file://{canary.path}"}):
                added = visitor.post("/v1/documents", json=source)
                trial.holds(
                    f"{next(iter(source))} of the server is refused.", 400 <= added.status_code < 500, added.text
                )
            visitor.wait_for_job(visitor.add({f"{name}.md": f"A note named like {uuid.uuid4()}.".encode()}))
            response_text = visitor.post(
                "/gradio_api/upload", files=[("files", (f"{name}.md", b"x"))], headers=headers
            ).text
            trial.holds(
                "The response to an upload names no folder.",
                not server.leak(response_text.replace(name, "")),
                response_text,
            )
        files_after = sorted(server.outside.iterdir())
        trial.holds(
            "No name makes the server write elsewhere.",
            files_before == files_after,
            set(files_after) ^ set(files_before),
        )
        trial.holds("No file was read.", not leaked_words(visitor, {canary.word}))
        path_names = [
            d["source"] for d in visitor.documents() if "/" in d["source"] and not d["source"].startswith("http")
        ]
        trial.holds("No document is named by a path.", not path_names, path_names)


def _request_other_servers(server: Server, trial: Trial) -> None:
    """Send URLs of a local server, which the attacked server must not request."""
    with server.visitor() as visitor, recording_server() as (address, requests):
        honest_upload(server, trial, visitor)
        for event in events(visitor):
            for file in (
                {"path": address, "meta": META},
                {"path": "x.txt", "url": address, "meta": META},
                {"path": "x.txt", "url": address, "meta": META, "is_stream": True},
            ):
                visitor.event(
                    event["id"],
                    [[file] if kind == "file" else file for kind in event["kinds"]] or [file],
                )
                trial.holds(f"Event {event['id']} requests no URL.", not requests, requests)
        for target in (f"/gradio_api/{name}={address}" for name in ("file", "proxy")):
            for host in ("127.0.0.1", "localhost", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"):
                visitor.raw_request("GET", target.replace("127.0.0.1", host))
                trial.holds(f"{target.split('=', 1)[0]} requests no URL.", not requests, requests)
        for target in (f"/proxy={address}", f"/file={address}", f"/gradio_api/file/{address}"):
            visitor.raw_request("GET", target)
            trial.holds(f"{target} requests no URL.", not requests, requests)
        for url in (address, address.replace("127.0.0.1", "[::ffff:127.0.0.1]"), address.replace("http", "ftp")):
            visitor.post("/v1/documents", json={"url": url})
            trial.holds("The service requests no URL that its settings do not allow.", not requests, requests)


ATTACKS = (
    Attack("files-routes", "Read files through URLs", _read_through_routes),
    Attack("files-names", "Read files through names, folders and batches", _send_paths_as_names),
    Attack("files-requests", "Make the server request other servers", _request_other_servers),
)
