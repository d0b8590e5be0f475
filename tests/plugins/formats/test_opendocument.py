"""Presentations and drawings of OpenDocument are read like those of other programs."""

from __future__ import annotations

import pytest

from index.errors import DamagedFile, PasswordRequired
from index.loading.loader import load_bytes
from tests.loading.archives import repacked
from tests.loading.office import frame, odp
from tests.loading.tables import places, quotation


def test_open_presentations_are_read() -> None:
    """Slides are places; lists, tables, notes and hidden slides are as in PowerPoint."""
    items = "<text:list><text:list-item><text:p>Terns<text:s/>fly</text:p></text:list-item></text:list>"
    wide = "<table:table-cell table:number-columns-spanned='2'><text:p>Cups</text:p></table:table-cell>"
    head = f"<table:table-cell><text:p>Team</text:p></table:table-cell>{wide}<table:covered-table-cell/>"
    row = "".join(f"<table:table-cell><text:p>{words}</text:p></table:table-cell>" for words in ("Blues", "1", "2"))
    rows = "".join(f"<table:table-row>{cells}</table:table-row>" for cells in (head, row))
    table = f"<draw:frame svg:y='80mm'><table:table>{rows}</table:table></draw:frame>"
    notes = f"<presentation:notes>{frame('<text:p>Mention it.</text:p>', '1cm', 'notes')}</presentation:notes>"
    first = (
        f"<draw:page>{table}{frame(items, '2in')}{frame('<text:p>Ships</text:p>', '1cm', 'title')}{notes}</draw:page>"
    )
    number = frame("<text:p>7</text:p>", "9cm", "page-number")
    second = f"<draw:page draw:style-name='dp2'>{frame('<text:p>Ports</text:p>', '1cm')}{number}</draw:page>"
    style = (
        "<style:style style:name='dp2'><style:drawing-page-properties presentation:visibility='hidden'/></style:style>"
    )
    document = load_bytes(odp(first + second, style), source="/talk.odp")
    assert document.text == "Ships\n\n- Terns fly\n\nTeam | Cups\nBlues | 1 | 2\n\nMention it.\n\nPorts"
    assert places(document) == ["slide 1, “Ships”", "slide 1, “Ships”, notes", "slide 2"]
    assert quotation(document, "2") == "Cups · Blues"
    assert document.notes == ("Hidden slides are read, too: 2.",)


def test_locked_and_damaged_open_presentations_are_reported() -> None:
    """The manifest of a locked one says so."""
    with pytest.raises(PasswordRequired):
        load_bytes(odp("", manifest="<encryption-data/>"), source="/talk.odp")
    with pytest.raises(DamagedFile, match="cannot be opened"):
        load_bytes(odp("<draw:page>"), source="/talk.odp")


def test_open_drawings_and_templates_are_read() -> None:
    """A drawing has pages where a presentation has slides; the texts of all its shapes are read."""
    path = "<draw:path svg:y='5cm'><text:p>The quay</text:p></draw:path>"
    made = odp(f"<draw:page>{path}{frame('<text:p>Harbour</text:p>', '1cm')}</draw:page>")
    for kind, place in (("graphics", "page 1"), ("graphics-template", "page 1"), ("presentation-template", "slide 1")):
        stated = f"application/vnd.oasis.opendocument.{kind}".encode()
        changed = repacked(made, lambda name, part, stated=stated: stated if name == "mimetype" else part)  # type: ignore[misc]
        document = load_bytes(changed, source="harbour")
        assert document.text == "Harbour\n\nThe quay"
        assert places(document) == [place]
