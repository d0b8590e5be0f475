"""Gradio's files: which ones the page needs, and how they are served."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import brotli
import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from index.page import web_app
from index.page.web_app import ASSETS, AssetCache, FrontEnd, Needs

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "export const answer = 42;\n" * 20


def test_needs_of_a_page_are_found_in_the_installed_gradio() -> None:
    """Each file exists; more components need more scripts, and one that is shown later needs only its styles."""
    few, more = (FrontEnd().needs(names) for names in (["html"], ["html", "textbox"]))
    assert few.entry.startswith("index-")
    for name in (more.entry, *more.scripts, *more.styles):
        assert (ASSETS / name).is_file()
    assert any(name.startswith("Blocks-") for name in few.scripts)
    assert set(few.scripts) < set(more.scripts)
    assert len(more.stylesheet()) > len(few.stylesheet()) > 1000
    later = FrontEnd().needs(["html", "dropdown"])
    assert later.scripts == few.scripts
    assert set(later.styles) > set(few.styles)


def test_unknown_front_end_has_no_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a later Gradio is built differently, the page loads as Gradio loads it."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script src="./bundle.js"></script>')
    monkeypatch.setattr(web_app, "_FOLDER", tmp_path)
    monkeypatch.setattr(web_app, "ASSETS", tmp_path / "assets")
    assert FrontEnd().needs(["html"]) == Needs()
    (tmp_path / "index.html").write_text('<script src="./assets/index-x.js"></script>')
    (tmp_path / "assets" / "index-x.js").write_text("import('./Blocks-y.js')")
    assert FrontEnd().needs(["html"]) == Needs()


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    """A client of a cache over one known and one unknown file."""
    (tmp_path / "known.js").write_text(TEXT)
    return TestClient(AssetCache(PlainTextResponse("from Gradio"), tmp_path, {"known.js"}))


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, deflate, br", "br"), ("gzip;q=1", "gzip"), ("identity", ""), ("", "")],
)
def test_script_is_compressed_once_and_cached_forever(
    client: TestClient, tmp_path: Path, accepted: str, encoding: str
) -> None:
    """Each client gets the best encoding that it accepts; the file is read only for the first one."""
    for _ in range(2):
        with client.stream("GET", "/assets/known.js", headers={"accept-encoding": accepted}) as response:
            raw = b"".join(response.iter_raw())
        assert response.headers.get("content-encoding", "") == encoding
        assert response.headers["content-type"].startswith("text/javascript")
        assert "immutable" in response.headers["cache-control"]
        unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}[encoding]
        assert unpack(raw).decode() == TEXT
        (tmp_path / "known.js").unlink(missing_ok=True)


@pytest.mark.parametrize("path", ["/assets/other.js", "/assets/../known.js", "/known.js", "/"])
def test_other_files_are_left_to_gradio(client: TestClient, path: str) -> None:
    """Only files with known names are served."""
    assert client.get(path).text == "from Gradio"
    assert client.post("/assets/known.js").text == "from Gradio"
