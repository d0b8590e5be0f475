"""A publication contains what was listed, and nothing of the machine that wrote it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import LibraryError, PublishError, SecretsFound
from index.library.library import Library
from index.plugins.publish import hosts, publication
from index.plugins.publish.publication import Request, make_plan
from index.settings import Settings
from tests.fakes import FakeEncoder
from tests.plugins.publish.conftest import SEA, TREATY, published
from tests.plugins.publish.tokens import DOCUMENTED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Write


TOKEN = DOCUMENTED["GitHub"]


def open_published(folder: Path) -> Library:
    """Open the library of a publication."""
    return Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder(), create=False)


@pytest.mark.parametrize("target", ["space", "container", "static"])
def test_publication_answers_and_has_no_path_of_this_machine(shelf: Library, tmp_path: Path, target: str) -> None:
    """The sources are names; no file contains the folder of the sources, of the library or of the publication."""
    found = published(shelf, tmp_path / "demo", target=target, questions=("Who?",))
    assert (found.target, found.documents, found.questions) == (target, 2, ("Who?",))
    contents = b"".join(path.read_bytes() for path in (tmp_path / "demo").rglob("*") if path.is_file())
    assert str(tmp_path).encode() not in contents
    assert b"zanzibarquux" not in contents
    if target == "static":
        assert {"README.md", "index.html", "index.bin", "index.json"} <= {PurePath(name).name for name in found.files}
        return
    assert hosts.require_intact(tmp_path / "demo") == found
    with open_published(tmp_path / "demo") as library:
        assert sorted(info.source for info in library.documents()) == ["notes (2).md", "notes.md"]
        assert library.ask("Who signed the treaty?").statements[0].text == "The king signed the treaty in winter."


def test_originals_go_along_only_on_request(shelf: Library, tmp_path: Path) -> None:
    """With them, a visitor can download the file; its bytes are those of the source."""
    published(shelf, tmp_path / "without")
    published(shelf, tmp_path / "with", originals=True)
    with open_published(tmp_path / "without") as library:
        assert [library.has_original(info.id) for info in library.documents()] == [False, False]
    with open_published(tmp_path / "with") as library:
        assert {library.original(info.id).data.decode() for info in library.documents()} == {TREATY, SEA}
        assert {library.original(info.id).name for info in library.documents()} == {"notes.md", "notes (2).md"}


def test_secrets_are_refused_with_document_and_place_until_allowed(
    shelf: Library, write: Write, tmp_path: Path
) -> None:
    """Nothing is written; the decision names the document and holds for it only."""
    shelf.add([write("plan.md", f"# Plan\n\nUse {TOKEN} there.\n"), write(f"{TOKEN}.md", "A horse ran.")])
    plan = make_plan(shelf, Request("space", "Notes"))
    assert {(found.name, found.place, found.kind) for found in plan.secrets} == {
        ("plan.md", "§ Plan, ¶ 1, character 10", "github token"),
        (f"{TOKEN}.md", "file name", "github token"),
    }
    assert not any(TOKEN in found.excerpt for found in plan.secrets)
    with pytest.raises(SecretsFound, match=r"plan\.md"):
        publication.write(shelf, plan, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
    one = make_plan(shelf, Request("space", "Notes", allowed=frozenset([shelf.find("plan.md").id])))
    assert one.refused == (f"{TOKEN}.md",)
    both = frozenset(found.document for found in plan.secrets)
    published(shelf, tmp_path / "demo", allowed=both)
    assert hosts.require_intact(tmp_path / "demo").documents == 4


def test_secrets_in_original_files_are_found_if_those_go_along(shelf: Library, write: Write) -> None:
    """The script of a web page is not part of its text, but of its file."""
    words = "The horse ran through the garden, and the doctor read a letter about the winter. " * 5
    shelf.add(write("page.html", f"<html><body><script>x='{TOKEN}'</script><h1>Page</h1><p>{words}</p></body></html>"))
    assert make_plan(shelf, Request("space", "Notes")).secrets == ()
    (found,) = make_plan(shelf, Request("space", "Notes", originals=True)).secrets
    assert (found.name, found.place, found.kind) == ("page.html", "original file", "github token")


def test_secret_in_an_outline_is_found(shelf: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heading of a PDF's outline shows in locations, even if it is not in the text."""
    whole = shelf.document("The sea")
    mark = replace(whole.landmarks[0], kind="heading", label=f"Use {TOKEN}", level=1)
    monkeypatch.setattr(Library, "document", lambda _, name: replace(whole, landmarks=(mark,)))
    places = {found.place for found in make_plan(shelf, Request("space", "Notes")).secrets}
    assert places == {"heading"}


def test_unknown_licences_and_lost_originals_are_warned_of(shelf: Library, write: Write) -> None:
    """The publisher learns it before anything is written. An address in a document is public by default."""
    write("coast/notes.md", "changed")
    warnings = " ".join(make_plan(shelf, Request("space", "Notes", originals=True)).warnings)
    assert "licence of 1 document" in warnings
    assert "original files of 1 document" in warnings
    shelf.add([write("mail.md", "# Letter\n\nWrite to jo@example.org about the horse.\n")])
    assert make_plan(shelf, Request("space", "Notes")).refused == ()
    assert make_plan(shelf, Request("space", "Notes", refuse_emails=True)).refused == ("mail.md",)


def test_empty_library_is_not_published(library: Library) -> None:
    """A visitor could ask nothing."""
    with pytest.raises(PublishError, match="no documents"):
        make_plan(library, Request("space", "Notes"))


def test_library_with_a_model_of_this_machine_is_not_published(shelf: Library, tmp_path: Path) -> None:
    """The model would be missing where it is served."""
    shelf.parts.session.change_settings({"model": str(tmp_path)})
    with pytest.raises(PublishError, match="does not go along"):
        published(shelf, tmp_path / "demo")
    assert not (tmp_path / "demo").exists()


def test_documents_added_after_the_plan_are_not_published(shelf: Library, write: Write, tmp_path: Path) -> None:
    """Nothing becomes public that was not listed."""
    plan = make_plan(shelf, Request("space", "Notes"))
    shelf.add(write("late.md", "The volcano smoked."))
    with pytest.raises(LibraryError, match="changed"):
        publication.write(shelf, plan, tmp_path / "demo")
    assert list(tmp_path.glob("*demo*")) == []


def test_static_site_is_written_from_a_copy_without_paths(
    shelf: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer of the site gets the copy, the title and questions; the copy itself does not become public."""
    seen: dict[str, Any] = {}

    def write_site(library: Library, folder: Path, *, title: str, questions: tuple[str, ...]) -> None:
        seen.update(sources=sorted(library.sources()), title=title, questions=questions, answer=library.search("whale"))
        (folder / "index.html").write_text(title)

    monkeypatch.setattr("index.plugins.publish.site_files.write_site", write_site)
    found = published(shelf, tmp_path / "demo", target="static", questions=("Who?",))
    assert (seen["sources"], seen["title"], seen["questions"]) == (["notes (2).md", "notes.md"], "Notes", ("Who?",))
    assert seen["answer"]
    assert sorted(found.files) == ["README.md", "index.html"]
    assert [path.name for path in tmp_path.glob(".pincite-*")] == []
