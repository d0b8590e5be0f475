"""Passages by words: who wins, and that the folder on disk is never trusted more than the catalog."""

from __future__ import annotations

import math
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from index.storage.catalog.catalog import Catalog
from index.storage.lexical import queries
from index.storage.lexical.lexical_index import LexicalIndex
from index.storage.protocol import Scope
from tests.faults.arena import clear
from tests.storage.factories import a_document, id_of, put

if TYPE_CHECKING:
    from pathlib import Path

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
    """An index that is caught up."""
    index = LexicalIndex(folder / "lexical", catalog.library_id)
    catch_up(index, catalog)
    return index


def catch_up(index: LexicalIndex, catalog: Catalog) -> None:
    """Write what is new, and open it."""
    assert index.catch_up(catalog)
    index.rest()
    assert index.reload(catalog.generation())


@pytest.mark.parametrize(
    ("query", "winner"),
    [
        pytest.param("king treaty", "signed", id="two words beat one"),
        pytest.param("winter oil", "price", id="a rare word beats a common one"),
        pytest.param("horse", "rode", id="the only one that has the word"),
        pytest.param("SIGNING treaties", "signed", id="case and endings do not matter"),
        pytest.param("China", "harbour", id="a possessive is found without its ending"),
        pytest.param("China's harbours", "harbour", id="and asked for with it"),
        pytest.param("China\u2019s", "harbour", id="whichever apostrophe it has"),  # noqa: RUF100
        pytest.param("cafe", "bread", id="accents do not matter"),
        pytest.param("who was it that had the bread?", "bread", id="idle words do not count"),
    ],
)
def test_who_wins(catalog: Catalog, folder: Path, query: str, winner: str) -> None:
    """The passage that holds the question's telling words best comes first."""
    put(catalog, TREATY)
    put(catalog, OIL)
    found = index_of(catalog, folder).search(query, 10)
    assert next(iter(found)) == id_of(catalog, winner)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert min(found.values()) > 0


@pytest.mark.parametrize("query", ["zeppelin", "", "?!", "  "])
def test_words_that_are_nowhere_find_nothing(catalog: Catalog, folder: Path, query: str) -> None:
    """No shared word, no hit; a question without words is no error."""
    put(catalog, TREATY)
    assert index_of(catalog, folder).search(query, 10) == {}


def test_a_question_of_idle_words_still_finds_them(catalog: Catalog, folder: Path) -> None:
    """Where a question has no other words, the idle ones are looked for: "The Who" can be found."""
    put(catalog, a_document("The Who played."))
    put(catalog, a_document("Rain fell.", source="/rain"))
    assert list(index_of(catalog, folder).search("the who", 10)) == [id_of(catalog, "played")]


@pytest.mark.parametrize("query", ['text:king AND "', "king^9 OR (", "* ? [a TO b]", "-king +treaty", "id:1"])
def test_a_question_is_not_a_query_language(catalog: Catalog, folder: Path, query: str) -> None:
    """Signs that mean something to search engines are but signs."""
    put(catalog, TREATY)
    index_of(catalog, folder).search(query, 10)


def test_a_neighbour_of_what_was_asked_is_found_below_it(catalog: Catalog, folder: Path) -> None:
    """A passage continues the thought of the one before it: it is found by its words, behind it, and no farther."""
    put(catalog, a_document("Bread is dear.", "The whale sang.", "It was long.", "Nobody knew why.", source="/a"))
    put(catalog, a_document("Rain fell.", source="/b"))
    found = index_of(catalog, folder).search("whale", 9)
    assert next(iter(found)) == id_of(catalog, "whale")
    assert set(found) == {id_of(catalog, words) for words in ("Bread", "whale", "long")}


def test_the_neighbour_is_of_the_same_document(catalog: Catalog, folder: Path) -> None:
    """The last passage of one document and the first of the next, whose ids follow each other, say nothing together."""
    put(catalog, a_document("Bread is dear.", "The whale sang.", source="/a"))
    put(catalog, a_document("Rain fell.", "It was long.", source="/b"))
    found = index_of(catalog, folder).search("whale", 9)
    assert list(found) == [id_of(catalog, "whale"), id_of(catalog, "Bread")]


def test_what_a_question_repeats_weighs_more(catalog: Catalog, folder: Path) -> None:
    """Asked twice for a bridge and once for a river, the bridge wins; asked the other way round, the river."""
    put(catalog, a_document("The bridge is old.", source="/bridge"))
    put(catalog, a_document("The river is old.", source="/river"))
    index = index_of(catalog, folder)
    assert next(iter(index.search("bridge river bridge", 9))) == id_of(catalog, "bridge")
    assert next(iter(index.search("river bridge river", 9))) == id_of(catalog, "river")


# What is there verbatim

CODES = a_document(
    "The IL-6 level rose by 10 percent.",
    "IL6 and IL 6 are the same; percent 10.",
    "Under § 12(b) the King's ships were his.",
    "A kings ship; the 12 ships of b.",
    "Nobody, in Zürich, said: the price of oil.",
    source="/codes",
)


@pytest.mark.parametrize(
    ("phrases", "held"),
    [
        pytest.param(["IL-6"], ["The IL-6", "IL6 and"], id="hyphen or space"),
        pytest.param(["IL6"], ["IL6 and"], id="together"),
        pytest.param(["10 percent"], ["The IL-6"], id="in this order"),
        pytest.param(["§ 12(b)"], ["Under §"], id="signs are no words"),
        pytest.param(["king's"], ["Under §"], id="possessive"),
        pytest.param(["ships"], ["Under §", "A kings"], id="one word"),
        pytest.param(["ship"], ["A kings"], id="no other ending"),
        pytest.param(["ZURICH SAID"], ["Nobody"], id="neither case nor accents nor signs"),
        pytest.param(["the price of oil"], ["Nobody"], id="idle words, too"),
        pytest.param(["price of oil the"], [], id="all of it"),
        pytest.param(["IL-6", "price"], ["The IL-6", "IL6 and", "Nobody"], id="any of them"),
        pytest.param(["zeppelin"], [], id="nowhere"),
        pytest.param(["?!", ""], [], id="no word"),
        pytest.param([], [], id="none"),
    ],
)
def test_what_holds_a_phrase(catalog: Catalog, folder: Path, phrases: list[str], held: list[str]) -> None:
    """All passages with the words of any phrase in their order, next to each other, and no neighbours of theirs."""
    put(catalog, CODES)
    found = index_of(catalog, folder).holding(phrases)
    assert sorted(found) == [id_of(catalog, words) for words in held]


def test_no_more_than_were_asked_for(catalog: Catalog, folder: Path) -> None:
    """Of many that hold a phrase, `k` are named, and each once."""
    put(catalog, a_document(*(f"The price of oil, {n}." for n in range(30))))
    index = index_of(catalog, folder)
    assert len(set(index.holding(["price of oil"], 7))) == 7
    assert len(set(index.holding(["price of oil", "oil"]))) == 30


def test_holding_within_a_scope(catalog: Catalog, folder: Path) -> None:
    """Only of its documents, with its phrases, without what it excludes; none where nothing can be in it."""
    oil = put(catalog, a_document("The price of oil rose.", "The price of oil fell in winter.", source="/oil"))
    put(catalog, a_document("The price of oil.", "Rain.", source="/other"))
    index, ranges = index_of(catalog, folder), catalog.ranges([oil])
    rose, fell = id_of(catalog, "rose"), id_of(catalog, "fell")
    assert sorted(index.holding(["price of oil"], scope=Scope(documents=ranges))) == [rose, fell]
    assert index.holding(["price of oil"], 1, Scope(documents=ranges, phrases=("in winter",), holding=[fell])) == [fell]
    assert index.holding(["price"], scope=Scope(documents=ranges, excluded=("winter",), banned=[fell])) == [rose]
    assert index.holding(["price"], scope=Scope(documents=[])) == []


# Scores of what is known


@pytest.mark.parametrize("query", ["king winter", "treaty of oil", "whatever bread", "horse horse winter", "the"])
def test_scores_are_those_of_the_search(catalog: Catalog, folder: Path, query: str) -> None:
    """Each passage scores what the search says of it, whichever others are asked about; who has no word is left out."""
    put(catalog, TREATY)
    put(catalog, OIL)
    index = index_of(catalog, folder)
    found = index.search(query, 99)
    assert index.scores(query, sorted(index.ids())) == pytest.approx(found)
    for each in index.ids():
        assert index.scores(query, [each]) == pytest.approx({each: found[each]} if each in found else {})
    assert index.scores(query, []) == {}
    assert index.scores(query, [10**9]) == {}
    assert index.scores("", sorted(index.ids())) == {}


@pytest.mark.parametrize("looks", [0, 10**9], ids=["one by one", "all together"])
def test_scores_are_the_same_whichever_way_they_are_found(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    """What each passage scores, and who has no word, does not depend on how many are asked about."""
    put(catalog, TREATY)
    put(catalog, OIL)
    index = index_of(catalog, folder)
    found = index.search("horse horse winter treaty", 99)
    monkeypatch.setattr(queries, "_ENTRIES_A_LOOK", looks)
    assert index.scores("horse horse winter treaty", sorted(index.ids())) == pytest.approx(found)


def test_common_words_propose_nothing_in_a_large_index(
    catalog: Catalog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a question's words stand in too many passages, its rarer ones say who is scored, by all of them."""
    put(catalog, TREATY)
    put(catalog, OIL)
    index = index_of(catalog, folder)
    every = index.search("winter oil harbour", 99)
    by_rarer = set(index.search("oil harbour", 99))
    assert by_rarer < set(every)
    monkeypatch.setattr(queries, "ENTRIES", 9)
    found = index.search("winter oil harbour", 99)
    assert found == pytest.approx({each: score for each, score in every.items() if each in by_rarer})
    assert next(iter(found)) == next(iter(every))
    assert list(index.search("winter oil harbour", 1)) == list(every)[:1]
    assert index.search("winter", 99) == pytest.approx(index.search("WINTER", 99))


def test_more_ids_than_a_query_has_words(catalog: Catalog, folder: Path) -> None:
    """Thousands of passages can be asked about at once."""
    put(catalog, a_document(*(f"The price of oil, {n}." for n in range(5000))))
    index = index_of(catalog, folder)
    ids = sorted(index.ids())[1:]
    assert sorted(index.scores("oil", ids)) == ids


@pytest.mark.parametrize(
    ("scope", "held"),
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
def test_what_a_passage_must_hold_and_must_not(catalog: Catalog, folder: Path, scope: Scope, held: list[str]) -> None:
    """Phrases and exclusions act before the ranking, on the passage itself, and do not change its score."""
    put(catalog, TREATY)
    put(catalog, OIL)
    index = index_of(catalog, folder)
    everywhere = index.search("winter", 99)
    expected = {id_of(catalog, words) for words in held}
    found = index.search("winter", 99, scope)
    holders = {each for each in everywhere if each in set(index.holding(["winter"]))}
    assert {each for each in found if each in holders} == expected
    assert found == pytest.approx({each: everywhere[each] for each in found})


def test_how_rare_a_term_is(catalog: Catalog, folder: Path) -> None:
    """Of seven passages, one holds `oil` and four `winter`: idf is that of BM25, and highest for unknown words."""
    put(catalog, TREATY)
    put(catalog, OIL)
    idf = index_of(catalog, folder).idf(["oil", "winter", "zeppelin"])
    assert idf["oil"] == pytest.approx(math.log(1 + 6.5 / 1.5))
    assert idf["winter"] == pytest.approx(math.log(1 + 3.5 / 4.5))
    assert idf["zeppelin"] > idf["oil"] > idf["winter"]


def test_before_anything_is_open(tmp_path: Path) -> None:
    """An index that was never caught up finds nothing, knows no ids and finds no term rare."""
    index = LexicalIndex(tmp_path / "lexical", "library")
    assert not index.usable
    assert index.search("king", 5) == {}
    assert index.ids() == set()
    assert index.idf(["king"]) == {"king": 0.0}


@pytest.mark.parametrize("names", [["/oil"], ["/oil", "/third"], []], ids=["one", "several", "none"])
def test_a_filter_acts_before_the_ranking(catalog: Catalog, folder: Path, names: list[str]) -> None:
    """Restricted to some documents, their passages are found even where all others score higher."""
    put(catalog, a_document(*["winter oil"] * 30, source="/many"))
    numbers = {"/oil": put(catalog, OIL), "/third": put(catalog, a_document("winter is long here", source="/third"))}
    ranges = catalog.ranges([numbers[name] for name in names])
    index = index_of(catalog, folder)
    everywhere, found = index.search("winter oil", 100), index.search("winter oil", 2, Scope(documents=ranges))
    allowed = {each.first + n for each in ranges for n in range(each.passages)}
    assert list(found.items()) == [(each, score) for each, score in everywhere.items() if each in allowed][:2]
    assert len(found) == min(2, len(allowed))


def test_removed_words_are_not_found(catalog: Catalog, folder: Path) -> None:
    """Removal takes effect with the next catching up, in hits and in ids."""
    treaty, _ = put(catalog, TREATY), put(catalog, OIL)
    index = index_of(catalog, folder)
    catalog.remove(treaty)
    catch_up(index, catalog)
    assert index.search("horse fleet king", 10) == {}
    assert index.ids() == {id_of(catalog, "price"), id_of(catalog, "Treaty, treaty")}


def test_catching_up_is_as_good_as_building(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    """After additions and removals one by one, the index finds what one that is built at once does, in that order."""
    index = index_of(catalog, folder)
    for n in range(5):
        put(catalog, a_document(f"The king has {n} ships.", source=f"/{n}"))
        catch_up(index, catalog)
    catalog.remove(catalog.number_of(catalog.document_of("/2")) or 0)
    catch_up(index, catalog)
    fresh = index_of(catalog, tmp_path)
    assert index.ids() == fresh.ids()
    assert list(index.search("king", 9)) == list(fresh.search("king", 9)) == sorted(fresh.ids())


def test_a_reader_sees_what_a_writer_wrote(catalog: Catalog, folder: Path) -> None:
    """A second index on the same folder opens it again when it has changed, and says whether it is up to date."""
    writer = index_of(catalog, folder)
    reader = LexicalIndex(folder / "lexical", catalog.library_id)
    assert reader.reload(0)
    put(catalog, TREATY)
    assert not reader.reload(1)
    catch_up(writer, catalog)
    assert reader.reload(1)
    assert list(reader.search("horse", 1)) == [id_of(catalog, "rode")]


def truncate(path: Path) -> None:
    """Half of it is lost."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """One bit at the beginning is another one. In its place: a file that is written anew is empty for a moment, and who
    has it mapped into memory, as tantivy's threads have, would be ended by the system.
    """
    with path.open("r+b") as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))


def unlink(path: Path) -> None:
    """It is gone."""
    path.unlink()


@pytest.mark.parametrize("damage", [truncate, flip, unlink])
def test_a_damaged_folder_is_built_again(catalog: Catalog, folder: Path, damage: object) -> None:
    """Whichever file is damaged, however, the index is made anew from the catalog and the answers are the same."""
    put(catalog, TREATY)
    before = index_of(catalog, folder).search("king winter", 9)
    sound = folder / "sound"
    shutil.copytree(folder / "lexical", sound)
    files = [path.name for path in sorted(sound.iterdir()) if path.stat().st_size and path.name != ".managed.json"]
    assert "manifest.json" in files
    for name in files:
        clear(folder / "lexical")
        shutil.copytree(sound, folder / "lexical")
        damage(folder / "lexical" / name)  # type: ignore[operator]
        assert not LexicalIndex(folder / "lexical", catalog.library_id).reload(1), name
        index = index_of(catalog, folder)
        assert index.search("king winter", 9) == pytest.approx(before), name
        assert LexicalIndex(folder / "lexical", catalog.library_id).reload(1), name


@pytest.mark.parametrize("damage", [truncate, flip, unlink])
def test_a_damaged_list_of_files_is_no_obstacle(catalog: Catalog, folder: Path, damage: object) -> None:
    """Tantivy's own list of files is not vouched for by the manifest; damaged or gone, the answers stay the same."""
    put(catalog, TREATY)
    before = index_of(catalog, folder).search("king winter", 9)
    damage(folder / "lexical" / ".managed.json")  # type: ignore[operator]
    put(catalog, OIL)
    catalog.remove(catalog.number_of(OIL.id) or 0)
    found = index_of(catalog, folder).search("king winter", 9)
    assert list(found) == list(before)


def test_a_foreign_folder_is_built_again(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    """A sound index of another library is not served."""
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
