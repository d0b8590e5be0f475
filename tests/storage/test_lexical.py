"""Passages by words: who wins, and that the folder on disk is never trusted more than the catalog."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING

import pytest

from index.storage.catalog import Catalog
from index.storage.lexical import LexicalIndex
from tests.storage.making import a_document, id_of, put

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
    index.catch_up(catalog)
    return index


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
    found = index_of(catalog, folder).search(query, 10, None)
    assert next(iter(found)) == id_of(catalog, winner)
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert min(found.values()) > 0


@pytest.mark.parametrize("query", ["zeppelin", "", "?!", "  "])
def test_words_that_are_nowhere_find_nothing(catalog: Catalog, folder: Path, query: str) -> None:
    """No shared word, no hit; a question without words is no error."""
    put(catalog, TREATY)
    assert index_of(catalog, folder).search(query, 10, None) == {}


def test_a_question_of_idle_words_still_finds_them(catalog: Catalog, folder: Path) -> None:
    """Where a question has no other words, the idle ones are looked for: "The Who" can be found."""
    put(catalog, a_document("The Who played.", "Rain fell."))
    assert list(index_of(catalog, folder).search("the who", 10, None)) == [id_of(catalog, "played")]


@pytest.mark.parametrize("query", ['text:king AND "', "king^9 OR (", "* ? [a TO b]", "-king +treaty", "id:1"])
def test_a_question_is_not_a_query_language(catalog: Catalog, folder: Path, query: str) -> None:
    """Signs that mean something to search engines are but signs."""
    put(catalog, TREATY)
    index_of(catalog, folder).search(query, 10, None)


def test_the_terms_of_a_question(catalog: Catalog, folder: Path) -> None:
    """Each telling word has its stem, in the question's order; idle words are left out."""
    terms = index_of(catalog, folder).terms("Who signed the treaties of Kings?")
    assert list(terms.values()) == ["signed", "treaties", "Kings"]
    assert set(terms) == set(index_of(catalog, folder).analyze("sign treaty king"))


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
    assert index.search("king", 5, None) == {}
    assert index.ids() == set()
    assert index.idf(["king"]) == {"king": 0.0}


@pytest.mark.parametrize("names", [["/oil"], ["/oil", "/third"], []], ids=["one", "several", "none"])
def test_a_filter_acts_before_the_ranking(catalog: Catalog, folder: Path, names: list[str]) -> None:
    """Restricted to some documents, their passages are found even where all others score higher."""
    put(catalog, a_document(*["winter oil"] * 30, source="/many"))
    numbers = {"/oil": put(catalog, OIL), "/third": put(catalog, a_document("winter is long here", source="/third"))}
    ranges = catalog.ranges([numbers[name] for name in names])
    index = index_of(catalog, folder)
    everywhere, found = index.search("winter oil", 100, None), index.search("winter oil", 2, ranges)
    allowed = {each.first + n for each in ranges for n in range(each.passages)}
    assert found == {identity: everywhere[identity] for identity in found}
    assert set(found) == set(everywhere) & allowed


def test_removed_words_are_not_found(catalog: Catalog, folder: Path) -> None:
    """Removal takes effect with the next catching up, in hits and in ids."""
    treaty, _ = put(catalog, TREATY), put(catalog, OIL)
    index = index_of(catalog, folder)
    catalog.remove(treaty)
    index.catch_up(catalog)
    assert index.search("horse fleet king", 10, None) == {}
    assert index.ids() == {id_of(catalog, "price"), id_of(catalog, "Treaty, treaty")}


def test_catching_up_is_as_good_as_building(catalog: Catalog, folder: Path, tmp_path: Path) -> None:
    """After additions and removals one by one, the index holds what one that is built at once does."""
    index = index_of(catalog, folder)
    for n in range(5):
        put(catalog, a_document(f"The king has {n} ships.", source=f"/{n}"))
        index.catch_up(catalog)
    catalog.remove(catalog.number_of(catalog.document_of("/2")) or 0)
    index.catch_up(catalog)
    fresh = index_of(catalog, tmp_path)
    assert index.ids() == fresh.ids()
    assert set(index.search("king", 9, None)) == set(fresh.search("king", 9, None)) == fresh.ids()


def test_a_reader_sees_what_a_writer_wrote(catalog: Catalog, folder: Path) -> None:
    """A second index on the same folder opens it again when it has changed, and says whether it is up to date."""
    writer = index_of(catalog, folder)
    reader = LexicalIndex(folder / "lexical", catalog.library_id)
    assert reader.reload(0)
    put(catalog, TREATY)
    assert not reader.reload(1)
    writer.catch_up(catalog)
    assert reader.reload(1)
    assert list(reader.search("horse", 1, None)) == [id_of(catalog, "rode")]


def truncate(path: Path) -> None:
    """Half of it is lost."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    """One bit in the middle is another one."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def unlink(path: Path) -> None:
    """It is gone."""
    path.unlink()


def prepend(path: Path) -> None:
    """A file that does not belong there."""
    path.with_name("extra.idx").write_bytes(b"x")


@pytest.mark.parametrize("damage", [truncate, flip, unlink, prepend])
def test_a_damaged_folder_is_built_again(catalog: Catalog, folder: Path, damage: object) -> None:
    """Whichever file is damaged, however, the index is made anew from the catalog and the answers are the same."""
    put(catalog, TREATY)
    before = index_of(catalog, folder).search("king winter", 9, None)
    sound = folder / "sound"
    shutil.copytree(folder / "lexical", sound)
    files = [path.name for path in sorted(sound.iterdir()) if path.stat().st_size and path.name != ".managed.json"]
    assert "manifest.json" in files
    for name in files:
        shutil.rmtree(folder / "lexical")
        shutil.copytree(sound, folder / "lexical")
        damage(folder / "lexical" / name)  # type: ignore[operator]
        assert not LexicalIndex(folder / "lexical", catalog.library_id).reload(1), name
        index = index_of(catalog, folder)
        assert index.search("king winter", 9, None) == pytest.approx(before), name
        assert LexicalIndex(folder / "lexical", catalog.library_id).reload(1), name


@pytest.mark.parametrize("damage", [truncate, flip, unlink])
def test_a_damaged_list_of_files_is_no_obstacle(catalog: Catalog, folder: Path, damage: object) -> None:
    """Tantivy's own list of files is not vouched for by the manifest; damaged or gone, the answers stay the same."""
    put(catalog, TREATY)
    before = index_of(catalog, folder).search("king winter", 9, None)
    damage(folder / "lexical" / ".managed.json")  # type: ignore[operator]
    put(catalog, OIL)
    catalog.remove(catalog.number_of(OIL.id) or 0)
    found = index_of(catalog, folder).search("king winter", 9, None)
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
    assert index.search("oil", 9, None) == {}
    assert list(index.search("bread", 9, None)) == [id_of(catalog, "bread")]
