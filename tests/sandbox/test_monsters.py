"""Huge and malicious files are a document or a failure, and the process that reads them stays small."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.encoders.pretrained import read_default
from index.errors import LoadingError, ReaderCrashed, TookTooLong, TooLarge, TooMuchMemory
from index.ingest.queue import absolute
from index.loading.loader import digest, discover, read_bytes
from index.loading.sandbox.messages import ChunkerSettings, Limits, Parsed
from index.loading.sandbox.pool import Parser, parsers
from tests.nightly import length
from tests.skips import FILES, NEEDS_FILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.library.library import Library
    from tests.conftest import Write

SMALL = Limits(seconds=60.0, megabytes=200)
MEGABYTES = 512
SENTENCE = "The Arctic Tern was moored in the harbour of Hull, where the rain of winter fell on her. "


@pytest.fixture
def parser() -> Iterator[Parser]:
    """A sandbox with 200 megabytes of memory."""
    with parsers(SMALL) as parser:
        yield parser


def test_file_above_the_size_limit_is_refused_unread(library: Library, tmp_path: Path) -> None:
    """Two gigabytes are refused by their size: no byte is read and no memory allocated."""
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(2_000_000_000)
    (failure,) = library.add(path).failed
    assert "512 megabytes" in failure.reason
    assert "PINCITE_MAX_FILE_MEGABYTES" in failure.hint
    for read in (read_bytes, digest):
        with pytest.raises(TooLarge):
            read(path, max_bytes=MEGABYTES * 1_000_000)


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not limit memory")
def test_text_that_exceeds_the_memory_limit_is_a_failure(parser: Parser, write: Write) -> None:
    """The error names the setting, and the same parser then reads a smaller text."""
    huge = write("huge.txt", SENTENCE * (16_000_000 // len(SENTENCE)))
    with pytest.raises(TooMuchMemory, match="more than 200 megabytes") as caught:
        parser.parse(huge, source="x", max_bytes=10**9)
    assert "PINCITE_PARSE_MEGABYTES" in caught.value.hint
    large = write("large.txt", f"{SENTENCE}\n\n" * (1_000_000 // len(SENTENCE)))
    parsed = parser.parse(large, source="x", max_bytes=10**9)
    assert len(parsed.document.text) > 900_000
    if parsed.cost.megabytes:  # only where the system measures it
        assert parsed.cost.megabytes <= 200


@pytest.mark.parametrize("unit", [b"abcdefgh", pytest.param("\u7684".encode(), marks=pytest.mark.nightly)])
def test_word_of_megabytes_is_cut_within_the_time_limit(tmp_path: Path, unit: bytes) -> None:
    """The sandbox process reads a word of any length and cuts it into passages: 1 MB, nightly 5 MB."""
    path = tmp_path / "word.txt"
    path.write_bytes(unit * (length(1_000_000, 5_000_000) // len(unit)))
    cutting = ChunkerSettings(170, 256, read_default().tokenizer.to_str())
    with parsers(Limits()) as parser:
        parsed = parser.parse(path, source=str(path), max_bytes=10**9, cutting=cutting)
    assert parsed.chunks
    assert parsed.chunks[-1].end == len(parsed.document.text)


@NEEDS_FILES
def test_real_files_stay_within_time_and_memory() -> None:
    """Each file is a document or a failure with a reason; none ends its process or exceeds its memory."""
    with parsers(Limits()) as parser:
        for path in list(map(Path, map(absolute, discover([FILES]))))[:: length(7, 1)]:
            result = parse_or_error(parser, path)
            if isinstance(result, Parsed):
                assert result.document.text
                assert result.cost.megabytes <= 1000
            else:
                assert not isinstance(result, ReaderCrashed | TooMuchMemory | TookTooLong), path


def parse_or_error(parser: Parser, path: Path) -> Parsed | LoadingError:
    """Parse a file; return the result or the error."""
    try:
        return parser.parse(path, source=str(path), max_bytes=512_000_000)
    except LoadingError as error:
        return error
