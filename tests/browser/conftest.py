"""A real browser against the real page, over a small library whose geometry can be read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import pytest

from index.library.library import Library
from index.page import create_app
from index.records import Answer, CoverageReport
from index.settings import Settings
from tests.answers.model_server import playing
from tests.fakes import FakeEncoder
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from tests.answers.model_server import Player, Stage

Scheme = Literal["light", "dark"]
SIZE: ViewportSize = {"width": 1280, "height": 900}

PATIENCE = 30_000
"""Milliseconds that anything may take, on machines that are slow and shared. What holds is found at once."""
CHROMIUM = Path("/usr/bin/chromium")
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
HARMLESS = ("ERR_CONNECTION_REFUSED", "AbortError", "aborted", "Connection errored out")
"""What a page that is left, or outlives its server by a moment, says of a stream that ends: the first is the browser's,
the others are Gradio's own."""
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


PERHAPS = "Perhaps: "
"""What stands before a question that shall not be answered for sure."""


class Moody(Library):
    """A library that finds nothing, is not sure, or fails, where the question asks it to."""

    def ask_stream(self, question: str, **options: Any) -> Generator[str | Answer, None, None]:
        """As `Library.ask_stream`, but for three kinds of questions."""
        if question == "nothing, please":
            yield Answer(question, "abstained", 0.0, 0.6, (), (), (), (9, 4), "quote", {})
        elif question == "fail, please":
            raise RuntimeError(SECRET)
        elif question.startswith(PERHAPS):
            for each in super().ask_stream(question.removeprefix(PERHAPS), **options):
                yield _doubted(each, question) if isinstance(each, Answer) else each
        else:
            yield from super().ask_stream(question, **options)

    def coverage(self, question: str, **options: Any) -> CoverageReport:
        """As `Library.coverage`, but for one question."""
        if "fail" in question:
            raise RuntimeError(SECRET)
        return super().coverage(question, **options)


def _doubted(answer: Answer, question: str) -> Answer:
    """The same with a low confidence, and with a note on words that mean harm."""
    assert answer.status == "answered"
    note = f"No passage mentions *{ATTACK}*."
    return replace(answer, question=question, status="unsure", confidence=0.4, notes=(note,))


class Visit(Protocol):
    """Opens an address; `fresh` in a browser that has never seen it."""

    def __call__(
        self, url: str, *, size: ViewportSize = SIZE, scheme: Scheme = "light", fresh: bool = False
    ) -> Page: ...


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is in this folder needs a browser, and comes last.

    From its start on, Playwright keeps an event loop going in this thread, and no other test could have one.
    """
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: here in item.path.parents)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright, which would otherwise download one."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install -y --no-install-recommends chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """What most pages share: a cache, and thus half of the time that each would take alone."""
    context = _new_context(browser)
    yield context
    context.close()


@pytest.fixture
def visit(browser: Browser, context: BrowserContext) -> Iterator[Visit]:
    """See `Visit`. Afterwards no page may have complained, or asked anyone but this machine."""
    pages: list[Page] = []
    troubles: list[str] = []

    def visit(url: str, *, size: ViewportSize = SIZE, scheme: Scheme = "light", fresh: bool = False) -> Page:
        page = (_new_context(browser) if fresh else context).new_page()
        pages.append(page)
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda request: None if _is_local(request.url) else troubles.append(request.url))
        page.goto(url)
        page.locator("#results section, #beginning :is(section, nav)").first.wait_for(state="attached")
        return page

    yield visit
    pwned = [page.evaluate("window.pwned") for page in pages if not page.is_closed()]
    for page in pages:
        page.close()
        if page.context != context:
            page.context.close()
    assert [trouble for trouble in troubles if not any(words in trouble for words in HARMLESS)] == []
    assert not any(pwned)


@pytest.fixture
def unwatched(browser: Browser) -> Iterator[Page]:
    """A page that may complain, as browsers do of every answer that is no success."""
    context = _new_context(browser)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page over four documents, two of them hostile; for tests that change nothing."""
    folder = tmp_path_factory.mktemp("site")
    with open_library(folder, SOURCES) as library, serving(library) as url:
        yield url


@pytest.fixture
def own_site(tmp_path: Path) -> Iterator[tuple[str, Library]]:
    """The address of a page, and its library, which holds the treaty."""
    with open_library(tmp_path, {"treaty.md": TREATY}) as library, serving(library) as url:
        yield url, library


@pytest.fixture
def empty_site(tmp_path: Path) -> Iterator[str]:
    """The address of a page over an empty library."""
    with open_library(tmp_path, {}) as library, serving(library) as url:
        yield url


@pytest.fixture
def writing_site(tmp_path: Path) -> Iterator[tuple[str, Stage]]:
    """The address of a page over the treaty and the oil, with a model that plays what its stage is given to play.

    It has answered once: a model's first reply is not shown before its end.
    """
    with playing(_reply) as stage:
        settings = Settings(passage_tokens=32, llm_url=stage.url, llm_model="m")
        sources = {"treaty.md": TREATY, "oil.txt": OIL}
        with open_library(tmp_path, sources, settings) as library, serving(library, settings) as url:
            library.ask("Who signed the treaty?", writer="model")
            stage.requests.clear()
            yield url, stage


def _reply(player: Player) -> None:
    player.begin()
    player.say("The king signed the treaty in the harbour [1].", finish="stop")


@contextmanager
def open_library(folder: Path, sources: dict[str, str], settings: Settings | None = None) -> Iterator[Library]:
    """A library of these texts, by file name."""
    (folder / "sources").mkdir()
    for name, text in sources.items():
        (folder / "sources" / name).write_text(text)
    with Moody.open(folder / "library", settings or _settings(), encoder=FakeEncoder()) as library:
        if sources:
            assert not library.add(folder / "sources").failed
            library.map(wait=True)
        yield library


@contextmanager
def serving(library: Library, settings: Settings | None = None, *, examples: Sequence[str] = EXAMPLES) -> Iterator[str]:
    """Serve a library's page from a thread, on a free port."""
    with hosted(create_app(library, settings or _settings(), examples=examples)) as url:
        yield url


def _new_context(browser: Browser) -> BrowserContext:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    return context


def _settings() -> Settings:
    return Settings(passage_tokens=32, max_question_characters=300)


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))
