"""The folder of a Space has what Spaces read, and the program with it."""

from __future__ import annotations

import ast
from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from index.errors import PublishError
from index.plugins.publish import hosts
from index.plugins.publish.hosts import front_matter, hub_licence, markdown
from index.plugins.publish.listing import Listing, list_library
from tests.cases import cases
from tests.plugins.publish.conftest import published

if TYPE_CHECKING:
    from pathlib import Path

    from index.library.library import Library


HOSTILE = "A <script>alert(1)</script> | b: '\"\n---\n[x](javascript:y) \u2028 `*_"


@pytest.fixture(scope="module")
def space(kept_shelf: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published Space, which no test changes, with a title that would break YAML, Markdown or HTML."""
    folder = tmp_path_factory.mktemp("space") / "demo"
    published(kept_shelf, folder, title=HOSTILE)
    return folder


def test_front_matter_has_the_keys_and_values_that_spaces_read(space: Path) -> None:
    """See docs/hub/spaces-config-reference.md of huggingface/hub-docs."""
    _, front, rest = (space / "README.md").read_text("utf-8").split("---\n", 2)
    found = yaml.safe_load(front)
    assert found.pop("title") == " ".join(HOSTILE.split())[:60]
    assert found.pop("sdk_version") == version("gradio")
    assert found.pop("tags")[0] == "pincite"
    assert found == {
        "emoji": "📌",
        "colorFrom": "indigo",
        "colorTo": "gray",
        "sdk": "gradio",
        "license": "other",
        "pinned": False,
        "python_version": "3.12",
        "app_file": "app.py",
        "startup_duration_timeout": "30m",
    }
    assert "<script>" not in rest
    assert "| The treaty |  |  | CC\\-BY\\-4.0 |" in rest


def test_requirements_install_where_spaces_install_gradio_with_mcp(space: Path) -> None:
    """Spaces add `gradio[oauth,mcp]`, which needs mcp 1: mcp goes along, and what it requires is listed.

    When Gradio accepts mcp 2, this fails, and it need not go along any more.
    """
    lines = (space / "requirements.txt").read_text().splitlines()
    assert hosts.CPU_WHEELS in lines
    found = [Requirement(line) for line in lines if line and not line.startswith(("#", "--"))]
    names = {requirement.name for requirement in found}
    assert {"gradio", "torch", "sse-starlette", "pyjwt"} <= names
    assert not names & {"mcp", "mcp-types", "pincite", "pytest", "ir-measures"}
    assert not any(requirement.url or "+" in str(requirement.specifier) for requirement in found)
    assert (space / "vendor" / "mcp" / "__init__.py").is_file()
    assert Version(version("mcp")).major == 2
    assert list((space / "vendor").glob("mcp-*.dist-info/**/LICENSE*"))
    assert not list((space / "vendor").rglob("*.pyc"))
    (wanted,) = [Requirement(line) for line in requires("gradio") or () if line.startswith("mcp")]
    assert Version(version("mcp")) not in wanted.specifier


def test_the_program_goes_along_with_its_data_and_licence(space: Path) -> None:
    """All modules, models, templates and styles, byte for byte, but no compiled file.

    A push of a file over 10 MB that is not in large-file storage is refused.
    """
    own = {path.relative_to(hosts._PACKAGE) for path in hosts._PACKAGE.rglob("*") if path.is_file()}
    there = {path.relative_to(space / "index") for path in (space / "index").rglob("*") if path.is_file()}
    assert there == {path for path in own if path.suffix != ".pyc"}
    assert "Apache License" in (space / "LICENSE").read_text()
    (metadata,) = space.glob("pincite-*.dist-info")
    assert "[pincite.formats]" in (metadata / "entry_points.txt").read_text(encoding="utf-8")
    large = [path for path in space.rglob("*") if path.is_file() and path.stat().st_size > 10_000_000]
    assert {path.suffix for path in large} == {".safetensors"}
    assert "*.safetensors filter=lfs" in (space / ".gitattributes").read_text()


def test_program_that_is_not_installed_cannot_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its requirements are unknown then, for example in a published folder itself."""

    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(hosts, "distribution", missing)
    with pytest.raises(PublishError, match="pip install"):
        hosts.requirements()


def test_app_is_valid_and_decorates_a_function_for_zero_gpu(space: Path) -> None:
    """The platform may look at the file alone."""
    text = (space / "app.py").read_text("utf-8")
    ast.parse(text)
    assert "@spaces.GPU" in text
    assert 'os.environ.setdefault("PINCITE_DEMO", "1")' in text
    (title,) = [
        ast.literal_eval(call.args[1])
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and [ast.unparse(arg) for arg in call.args[:1]] == ["'PINCITE_DEMO_TITLE'"]
    ]
    assert title == HOSTILE


def test_licence_of_the_space_is_that_of_all_documents(kept_shelf: Library) -> None:
    """As the Hub writes it; several, or an unknown one, are `other`."""
    for stated, expected in (({}, "other"), ({"": "CC-BY-4.0"}, "cc-by-4.0"), ({"": "MIT"}, "other")):
        assert hub_licence(list_library(kept_shelf, originals=False, licences=stated)) == expected
    assert front_matter("T", Listing((), {}, {}), sdk="static")["app_file"] == "index.html"


@cases(("words", "shown"), [("a\nb", "a b"), ("<b>", "&lt;b&gt;"), ("a|b", "a\\|b"), ("[x](y)", "\\[x\\]\\(y\\)")])
def test_markdown_shows_words_only(words: str, shown: str) -> None:
    """A title of a document can add neither markup nor a column."""
    assert markdown(words) == shown
