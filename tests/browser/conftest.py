"""Fixtures: a real browser, and pages over small libraries with a readable encoder."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error

from index.library.library import Library
from index.page import create_app
from index.records import Answer, CoverageReport, MatrixRow
from index.settings import Settings
from tests.answers.model_server import playing
from tests.browser.warm_pages import WarmPages
from tests.fakes import FakeEncoder
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
    from starlette.types import ASGIApp

    from tests.answers.model_server import Player, Stage

Scheme = Literal["light", "dark"]
SIZE: ViewportSize = {"width": 1280, "height": 900}

TIMEOUT_MS = 30_000
"""Longest time that anything may take on a slow, shared machine, in milliseconds."""
CHROMIUM = Path("/usr/bin/chromium")
LONGEST = "test_static_site.py"
"""The file that takes longest begins first; at the end, one worker would wait for the other."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
EXAMPLES = ("Who signed the treaty?", "What does `<b>oil</b>` ${cost}?")
HARMLESS_ERRORS = ("ERR_CONNECTION_REFUSED", "AbortError", "aborted", "Connection errored out")
"""Errors of a stream that ends because the page was left or its server stopped: of the browser, and of Gradio."""
_free_ports: list[int] = []
"""Ports of pages that are no longer served."""
_FAST_CLOCK = """(() => {
  const [wait, now] = [setTimeout, performance.now.bind(performance)];
  window.setTimeout = (run, milliseconds = 0, ...values) => wait(run, milliseconds / SPEED, ...values);
  performance.now = () => now() * SPEED;
})()"""
_STATE = """() => JSON.stringify({
  url: location.href, state: history.state, ...document.documentElement.dataset, stored: { ...localStorage },
  results: document.querySelector("#results")?.textContent.slice(0, 600), seen: document.body.innerText.slice(0, 1200),
}, null, 1)"""
SECRET = "the key is under /srv/secret"

TREATY = """# The Harbour Treaty

The king signed the treaty in the harbour. Winter had closed the river before the letter arrived.

## Afterwards

The queen kept a garden and a clock. Nobody remembered the whale.
"""
OIL = "The price of oil fell in summer. A horse cost more than a bridge that year."
ATTACKS = (
    "<img src=x onerror=window.pwned=1>",
    "<script>window.pwned=1</script>",
    "${window.pwned=1}",
    "`${window.pwned=1}`",
    "{{value}}",
)
ATTACK = " ".join(ATTACKS)
HOSTILE_NAME = "<img src=x onerror=window.pwned=1> ${window.pwned=1} `x`.txt"
HOSTILE_TEXT = f"The comet fell into the desert with {ATTACK} and was \u202enever\u202c seen again."
HOSTILE_PAGE = (
    "<html><head><title>Volcano &lt;img src=x onerror=window.pwned=1&gt; &lt;/script&gt;&lt;script&gt;window.pwned=1"
    "&lt;/script&gt; ${window.pwned=1}</title></head><body><article><p>The volcano covered the school in paper and "
    "rain, and the doctor wrote of it for many years afterwards in every letter that is kept.</p></article></body>"
    "</html>"
)
SOURCES = {"treaty.md": TREATY, "oil.txt": OIL, HOSTILE_NAME: HOSTILE_TEXT, "volcano.html": HOSTILE_PAGE}


UNSURE_PREFIX = "Perhaps: "
"""A question with this prefix gets an unsure answer."""


class ScriptedLibrary(Library):
    """A library that finds nothing, is unsure, or fails if the question demands it."""

    def ask_stream(self, question: str, **options: Any) -> Generator[str | Answer, None, None]:
        """Answer as `Library.ask_stream` does, but for three kinds of questions."""
        if question == "nothing, please":
            yield Answer(question, "abstained", 0.0, 0.6, (), (), (), (9, 4), "quote", {})
        elif question == "fail, please":
            raise RuntimeError(SECRET)
        elif question.startswith(UNSURE_PREFIX):
            for event in super().ask_stream(question.removeprefix(UNSURE_PREFIX), **options):
                yield _unsure(event, question) if isinstance(event, Answer) else event
        else:
            yield from super().ask_stream(question, **options)

    def matrix_rows(self, questions: Sequence[str], **options: Any) -> Iterator[MatrixRow]:
        """Yield the rows of `Library.matrix_rows`, but be unsure about the same questions as `ask_stream`."""
        doubtful = [question.startswith(UNSURE_PREFIX) for question in questions]
        plain = [question.removeprefix(UNSURE_PREFIX) for question in questions]
        asked = list(dict.fromkeys(plain))
        for row in super().matrix_rows(asked, **options):
            cells = [row.cells[asked.index(question)] for question in plain]
            yield replace(
                row,
                cells=tuple(
                    replace(cell, status="unsure") if doubt and cell.citation else cell
                    for cell, doubt in zip(cells, doubtful, strict=True)
                ),
            )

    def coverage(self, question: str, **options: Any) -> CoverageReport:
        """Return what `Library.coverage` does, but fail if the question says so."""
        if "fail" in question:
            raise RuntimeError(SECRET)
        return super().coverage(question, **options)


def _unsure(answer: Answer, question: str) -> Answer:
    """Return the answer with a low confidence and a hostile note."""
    assert answer.status == "answered"
    note = f"No passage mentions *{ATTACK}*."
    return replace(answer, question=question, status="unsure", confidence=0.4, notes=(note,))


class Visit(Protocol):
    """Opens a URL in a new page, with `fresh` in a browser context of its own.

    The timers of the page run `speed` times as fast, so that tests do not wait for it to poll the server.
    """

    def __call__(
        self, url: str, *, size: ViewportSize = SIZE, scheme: Scheme = "light", fresh: bool = False, speed: int = 1
    ) -> Page: ...


class Revisit(Protocol):
    """Opens the start page of a site; its page stays open for the next test, which gets it reset."""

    def __call__(self, url: str, *, size: ViewportSize = SIZE, scheme: Scheme = "light") -> Page: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder and run them last.

    Playwright keeps an event loop running in this thread, so no later test could start one.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: (here in item.path.parents, item.path.name != LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the pages show to the report of a failure, because a failure on a slow machine may not come again."""
    report = yield
    used: dict[str, Any] = item.funcargs if isinstance(item, pytest.Function) else {}
    if report.failed and "context" in used:
        for page in used["context"].pages:
            with suppress(Error):
                report.sections.append((f"page {page.url}", page.evaluate(_STATE)))
    return report


@pytest.fixture(scope="session")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """Start Debian's Chromium, because Playwright's own would have to be downloaded, and return its main context.

    Only a context with a profile keeps compiled scripts: a page is loaded in 1.05 instead of 1.86 s of processor time.
    """
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install -y --no-install-recommends chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        profile = tmp_path_factory.mktemp("profile")
        context = playwright.chromium.launch_persistent_context(profile, executable_path=str(CHROMIUM), args=FLAGS)
        _prepare(context)
        yield context
        context.close()


@pytest.fixture(scope="session")
def browser(context: BrowserContext) -> Browser:
    """Return the browser, for contexts of other visitors."""
    assert context.browser
    return context.browser


@pytest.fixture
def visit(browser: Browser, context: BrowserContext) -> Iterator[Visit]:
    """Return a `Visit` for a new visitor. At the end, no page may have reported an error or contacted another host."""
    pages: list[Page] = []
    problems: list[str] = []

    def visit(
        url: str, *, size: ViewportSize = SIZE, scheme: Scheme = "light", fresh: bool = False, speed: int = 1
    ) -> Page:
        page = (_new_context(browser) if fresh else context).new_page()
        if not pages:
            _forget_visits(page, url)
        pages.append(page)
        _set_media(page, size, scheme)
        _record(page, problems)
        if speed > 1:
            page.add_init_script(_FAST_CLOCK.replace("SPEED", str(speed)))
        open_page(page, url)
        return page

    yield visit
    attacked = [page.evaluate("window.pwned") for page in pages if not page.is_closed()]
    for page in pages:
        page.close()
        if page.context != context:
            page.context.close()
    _assert_no_problems(problems)
    assert not any(attacked)


@pytest.fixture(scope="module")
def warm_pages(context: BrowserContext) -> Iterator[WarmPages]:
    """Return the pages that the tests of a module share."""

    def load(url: str, problems: list[str]) -> Page:
        page = context.new_page()
        _forget_visits(page, url)
        _record(page, problems)
        open_page(page, url)
        return page

    pages = WarmPages(load)
    yield pages
    pages.close()


@pytest.fixture
def revisit(warm_pages: WarmPages) -> Iterator[Revisit]:
    """Return a `Revisit`, with the checks of `visit` at the end."""
    warm_pages.problems.clear()

    def revisit(url: str, *, size: ViewportSize = SIZE, scheme: Scheme = "light") -> Page:
        page = warm_pages.open(url)
        _set_media(page, size, scheme)
        page.bring_to_front()
        return page

    yield revisit
    attacked = warm_pages.evaluate("window.pwned")
    warm_pages.check_in()
    _assert_no_problems(warm_pages.problems)
    assert not any(attacked)


@pytest.fixture
def unwatched(browser: Browser) -> Iterator[Page]:
    """Return a page for a new visitor that may report errors, as browsers do for every failed request."""
    context = _new_context(browser)
    page = context.new_page()
    page.set_viewport_size(SIZE)
    yield page
    context.close()


def _forget_visits(page: Page, url: str) -> None:
    """Make the browser a new visitor of a site. Otherwise, the page would list the uploads of earlier tests."""
    page.context.clear_cookies()
    protocol = page.context.new_cdp_session(page)
    address = urlsplit(url)
    origin = f"{address.scheme}://{address.netloc}"
    protocol.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "local_storage"})
    protocol.detach()


def open_page(page: Page, url: str) -> None:
    """Open a page and wait until it is usable."""
    page.goto(url)
    page.locator("#results section, #beginning :is(section, nav)").first.wait_for(state="attached")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a page over four documents, two of them hostile, for tests that change nothing; yield its address."""
    folder = tmp_path_factory.mktemp("site")
    with open_library(folder, SOURCES) as library, running_site(library) as url:
        yield url


@pytest.fixture(scope="module")
def changing_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """Serve a page over a library that the tests of a module change; `own_site` resets it."""
    with open_library(tmp_path_factory.mktemp("changing"), {}) as library, running_site(library) as url:
        yield url, library


@pytest.fixture
def own_site(changing_site: tuple[str, Library], tmp_path: Path) -> tuple[str, Library]:
    """Return the address of a page and its library, which contains only the treaty."""
    _, library = changing_site
    empty(library)
    add_texts(library, tmp_path, {"treaty.md": TREATY})
    return changing_site


@pytest.fixture
def empty_site(changing_site: tuple[str, Library]) -> str:
    """Return the address of a page over an empty library."""
    url, library = changing_site
    empty(library)
    return url


@pytest.fixture(scope="module")
def model_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Stage]]:
    """Serve a page over two documents with a scripted model server; yield the address and that server.

    The model has answered once, because its first reply is shown only when it is complete.
    """
    with playing(_reply) as stage:
        settings = Settings(passage_tokens=32, llm_url=stage.url, llm_model="m")
        sources = {"treaty.md": TREATY, "oil.txt": OIL}
        folder = tmp_path_factory.mktemp("model")
        with open_library(folder, sources, settings) as library, running_site(library, settings) as url:
            library.ask("Who signed the treaty?", writer="model")
            yield url, stage


@pytest.fixture
def writing_site(model_site: tuple[str, Stage]) -> tuple[str, Stage]:
    """Return a page with a model, and the model's server, which has no requests yet and answers by default."""
    _, stage = model_site
    stage.play = _reply
    stage.requests.clear()
    stage.left.clear()
    return model_site


def _reply(player: Player) -> None:
    player.begin()
    player.say("The king signed the treaty in the harbour [1].", finish="stop")


@contextmanager
def open_library(folder: Path, sources: dict[str, str], settings: Settings | None = None) -> Iterator[Library]:
    """Open a new library that contains these texts by file name."""
    with ScriptedLibrary.open(folder / "library", settings or _settings(), encoder=FakeEncoder()) as library:
        if sources:
            add_texts(library, folder, sources)
        yield library


def add_texts(library: Library, folder: Path, sources: dict[str, str]) -> None:
    """Write texts to files by name, add them to a library, and wait for its map."""
    (folder / "sources").mkdir()
    for name, text in sources.items():
        (folder / "sources" / name).write_text(text)
    assert not library.add(folder / "sources").failed
    library.map(wait=True)


def empty(library: Library) -> None:
    """Remove all documents of a library, and the uploaded files."""
    for document in library.documents():
        library.remove(document.id)
    for path in (library.folder / "uploads").glob("*"):
        if path.is_file():
            path.unlink()


@contextmanager
def running_site(
    library: Library,
    settings: Settings | None = None,
    *,
    examples: Sequence[str] = EXAMPLES,
    wrap: Callable[[ASGIApp], ASGIApp] | None = None,
) -> Iterator[str]:
    """Serve the page of a library, wrapped as given, from a thread; yield its address.

    The port of an earlier page is used again, because the browser has cached Gradio's scripts for its address.
    """
    port = _free_ports.pop() if _free_ports else 0
    app = create_app(library, settings or _settings(), examples=examples)
    with hosted(wrap(app) if wrap else app, port=port) as url:
        yield url
    _free_ports.append(int(url.rpartition(":")[2]))


def _set_media(page: Page, size: ViewportSize, scheme: Scheme) -> None:
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme)


def _record(page: Page, problems: list[str]) -> None:
    """Record errors of a page, and its requests to other hosts."""
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: None if _is_local(request.url) else problems.append(request.url))


def _assert_no_problems(problems: list[str]) -> None:
    assert [problem for problem in problems if not any(words in problem for words in HARMLESS_ERRORS)] == []


def _new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context()
    _prepare(context)
    return context


def _prepare(context: BrowserContext) -> None:
    context.set_default_timeout(TIMEOUT_MS)
    context.grant_permissions(["clipboard-read", "clipboard-write"])


def _settings() -> Settings:
    return Settings(passage_tokens=32, max_question_characters=300)


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))
