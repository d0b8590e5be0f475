"""A published static site in a real browser, served from a subfolder by a host that knows nothing of it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

import pytest

from index.library.library import Library
from index.plugins.publish.site_files import write_site
from index.records import Span
from index.settings import Settings
from index.text import words as analysis
from tests.browser.axe import colour_violations, structure_violations
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.everywhere import EVERYWHERE, SIZES
from tests.browser.hostile_texts import LINKS, MARKUP, TEXTS
from tests.browser.layout import layout_problems
from tests.fakes import FakeEncoder
from tests.hosted import wait_until
from tests.nightly import length
from tests.plugins.publish.site.static_host import static_host

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize

    from index.encoders.encoder import Encoder
    from tests.browser.conftest import Scheme

HERE = Path(__file__).parent
SEEDS = HERE.parents[1] / "seeds"
DATA = HERE.parent / "plugins" / "publish" / "site"
FOLDER = "my notes & ünïcode #1 100%"
"""The site's folder. A browser must ask for each of these characters in its encoded form."""
SUGGESTED = "How did China get a discount from Rosneft and Transneft?"
UNANSWERED = "Who won the football World Cup in 2018?"
WORDS = (
    "international organizations pasted evening's paste skies dying added universities conflicts relational Straße "
    "naïve Łódź Ærø œuvre İstanbul IL6 T-cells x² ﬁnance 重要文字 don't O’Brien 3.5km proceedings succeeded generously "
    "communal arsenal psychologists hopping hoping agreed feed happily cries ties"
)
LARGEST_INDEX = 1_000_000
LEAST_AGREEMENT = 0.9
MEDIAN_DIFFERENCE, LARGEST_DIFFERENCE = 0.01, 0.04
"""Between the scores, in [0, 1], of one passage on the site and in the library: .007 and .024 were seen."""
SCORES = """async (questions) => {
  const modules = ["./index-file.js", "./encoder.js", "./ranking.js"].map((name) => import(name));
  const [{ loadIndex }, { loadEncoder }, { Ranking }] = await Promise.all(modules);
  const ranking = new Ranking(await loadIndex());
  ranking.encoder = await loadEncoder();
  const told = ({ passage, score }) => [ranking.index.documents[passage.document].name, passage.start, score];
  return questions.map((question) => ranking.search(question, 10).hits.map(told));
}"""
"""Ranks questions in the page with the encoder; returns document, start and score of each one's ten best passages."""
STEP = length(4, 1)
"""The default run opens every fourth hostile document."""


def questions(name: str) -> list[str]:
    """Return the questions of a file that was written before the ranking."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory, real_encoder: Encoder) -> Iterator[Library]:
    """A library of the sample documents, with the real encoder and, like a site, without the answer reader."""
    with Library.open(tmp_path_factory.mktemp("seeds"), Settings(reader=False), encoder=real_encoder) as library:
        library.add([path for path in SEEDS.iterdir() if path.suffix != ".jsonl"])
        yield library


@pytest.fixture(scope="module")
def published(seeds: Library, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address and the folder of a site of the sample documents."""
    folder = tmp_path_factory.mktemp("host") / FOLDER
    write_site(seeds, folder, title="Sample documents", questions=[SUGGESTED, UNANSWERED])
    with static_host(folder) as url:
        yield url, folder


class Watched:
    """A browser context whose pages may report no error and ask no other host for anything."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.problems: list[str] = []
        context.on("request", lambda request: self._note(request.url))

    def open(self, address: str = "", *, size: ViewportSize = SIZES[1440]) -> Page:
        """Open an address of the site in a new page, and wait until it is usable."""
        page = self.context.new_page()
        page.set_viewport_size(size)
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.goto(self.url + address)
        page.locator("#documents li").first.wait_for(state="attached")
        return page

    def _note(self, url: str) -> None:
        if not url.startswith(self.url):
            self.problems.append(url)


@contextmanager
def watching(browser: Browser, url: str, **options: Any) -> Iterator[Watched]:
    """Yield a context without cache; at the end, no page may have had a problem or have run a document's script."""
    context = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT_MS)
    watched = Watched(context, url)
    yield watched
    attacked = [page.evaluate("window.pwned") for page in context.pages]
    context.close()
    assert watched.problems == []
    assert not any(attacked)


@pytest.fixture(scope="module")
def visitor(browser: Browser, published: tuple[str, Path]) -> Iterator[Watched]:
    """A visitor of the site of the sample documents; all tests of a module share the cache."""
    with watching(browser, published[0], permissions=["clipboard-read", "clipboard-write"]) as watched:
        yield watched


def ask(page: Page, question: str) -> None:
    """Type a question, and wait for what is found."""
    page.locator("#question").fill(question)
    page.locator("#question").press("Enter")
    page.wait_for_function("title => document.title.startsWith(title)", arg=question)
    page.locator("#results .panes").wait_for()


def use_encoder(page: Page) -> None:
    """Ask anything, and wait until the encoder has loaded and ranked again."""
    ask(page, "Which countries are named?")
    page.locator("html[data-means=encoder]").wait_for(state="attached")
    page.locator("#means").get_by_text("Ranked with the library’s own encoder.").wait_for()


def first_passage(page: Page) -> str:
    """Return the text of the first passage, in single spaces."""
    return " ".join((page.locator(".card blockquote").first.text_content() or "").split())


def plain(text: str) -> str:
    """Return a text in single spaces."""
    return " ".join(text.split())


@pytest.mark.model
def test_blind_questions_have_the_server_s_first_passage_and_scores(visitor: Watched, seeds: Library) -> None:
    """Both rankings give a passage the same score, but for the eight bits of the site's vectors.

    The twenty questions are some that the ranking was not tuned on.
    """
    page, asked = visitor.open(), questions("blind_questions.jsonl")
    assert len(asked) == 20
    other, differences = [], []
    for question, ranked in zip(asked, page.evaluate(SCORES, asked), strict=True):
        hits = seeds.search(question, limit=3 * len(ranked)).hits
        if tuple(ranked[0][:2]) not in [(hit.document.name, hit.passage.start) for hit in (hits[0], *hits[0].also)]:
            other.append(question)
        scores = {(hit.document.name, hit.passage.start): hit.score for hit in hits}
        differences += [abs(scores[name, start] - score) for name, start, score in ranked]
    assert len(other) <= (1 - LEAST_AGREEMENT) * len(asked) + 1e-9, other
    assert len(differences) == 10 * len(asked)
    assert median(differences) < MEDIAN_DIFFERENCE
    assert max(differences) < LARGEST_DIFFERENCE


@pytest.mark.model
def test_questions_on_something_else_are_recognised(visitor: Watched) -> None:
    """The page says that nothing is near, and for no more than one question of the documents' own subject."""
    page = visitor.open()
    use_encoder(page)
    recognised = {}
    for name in ("off_topic_questions.jsonl", "blind_questions.jsonl"):
        for question in questions(name):
            ask(page, question)
            recognised[name, question] = page.locator(".none").count() == 1
    off_topic = [question for (name, question), none in recognised.items() if name.startswith("off") and not none]
    on_topic = [question for (name, question), none in recognised.items() if name.startswith("blind") and none]
    assert len(off_topic) <= 2, off_topic
    assert len(on_topic) <= 1, on_topic


@pytest.mark.model
def test_a_cold_visit_is_light(browser: Browser, published: tuple[str, Path]) -> None:
    """The index is small, and a link to a question shows passages; `benchmarks.site` says how soon."""
    url, folder = published
    assert sum((folder / name).stat().st_size for name in ("index.bin", "index.json")) < LARGEST_INDEX
    with watching(browser, url, service_workers="block") as watched:
        page = watched.context.new_page()
        page.goto(f"{url}#q=Why+did+the+oil+companies+give+way%3F")
        page.locator(".card").first.wait_for()


@pytest.mark.model
def test_a_visitor_who_saves_data_loads_no_encoder(browser: Browser, published: tuple[str, Path]) -> None:
    """Words and their vectors rank until the visitor asks for the encoder; if it cannot be loaded, the page says so."""
    with watching(browser, published[0], service_workers="block") as watched:
        watched.context.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
        page = watched.open()
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url.rpartition("/")[2]))
        ask(page, "How was Norway punished for a prize?")
        assert "Norway" in first_passage(page)
        assert "encoder.bin" not in loaded
        page.get_by_role("button", name="Load the library’s encoder").click()
        page.locator("#means").get_by_text("Ranked with the library’s own encoder.").wait_for()
        assert "encoder.bin" in loaded
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.route("**/encoder.bin", lambda route: route.abort())
    page.goto(published[0])
    ask(page, "How was Norway punished for a prize?")
    page.locator("#means").get_by_text("could not be loaded").wait_for()
    assert "Norway" in first_passage(page)
    context.close()


@pytest.mark.model
@pytest.mark.parametrize("early", [True, False])
def test_what_is_typed_while_files_load_is_kept(browser: Browser, published: tuple[str, Path], *, early: bool) -> None:
    """A question asked before the index is there is answered; the next one stays when passages are ranked again."""
    with watching(browser, published[0], service_workers="block") as watched:
        page = watched.context.new_page()
        held: dict[str, Route] = {}
        for name in ("index.bin", "encoder.bin"):
            page.route(f"**/{name}", lambda route: held.update({route.request.url.rpartition("/")[2]: route}))

        def release(name: str) -> None:
            wait_until(lambda: bool(page.evaluate("true") and name in held))
            held[name].continue_()

        page.goto(published[0])
        field = page.locator("#question")
        field.fill("How was Norway punished for a prize?")
        if early:
            field.press("Enter")
        release("index.bin")
        page.locator("#documents li").first.wait_for(state="attached")
        if not early:
            field.press("Enter")
        page.locator(".card").first.wait_for()
        assert "Norway" in first_passage(page)
        field.fill("Who mediates")
        release("encoder.bin")
        page.locator("#means").get_by_text("Ranked with the library’s own encoder.").wait_for()
        assert field.input_value() == "Who mediates"


@pytest.mark.model
def test_passages_stay_if_one_is_focused_while_they_are_ranked_again(
    browser: Browser, published: tuple[str, Path]
) -> None:
    """The second ranking waits for the texts of documents that only it has found; meanwhile a reader chooses."""
    with watching(browser, published[0], service_workers="block") as watched:
        page = watched.context.new_page()
        held: list[Route] = []
        page.route("**/encoder.bin", lambda route: held.append(route))
        page.goto(published[0])
        ask(page, "How was Norway punished for a prize?")
        wait_until(lambda: bool(page.evaluate("true") and held))
        page.route("**/documents/*.json", lambda route: held.append(route))
        held.pop().continue_()
        wait_until(lambda: bool(page.evaluate("true") and held))
        link = page.locator(".card h3 a").first
        link.focus()
        before = first_passage(page)
        with page.expect_event("requestfinished"):
            for route in held:
                route.continue_()
            page.unroute("**/documents/*.json")
        page.wait_for_timeout(300)
        assert link.evaluate("element => element === document.activeElement")
        assert first_passage(page) == before


@pytest.mark.model
def test_prepared_answer_cites_its_source(visitor: Watched, seeds: Library) -> None:
    """The answer has the library's words, its number opens the source there, and Back closes it.

    A suggestion that the library does not answer says so, as do passages that nobody has judged.
    """
    page = visitor.open()
    page.get_by_role("link", name=SUGGESTED).click()
    answer = seeds.ask(SUGGESTED)
    assert plain(page.locator(".answer bdi").first.text_content() or "") == plain(answer.statements[0].text)
    page.locator(".answer .cite").first.click()
    mark = page.locator("#viewer mark")
    mark.wait_for()
    assert mark.text_content() == answer.citations[0].quote
    box, body = mark.bounding_box(), page.locator(".viewer-body").bounding_box()
    assert box
    assert body
    assert body["y"] <= box["y"] <= body["y"] + body["height"]
    assert page.evaluate("document.activeElement.id") == "viewer-title"
    page.go_back()
    page.locator("#viewer[open]").wait_for(state="detached")
    assert page.locator(".answer").is_visible()
    page = visitor.open()
    page.get_by_role("link", name=UNANSWERED).click()
    page.get_by_text("Nothing in the documents supports an answer to that.").wait_for()
    assert page.locator(".answer").count() == 0
    ask(page, "Why were shops of a Korean company shut down in China?")
    page.get_by_text("Whether they answer it has not been judged.").wait_for()
    assert page.locator(".answer").count() == 0
    ask(page, "Where is Novosibirsk mentioned together with the Zambezi?")
    page.get_by_text("No passage mentions “Novosibirsk”, “Zambezi”.").wait_for()


@pytest.mark.model
def test_addresses_lead_back(visitor: Watched, seeds: Library) -> None:
    """A link to a question, to its coverage, and to a span of a document shows the same to another visitor."""
    page = visitor.open()
    ask(page, "Which market has only one customer? 100% & more #1")
    found = first_passage(page)
    assert first_passage(visitor.open(page.url.removeprefix(visitor.url))) == found
    info = next(info for info in seeds.documents() if "glossary" in info.source)
    span = Span(*seeds.passages(info.id)[3].passage.sentences[1])
    other = visitor.open(f"#d={info.id}&s={span.start}-{span.end}")
    other.locator("#viewer mark").wait_for()
    assert plain(other.locator("#viewer mark").text_content() or "") == plain(seeds.text(info.id, span))
    lost = visitor.open("#d=0123456789abcdef&s=1-2")
    lost.locator("#results").get_by_text("The document of this link is not on this page.").wait_for()


@pytest.mark.model
@pytest.mark.parametrize(
    "span", ["0-999999999", *(pytest.param(span, marks=pytest.mark.nightly) for span in ("9-3", "5-5", "x", "-1-4"))]
)
def test_senseless_spans_show_the_document(visitor: Watched, seeds: Library, span: str) -> None:
    """A span that is not in the document marks nothing and breaks nothing."""
    page = visitor.open(f"#d={seeds.documents()[0].id}&s={span}")
    page.locator("#viewer .block").first.wait_for()
    assert page.locator("#viewer mark").count() == 0


@pytest.mark.model
def test_coverage_lists_every_document_once(visitor: Watched, seeds: Library) -> None:
    """Each document has its best sentence, word for word, or no mention."""
    page = visitor.open()
    use_encoder(page)
    ask(page, "How was Norway punished for a prize?")
    page.get_by_role("link", name="Coverage").click()
    page.locator("ol.coverage").wait_for()
    names = page.locator("ol.coverage h3").all_text_contents()
    assert sorted(names) == sorted(info.name for info in seeds.documents())
    assert "Norway" in page.locator("ol.coverage li").first.locator("mark").inner_text()
    assert 0 < page.locator("ol.coverage .silent").count() < len(names)
    for link in page.locator("ol.coverage a").all():
        fields = parse_qs((link.get_attribute("href") or "").lstrip("#"))
        text = seeds.text(fields["d"][0], Span(*map(int, fields["s"][0].split("-"))))
        row = link.locator("xpath=ancestor::li")
        assert plain(row.locator("mark").text_content() or "") == plain(text)


@pytest.mark.model
def test_places_are_those_of_the_server(visitor: Watched, seeds: Library) -> None:
    """Page, heading and paragraph are computed in the browser as on the server; the title is left out."""
    page = visitor.open()
    use_encoder(page)  # before that, the passages could be ranked again while they are read
    for question in questions("blind_questions.jsonl")[:8]:
        ask(page, question)
        for card in page.locator(".card:visible").all():
            fields = parse_qs((card.locator("h3 a").get_attribute("href") or "").lstrip("#"))
            info = seeds.find(fields["d"][0])
            label = seeds.locate(info.id, Span(*map(int, fields["s"][0].split("-")))).label
            label = label.replace(f"§ {info.title} > ", "§ ").replace(f"§ {info.title}, ", "")
            assert (card.locator(".place").text_content() or "").endswith(label)


@pytest.mark.model
def test_words_are_split_and_stemmed_as_on_the_server(visitor: Watched) -> None:
    """The browser's analysis and the server's give the same terms for all words of the documents, and for odd ones."""
    texts = [WORDS, *(path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.md")))]
    vocabulary = sorted({word for text in texts for word in text.split()})
    page = visitor.open()
    found = page.evaluate(
        """async (words) => {
             const { terms } = await import(new URL("analysis.js", location.href));
             return words.map(terms);
           }""",
        vocabulary,
    )
    assert dict(zip(vocabulary, found, strict=True)) == {word: analysis.terms(word) for word in vocabulary}


@pytest.mark.model
def test_works_offline_after_the_first_visit(browser: Browser, published: tuple[str, Path]) -> None:
    """Without the host, the page loads again, answers a new question, and opens a source that was never open."""
    with watching(browser, published[0]) as watched:
        page = watched.open()
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        use_encoder(page)
        watched.context.set_offline(True)
        page.reload()
        page.locator("#rail li").first.wait_for()
        use_encoder(page)
        ask(page, "How was Norway punished for a prize?")
        page.locator(".card h3 a").first.click()
        assert "Norway" in page.locator("#viewer mark").inner_text()


@pytest.mark.model
def test_copies_quote_and_link(visitor: Watched) -> None:
    """The quote is copied as it is in the document, and the link leads to it."""
    page = visitor.open()
    ask(page, "How was Norway punished for a prize?")
    page.locator(".card h3 a").first.click()
    quote = page.locator("#viewer mark").text_content()
    page.get_by_role("button", name="Copy quote").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == quote
    page.get_by_role("button", name="Copy link").click()
    page.get_by_role("button", name="Copied").nth(1).wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    other = visitor.open(link.removeprefix(visitor.url))
    other.locator("#viewer mark").wait_for()
    assert other.locator("#viewer mark").text_content() == quote


@pytest.mark.model
@EVERYWHERE
def test_every_state_is_accessible_and_fits(
    browser: Browser, published: tuple[str, Path], size: ViewportSize, scheme: Scheme
) -> None:
    """Beginning, answer, source, passages, nothing and coverage: no violation of WCAG, and nothing beyond the edge."""
    states = (
        "",
        f"#q={SUGGESTED}",
        "#q=How was Norway punished for a prize?",
        "#q=Which vitamins does a kitten need?",
        "#q=How was Norway punished for a prize?&v=coverage",
    )
    with watching(browser, published[0], color_scheme=scheme, service_workers="block") as watched:
        for state in states:
            page = watched.open(state, size=size)
            page.locator("#results section").first.wait_for()
            check(page, f"{state} {scheme}")
        page.goto(f"{published[0]}#q={SUGGESTED}")
        page.locator(".cite").first.click()
        page.locator("#viewer mark").wait_for()
        check(page, f"source {scheme}")


def check(page: Page, state: str) -> None:
    """Assert that a state of the page violates no rule."""
    assert (state, structure_violations(page), colour_violations(page), layout_problems(page)) == (state, [], [], [])


@pytest.mark.model
def test_keyboard_alone_is_enough(visitor: Watched) -> None:
    """From the question to the source and back without a pointer; the focus returns to where it was."""
    page = visitor.open()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the question"
    ask(page, "How was Norway punished for a prize?")
    link = page.locator(".card h3 a").first
    link.focus()
    page.keyboard.press("Enter")
    page.locator("#viewer mark").wait_for()
    page.keyboard.press("Escape")
    page.locator("#viewer[open]").wait_for(state="detached")
    assert link.evaluate("element => element === document.activeElement")
    assert "passages found" in page.locator("#status").inner_text()


@pytest.fixture(scope="module")
def tabled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """A site of tables, with the fake encoder; and its library."""
    folder = tmp_path_factory.mktemp("tabled")
    (folder / "prices.csv").write_text("good,price,market\nbread,12,Lisbon\nsalt,7,Porto\n")
    rows = ("<th>year<th>corn<th>rye", "<td>1901<td>40<td>14", "<td>1902<td>55<td>13")
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    (folder / "harvest.html").write_text(f"<h1>Harvest</h1><p>The corn was late.</p><table>{table}</table>")
    with Library.open(folder / "library", Settings(), encoder=FakeEncoder()) as library:
        library.add([folder / "prices.csv", folder / "harvest.html"])
        write_site(library, folder / "site", title="Prices and harvests", questions=[])
        with static_host(folder / "site") as url:
            yield url, library


def test_tables_are_tables_in_cards_and_in_the_source(browser: Browser, tabled: tuple[str, Library]) -> None:
    """The cells stand below the headers of their columns, the cited row is marked, and its place is the server's."""
    url, library = tabled
    with watching(browser, url, service_workers="block") as watched:
        page = watched.open()
        ask(page, "bread price market Lisbon")
        card = page.locator(".card").filter(has_text="bread")
        assert card.locator("thead th").all_text_contents() == ["good", "price", "market"]
        assert [
            row.all_text_contents() for row in (card.locator("tbody tr").nth(n).locator("th, td") for n in (0, 1))
        ] == [
            ["bread", "12", "Lisbon"],
            ["salt", "7", "Porto"],
        ]
        fields = parse_qs((card.locator("h3 a").get_attribute("href") or "").lstrip("#"))
        span = Span(*map(int, fields["s"][0].split("-")))
        info = library.find(fields["d"][0])
        assert (card.locator(".place").text_content() or "").endswith(library.locate(info.id, span).label)
        card.locator("h3 a").click()
        page.locator("#viewer table mark").first.wait_for()
        assert " | ".join(page.locator("#viewer mark").all_text_contents()) == library.text(info.id, span)
        check(page, "a table")


@pytest.mark.parametrize(
    ("words", "label"), [("12", "row 2, column “price”"), ("bread | 12", "row 2"), ("55", "table 1, row 3")]
)
def test_places_in_tables_are_those_of_the_server(
    browser: Browser, tabled: tuple[str, Library], words: str, label: str
) -> None:
    """A cell is named as the format names it, and so are several cells."""
    url, library = tabled
    info = next(info for info in library.documents() if words in library.document(info.id).text)
    start = library.document(info.id).text.index(words)
    with watching(browser, url, service_workers="block") as watched:
        page = watched.open(f"#d={info.id}&s={start}-{start + len(words)}")
        page.locator("#viewer mark").first.wait_for()
        assert (page.locator(".viewer-head .place").text_content() or "").endswith(label)
    assert library.locate(info.id, Span(start, start + len(words))).label.endswith(label)


def test_site_has_the_fonts_the_title_and_the_map(browser: Browser, tabled: tuple[str, Library]) -> None:
    """The page and its tab have the title; the map has a dot for each passage, and colours those that were found."""
    url, library = tabled
    with watching(browser, url, service_workers="block") as watched:
        page = watched.open()
        assert (page.title(), page.locator("h1").inner_text()) == ("Prices and harvests", "Prices and harvests")
        families = (
            "document.fonts.ready.then((fonts) => [...fonts].filter((f) => f.status === 'loaded').map((f) => f.family))"
        )
        assert {family.strip('"') for family in page.evaluate(families)} >= {"Pincite Serif", "Pincite Sans"}
        paths = page.locator("#map .dots path").evaluate_all(
            "all => all.map((path) => path.getAttribute('d')).join('')"
        )
        assert paths.count("h0") == library.stats().passages
        assert page.locator("#map circle").count() == 0
        ask(page, "bread price market Lisbon")
        assert page.locator("#map circle").count() == page.locator(".card").count() > 0
        assert page.title() == "bread price market Lisbon · Prices and harvests"


HOSTILE_TITLE = "</title></script><script>window.pwned=1</script><img src=x onerror=window.pwned=1> \u202eevil\u202c"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Library]]:
    """A site whose title, questions and documents are hostile, with the fake encoder; and its library."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "sources").mkdir()
    for number, (kind, text) in enumerate({**MARKUP, **LINKS, **TEXTS}.items()):
        title = f"{HOSTILE_TITLE} javascript:window.pwned=1 {kind}"
        valid = text.encode("utf-8", "replace").decode()
        body = f"# {title}\n\nThe comet fell. {valid}\n\nThe whale of case {number} slept."
        (folder / "sources" / f"{number} <img src=x onerror=window.pwned=1> ${{pwned}}.txt").write_text(
            body, encoding="utf-8", newline=""
        )
    with Library.open(folder / "library", Settings(passage_tokens=32), encoder=FakeEncoder()) as library:
        library.add(folder / "sources")
        asked = [f"What fell? {HOSTILE_TITLE}", "What did the whale do?"]
        write_site(library, folder / "site", title=HOSTILE_TITLE, questions=asked)
        with static_host(folder / "site") as url:
            yield url, library


def test_hostile_documents_stay_text(browser: Browser, hostile: tuple[str, Library]) -> None:
    """No title, text, question or address runs a script, makes an element, or asks another host for anything.

    Offsets are code points: a sentence after characters of two units is marked exactly.
    """
    url, library = hostile
    with watching(browser, url, service_workers="block") as watched:
        page = watched.open()
        assert page.title() == HOSTILE_TITLE
        for question in ("What did the comet do?", f"comet {HOSTILE_TITLE}", "<img src=x onerror=window.pwned=1>"):
            ask(page, question)
            page.goto(f"{page.url}&v=coverage")
            page.locator("ol.coverage").wait_for()
        page.goto(url + "#")
        page.locator(".examples a").first.click()
        page.locator("#results section").first.wait_for()
        for info in library.documents()[::STEP]:
            page.goto(f"{url}#d={info.id}")
            page.wait_for_function(
                "name => document.querySelector('#viewer-title')?.textContent === name", arg=info.name
            )
            assert page.locator("#viewer .block").count() > 0
            span = library.passages(info.id)[-1].passage.sentences[-1]
            page.goto(f"{url}#d={info.id}&s={span.start}-{span.end}")
            quote = library.text(info.id, span)
            page.wait_for_function("text => document.querySelector('#viewer mark')?.textContent === text", arg=quote)
        assert page.locator("img, iframe, object, embed, form:not(#askbar), script:not([src='main.js'])").count() == 0
        addresses = [link.get_attribute("href") or "" for link in page.locator("a[href]").all()]
        assert [address for address in addresses if not address.startswith("#")] == []


def test_policy_blocks_what_is_injected(browser: Browser, hostile: tuple[str, Library]) -> None:
    """Even if markup were injected, the browser would run no inline script and load nothing from elsewhere."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    sent: list[str] = []
    page.on("requestfinished", lambda request: sent.append(request.url))
    failures: list[str] = []
    page.on("requestfailed", lambda request: failures.append(request.failure or ""))
    page.goto(hostile[0])
    page.locator("#rail li").first.wait_for()
    blocked = page.evaluate(
        """async () => {
             const kinds = [];
             document.addEventListener("securitypolicyviolation", (event) => kinds.push(event.effectiveDirective));
             const script = document.createElement("script");
             try { script.textContent = "window.pwned = 1" } catch { kinds.push("trusted-types") }
             document.body.append(script);
             const image = document.createElement("img");
             image.src = "http://203.0.113.1/x.png";
             document.body.append(image);
             await fetch("http://203.0.113.1/").catch(() => kinds.push("fetch"));
             try { document.body.innerHTML = "<b>x</b>" } catch { kinds.push("markup") }
             await new Promise((done) => setTimeout(done, 200));
             return kinds;
           }"""
    )
    assert {"trusted-types", "img-src", "fetch", "markup"} <= set(blocked)
    assert page.evaluate("window.pwned") is None
    assert not [url for url in sent if not unquote(url).startswith(unquote(hostile[0]))]
    assert set(failures) == {"csp"}
    context.close()


def test_missing_file_or_server_is_reported(browser: Browser, hostile: tuple[str, Library]) -> None:
    """If the host lacks a file, the page says so instead of staying empty; opened as a file, it explains itself."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.route("**/index.bin", lambda route: route.fulfill(status=404, body="gone"))
    page.goto(hostile[0])
    page.get_by_text("The page could not load its files").wait_for()
    page.goto((hostile[1].folder.parent / "site" / "index.html").as_uri())
    page.get_by_text("open it from a web server and not as a file").wait_for()
    context.close()
