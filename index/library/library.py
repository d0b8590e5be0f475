"""The public class of the package. It holds the parts that do the work, and its methods call theirs."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Self, TypeVar

from index.library import operations
from index.library.answerer import Answerer, Checker
from index.library.changes import Changes, FolderSync
from index.library.contents import Contents
from index.library.models import Models
from index.library.operations import Archives, Maintenance
from index.library.searcher import Searcher
from index.library.session import Lookup, Session
from index.records import Answer, Check
from index.settings import Settings
from index.storage.store import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.encoders.encoder import Encoder
    from index.storage.protocol import Readiness

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")


def _delegate(
    part: str, method: Callable[Concatenate[Any, _Params], _Result]
) -> Callable[Concatenate[Library, _Params], _Result]:
    """Return a method of `Library` that calls this method of one of its parts. `help` shows the part's docstring."""
    name = method.__name__

    @wraps(method)
    def call(self: Library, /, *args: _Params.args, **options: _Params.kwargs) -> _Result:
        result: _Result = getattr(getattr(self, part), name)(*args, **options)
        return result

    call.__qualname__, call.__module__ = f"Library.{name}", __name__
    return call


class Library:
    """A folder of documents that answers questions. Safe to use from several threads.

    with Library.open("notes") as library:
        library.add(["papers/"])
        for hit in library.search("Who signed the treaty?"):
            print(hit.quote, hit.location)

    Documents are named by id, source, file name or title; a method that takes a name raises DocumentNotFound or
    AmbiguousDocument. Spans are in code points, and raise SpanError outside the text. `progress` is called in the
    thread that works.
    """

    def __init__(self, store: FolderStore, settings: Settings, encoder: Encoder | None = None) -> None:
        self._store = store
        self._session = Session(store, settings)
        self._lookup = Lookup(store)
        self._models = Models(self._session, encoder)
        searcher = Searcher(self._session, self._lookup, self._models)
        self._searcher = searcher
        self._answerer = Answerer(self._session, self._lookup, self._models, searcher)
        self._checker = Checker(self._session, self._lookup, self._models, searcher)
        self._contents = Contents(self._session, self._lookup, self._models)
        self._changes = Changes(self._session, self._lookup, self._models)
        self._folder_sync = FolderSync(self._session, self._changes)
        self._maintenance = Maintenance(self._session, self._models)
        self._archives = Archives(self._session, self._models, self._contents)

    # Opening

    @classmethod
    def open(
        cls,
        folder: str | Path | None = None,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        create: bool = True,
    ) -> Self:
        """Open the library in a folder, by default the folder of the settings. The encoder is loaded at first use.

        Raises LibraryNotFound if there is none and `create` is False, LibraryDamaged if its catalog is damaged,
        LibraryTooNew if a newer Pincite wrote it.
        """
        settings = settings or Settings()
        path = Path(folder if folder is not None else settings.library).expanduser().absolute()
        return cls(FolderStore(path, create=create), settings, encoder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files of the folder, which then can be copied."""
        self._contents.close()
        self._store.close()

    @property
    def folder(self) -> Path:
        """The library's folder."""
        return self._store.folder

    @property
    def settings(self) -> Settings:
        """The settings for this library: its own model and passage length, unless the caller set them."""
        return self._session.settings

    @property
    def read_only(self) -> bool:
        """Whether the library's folder or disk is read-only. Questions still work."""
        return self._store.read_only

    def readiness(self) -> Readiness:
        """Return whether both indexes are complete. What they lack is added in the background."""
        return self._store.refresh(waiting=False)

    encoder = _delegate("_models", Models.encoder)
    find = _delegate("_lookup", Lookup.find)
    disagreements = _delegate("_session", Session.disagreements)

    # Questions and texts to check

    def ask(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
    ) -> Answer:
        """Return an answer of one to four sentences with citations, a possible answer, or that there is none.

        The question may have the operators of `index.text.query.SYNTAX`. `documents` names the documents to use,
        `limit` is the number of passages considered. The writer `quote` quotes them; `model` asks the language model of
        the settings and checks each of its sentences: an unsupported one is marked, or left out with `strict`. If the
        model fails, the documents are quoted, and a note says why. Raises WriterNotSet if the settings name no model.
        """
        *_, answer = self.ask_stream(question, documents=documents, limit=limit, writer=writer, strict=strict)
        assert isinstance(answer, Answer)
        return answer

    def check(self, text: str, *, documents: Sequence[str] | None = None) -> Check:
        """Return each sentence of a text (a draft, an assistant's answer) with a verdict and the words it rests on.

        `index.records.Verdict` says what each verdict proves. A sentence that states nothing, such as a question, is
        marked as not checked. An error that only knowledge of the world reveals is not found.
        """
        *_, check = self.check_stream(text, documents=documents)
        assert isinstance(check, Check)
        return check

    search = _delegate("_searcher", Searcher.search)
    coverage = _delegate("_searcher", Searcher.coverage)
    ask_stream = _delegate("_answerer", Answerer.ask_stream)
    suggestions = _delegate("_answerer", Answerer.suggestions)
    check_stream = _delegate("_checker", Checker.check_stream)

    # Changes

    add = _delegate("_changes", Changes.add)
    resume = _delegate("_changes", Changes.resume)
    queue = _delegate("_changes", Changes.queue)
    forget_queue = _delegate("_changes", Changes.forget_queue)
    add_documents = _delegate("_changes", Changes.add_documents)
    remove = _delegate("_changes", Changes.remove)
    sync = _delegate("_folder_sync", FolderSync.sync)
    watch = _delegate("_folder_sync", FolderSync.watch)

    # Contents

    documents = _delegate("_contents", Contents.documents)
    document = _delegate("_contents", Contents.document)
    passages = _delegate("_contents", Contents.passages)
    locate = _delegate("_contents", Contents.locate)
    text = _delegate("_contents", Contents.text)
    view = _delegate("_contents", Contents.view)
    page_marks = _delegate("_contents", Contents.page_marks)
    page_image = _delegate("_contents", Contents.page_image)
    original = _delegate("_contents", Contents.original)
    open_original = _delegate("_contents", Contents.open_original)
    has_original = _delegate("_contents", Contents.has_original)
    map = _delegate("_contents", Contents.map)
    placed = _delegate("_contents", Contents.placed)

    # Maintenance

    generation = _delegate("_maintenance", Maintenance.generation)
    stats = _delegate("_maintenance", Maintenance.stats)
    recall = _delegate("_maintenance", Maintenance.recall)
    problems = _delegate("_maintenance", Maintenance.problems)
    verify = _delegate("_maintenance", Maintenance.verify)
    compact = _delegate("_maintenance", Maintenance.compact)
    rebuild = _delegate("_maintenance", Maintenance.rebuild)
    backup = _delegate("_archives", Archives.backup)
    export_library = _delegate("_archives", Archives.export_library)
    import_library = _delegate("_archives", Archives.import_library)
    pack = _delegate("_archives", Archives.pack)
    verify_pack = _delegate("_archives", Archives.verify_pack)
    restore = staticmethod(operations.restore)
