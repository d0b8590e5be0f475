"""Search by words: how passages rank, and that the folder on disk never overrules the catalog."""

from __future__ import annotations

import math
import os
import shutil
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from index.storage.catalog.catalog import Catalog
from index.storage.lexical import queries
from index.storage.lexical.lexical_index import LexicalIndex
from index.storage.protocol import Scope
from tests.faults.arena import clear
from tests.nightly import length
from tests.storage.factories import a_document, id_of, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from index.records import Document

TREATY = a_document(
    "The king signed the treaty in winter.",
    "The king rode a horse in winter, and the horse was slow.",
    "Nobody in winter saw the fleet.",
    "China's fleet left the harbour.",
    "A café served bread.",
    source="/treaty",
)
OIL = a_document("The price of oil rose in winter.", "Treaty, treaty, treaty.", source="/oil")


def index_of(catalog: Catalog, folder: Path) -> LexicalIndex:
    """A word index that is up to date with the catalog."""
    index = LexicalIndex(folder / "lexical", catalog.library_id)
    catch_up(index, catalog)
    return index


def catch_up(index: LexicalIndex, catalog: Catalog) -> None:
    """Index the changes of the catalog and load the result."""
    assert index.catch_up(catalog)
    index.rest()
    assert index.reload(catalog.generation())


@contextmanager
def indexed(folder: Path, *documents: Document) -> Iterator[tuple[Catalog, LexicalIndex]]:
    """A catalog of these documents, and its word index."""
    with closing(Catalog(folder)) as catalog:
        catalog.create()
        for document in documents:
            put(catalog, document)
        yield catalog, index_of(catalog, folder)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, LexicalIndex]]:
    """A catalog of two documents and its index, for tests that change nothing."""
    with indexed(tmp_path_factory.mktemp("lexical"), TREATY, OIL) as catalog_and_index:
        yield catalog_and_index


@pytest.fixture(scope="module")
def shared_catalog(shared: tuple[Catalog, LexicalIndex]) -> Catalog:
    """The catalog of the two documents."""
    return shared[0]


@pytest.fixture(scope="module")
def shared_index(shared: tuple[Catalog, LexicalIndex]) -> LexicalIndex:
    """The index of the two documents."""
    return shared[1]


@pytest.mark.parametrize(
    ("query", "winner"),
    [
        pytest.param("king treaty", "signed", id="two words beat one"),
        pytest.param("winter oil", "price", id="a rare word beats a common one"),
        pytest.param("horse", "rode", id="only passage with the word"),
        pytest.param("SIGNING treaties", "signed", id="case and endings do not matter"),
        pytest.param("China", "harbour", id="a possessive is found without its ending"),
        pytest.param("China's harbours", "harbour", id="possessive in the question"),
        pytest.param("China\u2019s", "harbour", id="typographic apostrophe"),  # noqa: RUF100
        pytest.param("cafe", "bread", id="accents do not matter"),
        pytest.param("who was it that had the bread?", "bread", id="stop words do not count"),
    ],
)
def test_best_match_ranks_first(shared_catalog: Catalog, shared_index: LexicalIndex, query: str, winner: str) -> None:
    """The passage that contains the content words of the question best comes first."""
    found = shared_index.search(query, 10)
    assert next(iter(found)) == id_of(shared_catalog, winner)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert min(found.values()) > 0


@pytest.mark.parametrize("query", ["zeppelin", "", "?!", "  "])
def test_unknown_words_find_nothing(shared_index: LexicalIndex, query: str) -> None:
    """Without a shared word there is no hit; a question without words is not an error."""
    assert shared_index.search(query, 10) == {}


@pytest.mark.parametrize("query", ['text:king AND "', "king^9 OR (", "* ? [a TO b]", "-king +treaty", "id:1"])
def test_query_syntax_of_search_engines_is_plain_text(shared_index: LexicalIndex, query: str) -> None:
    """Characters that are operators in other search engines have no meaning and cause no error."""
    shared_index.search(query, 10)


def test_neighbours_of_a_match_rank_below_it(catalog: Catalog, folder: Path) -> None:
    """A passage continues the thought of the one before, so both neighbours are found after the match, and none
    further.
    """
    put(catalog, a_document("Bread is dear.", "The whale sang.", "It was long.", "Nobody knew why.", source="/a"))
    put(catalog, a_document("Rain fell.", source="/b"))
    found = index_of(catalog, folder).search("whale", 9)
    assert next(iter(found)) == id_of(catalog, "whale")
    assert set(found) == {id_of(catalog, words) for words in ("Bread", "whale", "long")}


def test_neighbours_belong_to_the_same_document(catalog: Catalog, folder: Path) -> None:
    """The last passage of one document and the first of the next have consecutive ids, but nothing in common."""
    put(catalog, a_document("Bread is dear.", "The whale sang.", source="/a"))
    put(catalog, a_document("Rain fell.", "It was long.", source="/b"))
    found = index_of(catalog, folder).search("whale", 9)
    assert list(found) == [id_of(catalog, "whale"), id_of(catalog, "Bread")]


def test_repeated_question_word_weighs_more(catalog: Catalog, folder: Path) -> None:
    """A question with a bridge twice and a river once finds the bridge first; the other way round, the river."""
    put(catalog, a_document("The bridge is old.", source="/bridge"))
    put(catalog, a_document("The river is old.", source="/river"))
    index = index_of(catalog, folder)
    assert next(iter(index.search("bridge river bridge", 9))) == id_of(catalog, "bridge")
    assert next(iter(index.search("river bridge river", 9))) == id_of(catalog, "river")


# Verbatim phrases

CODES = a_document(
    "The IL-6 level rose by 10 percent.",
    "IL6 and IL 6 are the same; percent 10.",
    "Under § 12(b) the King's ships were his.",
    "A kings ship; the 12 ships of b.",
    "Nobody, in Zürich, said: the price of oil.",
    source="/codes",
)


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalog, LexicalIndex]]:
    """A catalog of the document with codes and its index, for tests that change nothing."""
    with indexed(tmp_path_factory.mktemp("codes"), CODES) as catalog_and_index:
        yield catalog_and_index


@pytest.mark.parametrize(
    ("phrases", "expected"),
    [
        pytest.param(["IL-6"], ["The IL-6", "IL6 and"], id="hyphen or space"),
        pytest.param(["IL6"], ["IL6 and"], id="together"),
        pytest.param(["10 percent"], ["The IL-6"], id="in this order"),
        pytest.param(["§ 12(b)"], ["Under §"], id="signs are no words"),
        pytest.param(["king's"], ["Under §"], id="possessive"),
        pytest.param(["ships"], ["Under §", "A kings"], id="one word"),
        pytest.param(["ship"], ["A kings"], id="no other ending"),
        pytest.param(["ZURICH SAID"], ["Nobody"], id="neither case nor accents nor signs"),
        pytest.param(["the price of oil"], ["Nobody"], id="stop words, too"),
        pytest.param(["price of oil the"], [], id="all of it"),
        pytest.param(["IL-6", "price"], ["The IL-6", "IL6 and", "Nobody"], id="any of them"),
        pytest.param(["zeppelin"], [], id="nowhere"),
        pytest.param(["?!", ""], [], id="no word"),
        pytest.param([], [], id="none"),
    ],
)
def test_holding_finds_passages_with_a_phrase(
    codes: tuple[Catalog, LexicalIndex], phrases: list[str], expected: list[str]
) -> None:
    """All passages with the words of any phrase in order and adjacent are found, without their neighbours."""
    catalog, index = codes
    found = index.holding(phrases)
    assert sorted(found) == [id_of(catalog, words) for words in expected]


def test_holding_returns_at_most_k_passages(catalog: Catalog, folder: Path) -> None:
    """Of many passages with the phrase, `k` are returned, each once."""
    put(catalog, a_document(*(f"The price of oil, {n}." for n in range(30))))
    index = index_of(catalog, folder)
    assert len(set(index.holding(["price of oil"], 7))) == 7
    assert len(set(index.holding(["price of oil", "oil"]))) == 30


def test_holding_respects_the_scope(catalog: Catalog, folder: Path) -> None:
    """Documents, phrases and exclusions of the scope apply; an empty scope finds nothing."""
    oil = put(catalog, a_document("The price of oil rose.", "The price of oil fell in winter.", source="/oil"))
    put(catalog, a_document("The price of oil.", "Rain.", source="/other"))
    index, ranges = index_of(catalog, folder), catalog.ranges([oil])
    rose, fell = id_of(catalog, "rose"), id_of(catalog, "fell")
    assert sorted(index.holding(["price of oil"], scope=Scope(documents=ranges))) == [rose, fell]
    assert index.holding(["price of oil"], 1, Scope(documents=ranges, phrases=("in winter",), holding=[fell])) == [fell]
    assert index.holding(["price"], scope=Scope(documents=ranges, excluded=("winter",), banned=[fell])) == [rose]
    assert index.holding(["price"], scope=Scope(documents=[])) == []


# Scores of given passages


@pytest.mark.parametrize("query", ["king winter", "treaty of oil", "whatever bread", "horse horse winter", "the"])
def test_scores_of_given_passages_equal_those_of_the_search(shared_index: LexicalIndex, query: str) -> None:
    """A passage has the same score alone or among others; passages without any word are left out."""
    found = shared_index.search(query, 99)
    assert shared_index.scores(query, sorted(shared_index.ids())) == pytest.approx(found)
    for identity in shared_index.ids():
        assert shared_index.scores(query, [identity]) == pytest.approx(
            {identity: found[identity]} if identity in found else {}
        )
    assert shared_index.scores(query, []) == {}
    assert shared_index.scores(query, [10**9]) == {}
    assert shared_index.scores("", sorted(shared_index.ids())) == {}


@pytest.mark.parametrize("looks", [0, 10**9], ids=["one by one", "all together"])
def test_scores_do_not_depend_on_how_they_are_computed(
    shared_index: LexicalIndex, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    """Neither scores nor omissions depend on how many passages are scored together."""
    found = shared_index.search("horse horse winter treaty", 99)
    monkeypatch.setattr(queries, "_ENTRIES_A_LOOK", looks)
    assert shared_index.scores("horse horse winter treaty", sorted(shared_index.ids())) == pytest.approx(found)


def test_common_words_select_no_candidates_in_a_large_index(
    shared_index: LexicalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If words of a question are too frequent, only its rarer ones select passages, which are scored by all words."""
    all_scores = shared_index.search("winter oil harbour", 99)
    by_rarer = set(shared_index.search("oil harbour", 99))
    assert by_rarer < set(all_scores)
    monkeypatch.setattr(queries, "ENTRIES", 9)
    found = shared_index.search("winter oil harbour", 99)
    assert found == pytest.approx({identity: score for identity, score in all_scores.items() if identity in by_rarer})
    assert next(iter(found)) == next(iter(all_scores))
    assert list(shared_index.search("winter oil harbour", 1)) == list(all_scores)[:1]
    assert shared_index.search("winter", 99) == pytest.approx(shared_index.search("WINTER", 99))


def test_scores_accept_thousands_of_passages(catalog: Catalog, folder: Path) -> None:
    """Far more passages than a question has words can be scored at once."""
    put(catalog, a_document(*(f"The price of oil, {n}." for n in range(length(2000, 5000)))))
    index = index_of(catalog, folder)
    ids = sorted(index.ids())[1:]
    assert sorted(index.scores("oil", ids)) == ids


@pytest.mark.parametrize(
    ("scope", "expected_words"),
    [
        pytest.param(Scope(phrases=("the king",)), ["signed", "rode"], id="phrase"),
        pytest.param(Scope(phrases=("the king", "horse was")), ["rode"], id="both phrases"),
        pytest.param(Scope(excluded=("horse",)), ["signed", "saw", "price"], id="excluded"),
        pytest.param(Scope(excluded=("the king", "oil")), ["saw"], id="none of two"),
        pytest.param(Scope(phrases=("in winter",), excluded=("king", "fleet")), ["price"], id="phrase and excluded"),
        pytest.param(Scope(phrases=("?!",)), [], id="a phrase without a word"),
        pytest.param(Scope(excluded=("?!",)), ["signed", "rode", "saw", "price"], id="excluded without a word"),
    ],
)
def test_required_and_excluded_phrases_filter_passages(
    shared_catalog: Catalog, shared_index: LexicalIndex, scope: Scope, expected_words: list[str]
) -> None:
    """Phrases and exclusions filter passages before the ranking and do not change their scores."""
    everywhere = shared_index.search("winter", 99)
    expected = {id_of(shared_catalog, words) for words in expected_words}
    found = shared_index.search("winter", 99, scope)
    holders = {identity for identity in everywhere if identity in set(shared_index.holding(["winter"]))}
    assert {identity for identity in found if identity in holders} == expected
    assert found == pytest.approx({identity: everywhere[identity] for identity in found})


def test_idf_is_that_of_bm25(shared_index: LexicalIndex) -> None:
    """Of seven passages, one has `oil` and four have `winter`; unknown words have the highest idf."""
    idf = shared_index.idf(["oil", "winter", "zeppelin"])
    assert idf["oil"] == pytest.approx(math.log(1 + 6.5 / 1.5))
    assert idf["winter"] == pytest.approx(math.log(1 + 3.5 / 4.5))
    assert idf["zeppelin"] > idf["oil"] > idf["winter"]


def test_unopened_index_finds_nothing(tmp_path: Path) -> None:
    """An index that was never updated finds nothing, has no ids and an idf of 0 for every term."""
    index = LexicalIndex(tmp_path / "lexical", "library")
    assert not index.usable
    assert index.search("king", 5) == {}
    assert index.ids() == set()
    assert index.idf(["king"]) == {"king": 0.0}


@pytest.mark.parametrize("names", [["/oil"], ["/oil", "/third"], []], ids=["one", "several", "none"])
def test_document_filter_applies_before_ranking(catalog: Catalog, folder: Path, names: list[str]) -> None:
    """In a search of some documents, their passages are found even if all others score higher."""
    put(catalog, a_document(*["winter oil"] * 30, source="/many"))
    numbers = {"/oil": put(catalog, OIL), "/third": put(catalog, a_document("winter is long here", source="/third"))}
    ranges = catalog.ranges([numbers[name] for name in names])
    index = index_of(catalog, folder)
    everywhere, found = index.search("winter oil", 100), index.search("winter oil", 2, Scope(documents=ranges))
    allowed = {documents.first + n for documents in ranges for n in range(documents.passages)}
    assert (
        list(found.items()) == [(identity, score) for identity, score in everywhere.items() if identity in allowed][:2]
    )
    assert len(found) == min(2, len(allowed))


def test_removed_passages_are_not_found(catalog: Catalog, folder: Path) -> None:
    """A removal takes effect with the next update of the index, in hits and in ids."""
    treaty, _ = put(catalog, TREATY), put(catalog, OIL)
    index = index_of(catalog, folder)
    catalog.remove(treaty)
    catch_up(index, catalog)
    assert index.search("horse fleet king", 10) == {}
    assert index.ids() == {id_of(catalog, "price"), id_of(catalog, "Treaty, treaty")}


def test_updated_index_equals_a_rebuilt_one(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    """After additions and removals one by one, the index finds the same in the same order as one built at once."""
    index = index_of(catalog, folder)
    for n in range(5):
        put(catalog, a_document(f"The king has {n} ships.", source=f"/{n}"))
        catch_up(index, catalog)
    catalog.remove(catalog.number_of(catalog.document_of("/2")) or 0)
    catch_up(index, catalog)
    fresh = index_of(catalog, tmp_path)
    assert index.ids() == fresh.ids()
    assert list(index.search("king", 9)) == list(fresh.search("king", 9)) == sorted(fresh.ids())


def test_reader_reloads_after_a_write(catalog: Catalog, folder: Path) -> None:
    """A second index on the same folder reloads it after a change, and reports whether it is up to date."""
    writer = index_of(catalog, folder)
    reader = LexicalIndex(folder / "lexical", catalog.library_id)
    assert reader.reload(0)
    put(catalog, TREATY)
    assert not reader.reload(1)
    catch_up(writer, catalog)
    assert reader.reload(1)
    assert list(reader.search("horse", 1)) == [id_of(catalog, "rode")]


def truncate(path: Path) -> None:
    """Cut the file to half its length."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """Flip the first bit, in place: a file that is written anew is empty for a moment, and the system would kill a
    process that has it mapped into memory, as tantivy's threads have.
    """
    with path.open("r+b") as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))


def unlink(path: Path) -> None:
    """Delete the file."""
    path.unlink()


@pytest.mark.parametrize(("damage", "start"), [(truncate, 0), (flip, 1), (unlink, 2)])
def test_index_with_any_damaged_file_is_rebuilt(catalog: Catalog, folder: Path, damage: object, start: int) -> None:
    """Whichever file is damaged, the index is rebuilt from the catalog and its results are the same.

    The default run damages each file in one way, and the manifest in each way; the nightly run tries all.
    """
    put(catalog, TREATY)
    before = index_of(catalog, folder).search("king winter", 9)
    intact = folder / "sound"
    shutil.copytree(folder / "lexical", intact)
    files = [path.name for path in sorted(intact.iterdir()) if path.stat().st_size and path.name != ".managed.json"]
    assert "manifest.json" in files
    step = length(3, 1)
    for name in {"manifest.json", *files[start % step :: step]}:
        clear(folder / "lexical")
        shutil.copytree(intact, folder / "lexical")
        damage(folder / "lexical" / name)  # type: ignore[operator]
        assert not LexicalIndex(folder / "lexical", catalog.library_id).reload(1), name
        index = index_of(catalog, folder)
        assert index.search("king winter", 9) == pytest.approx(before), name
        assert LexicalIndex(folder / "lexical", catalog.library_id).reload(1), name


@pytest.mark.parametrize("damage", [truncate, flip, unlink])
def test_damaged_tantivy_file_list_is_tolerated(catalog: Catalog, folder: Path, damage: object) -> None:
    """The manifest does not cover tantivy's own list of files; if it is damaged or missing, results stay the same."""
    put(catalog, TREATY)
    before = index_of(catalog, folder).search("king winter", 9)
    damage(folder / "lexical" / ".managed.json")  # type: ignore[operator]
    put(catalog, OIL)
    catalog.remove(catalog.number_of(OIL.id) or 0)
    found = index_of(catalog, folder).search("king winter", 9)
    assert list(found) == list(before)


def test_index_of_another_library_is_rebuilt(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    """A valid index of another library is not used."""
    (tmp_path / "other").mkdir()
    other = Catalog(tmp_path / "other")
    other.create()
    put(other, OIL)
    index_of(other, tmp_path / "other")
    other.close()
    put(catalog, TREATY)
    shutil.copytree(tmp_path / "other" / "lexical", folder / "lexical")
    index = index_of(catalog, folder)
    assert index.search("oil", 9) == {}
    assert list(index.search("bread", 9)) == [id_of(catalog, "bread"), id_of(catalog, "harbour")]
