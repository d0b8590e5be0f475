"""The public class of the package. It holds the parts that do the work, and its methods call theirs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, Self, TypeVar

from index.library import operations
from index.library.answerer import Answerer, Checker
from index.library.changes import Changes, FolderSync
from index.library.contents import Contents
from index.library.kept_quotes import KeptQuotes
from index.library.matrix import MatrixMaker
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
        result: _Result = getattr(getattr(self.parts, part), name)(*args, **options)
        return result

    call.__qualname__, call.__module__ = f"Library.{name}", __name__
    return call


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a library. `Library` has a method for everything that its users need of them."""

    store: FolderStore
    session: Session
    lookup: Lookup
    models: Models
    searcher: Searcher
    answerer: Answerer
    checker: Checker
    matrix_maker: MatrixMaker
    contents: Contents
    changes: Changes
    folder_sync: FolderSync
    maintenance: Maintenance
    archives: Archives
    kept: KeptQuotes


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

    def __init__(
        self, store: FolderStore, settings: Settings, encoder: Encoder | None = None, models: Models | None = None
    ) -> None:
        """Create a library of a store; `models` are those of another library with the same encoder."""
        session, lookup = Session(store, settings), Lookup(store)
        models = models or Models(session, encoder)
        searcher = Searcher(session, lookup, models)
        contents = Contents(session, lookup, models)
        changes = Changes(session, lookup, models)
        answerer = Answerer(session, lookup, models, searcher)
        self._parts = Parts(
            store,
            session,
            lookup,
            models,
            searcher,
            answerer,
            Checker(session, lookup, models, searcher),
            MatrixMaker(session, lookup, contents, searcher, answerer),
            contents,
            changes,
            FolderSync(session, changes),
            Maintenance(session, models),
            Archives(session, models, contents),
            KeptQuotes(session, contents),
        )

    @property
    def parts(self) -> Parts:
        """The parts that do the work, for libraries that are composed of others."""
        return self._parts

    # Opening

    @classmethod
    def open(
        cls,
        folder: str | Path | None = None,
        settings: Settings | None = None,
        *,
        encoder: Encoder | None = None,
        create: bool = True,
        immutable: bool = False,
    ) -> Self:
        """Open the library in a folder, by default the folder of the settings. The encoder is loaded at first use.

        With `immutable`, nothing in the folder is changed, not even a cache or a lock.
        Raises LibraryNotFound if there is none and `create` is False, LibraryDamaged if its catalog is damaged,
        LibraryTooNew if a newer Pincite wrote it.
        """
        settings = settings or Settings()
        path = Path(folder if folder is not None else settings.library).expanduser().absolute()
        return cls(FolderStore(path, create=create, immutable=immutable), settings, encoder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all files of the folder, which then can be copied."""
        self.parts.contents.close()
        self.parts.store.close()

    @property
    def folder(self) -> Path:
        """The library's folder."""
        return self.parts.store.folder

    @property
    def settings(self) -> Settings:
        """The settings for this library: its own model and passage length, unless the caller set them."""
        return self.parts.session.settings

    @property
    def read_only(self) -> bool:
        """Whether the library's folder or disk is read-only. Questions still work."""
        return self.parts.store.read_only

    def readiness(self) -> Readiness:
        """Return whether both indexes are complete. What they lack is added in the background."""
        return self.parts.store.refresh(waiting=False)

    encoder = _delegate("models", Models.encoder)
    find = _delegate("lookup", Lookup.find)
    disagreements = _delegate("session", Session.disagreements)

    # Questions and texts to check

    def ask(
        self,
        question: str,
        *,
        documents: Sequence[str] | None = None,
        limit: int = 10,
        writer: Literal["quote", "model"] = "quote",
        strict: bool = False,
        after: Sequence[str | Answer] = (),
    ) -> Answer:
        """Return an answer of one to four sentences with citations, a possible answer, or that there is none.

        The question may have the operators of `index.text.query.SYNTAX`. `documents` names the documents to use,
        `limit` is the number of passages considered. The writer `quote` quotes them; `model` asks the language model of
        the settings and checks each of its sentences: an unsupported one is marked, or left out with `strict`. If the
        model fails, the documents are quoted, and a note says why. Raises WriterNotSet if the settings name no model.

        `after` has the earlier questions of a thread, or their answers, the oldest first. A question that continues
        them (`and in 2019?`, `why?`) is completed by them; `Answer.question` is then the whole question.
        """
        *_, answer = self.ask_stream(
            question, documents=documents, limit=limit, writer=writer, strict=strict, after=after
        )
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

    search = _delegate("searcher", Searcher.search)
    coverage = _delegate("searcher", Searcher.coverage)
    ask_stream = _delegate("answerer", Answerer.ask_stream)
    suggestions = _delegate("answerer", Answerer.suggestions)
    check_stream = _delegate("checker", Checker.check_stream)
    matrix = _delegate("matrix_maker", MatrixMaker.matrix)
    matrix_rows = _delegate("matrix_maker", MatrixMaker.matrix_rows)
    matrix_documents = _delegate("matrix_maker", MatrixMaker.matrix_documents)

    # Changes

    add = _delegate("changes", Changes.add)
    resume = _delegate("changes", Changes.resume)
    queue = _delegate("changes", Changes.queue)
    forget_queue = _delegate("changes", Changes.forget_queue)
    add_documents = _delegate("changes", Changes.add_documents)
    remove = _delegate("changes", Changes.remove)
    sync = _delegate("folder_sync", FolderSync.sync)
    watch = _delegate("folder_sync", FolderSync.watch)

    # Contents

    documents = _delegate("contents", Contents.documents)
    sources = _delegate("contents", Contents.sources)
    document = _delegate("contents", Contents.document)
    added_at = _delegate("contents", Contents.added_at)
    successor_of = _delegate("contents", Contents.successor_of)
    passages = _delegate("contents", Contents.passages)
    locate = _delegate("contents", Contents.locate)
    text = _delegate("contents", Contents.text)
    view = _delegate("contents", Contents.view)
    page_marks = _delegate("contents", Contents.page_marks)
    page_image = _delegate("contents", Contents.page_image)
    original = _delegate("contents", Contents.original)
    open_original = _delegate("contents", Contents.open_original)
    has_original = _delegate("contents", Contents.has_original)
    map = _delegate("contents", Contents.map)
    placed = _delegate("contents", Contents.placed)

    # Maintenance

    generation = _delegate("maintenance", Maintenance.generation)
    stats = _delegate("maintenance", Maintenance.stats)
    recall = _delegate("maintenance", Maintenance.recall)
    problems = _delegate("maintenance", Maintenance.problems)
    verify = _delegate("maintenance", Maintenance.verify)
    compact = _delegate("maintenance", Maintenance.compact)
    rebuild = _delegate("maintenance", Maintenance.rebuild)
    backup = _delegate("archives", Archives.backup)
    copy = _delegate("archives", Archives.copy)
    export_library = _delegate("archives", Archives.export_library)
    import_library = _delegate("archives", Archives.import_library)
    pack = _delegate("archives", Archives.pack)
    verify_pack = _delegate("archives", Archives.verify_pack)
    restore = staticmethod(operations.restore)

    # Kept quotes

    check_kept = _delegate("kept", KeptQuotes.check_kept)
    verify_kept = _delegate("kept", KeptQuotes.verify_kept)
    export_kept = _delegate("kept", KeptQuotes.export_kept)
