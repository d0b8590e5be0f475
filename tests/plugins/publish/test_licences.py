"""The licence of a document is the one that it states, and none is guessed."""

from __future__ import annotations

import pytest

from index.errors import PublishError
from index.plugins.publish.listing import RESERVED, UNKNOWN, checked_identifier, licence_of
from tests.cases import cases

STATED = {
    "https://creativecommons.org/licenses/by-sa/4.0/deed.de": "CC-BY-SA-4.0",
    "http://creativecommons.org/publicdomain/zero/1.0/": "CC0-1.0",
    "This work is licensed under CC BY-NC-ND 4.0.": "CC-BY-NC-ND-4.0",
    "© 2021 The authors, CC-BY 3.0": "CC-BY-3.0",
    "under a Creative Commons Attribution 4.0 International License": "CC-BY-4.0",
    "Creative Commons Attribution-NonCommercial-ShareAlike 3.0 Unported": "CC-BY-NC-SA-3.0",
    "a Creative Commons Attribution NonCommercial NoDerivatives licence": "LicenseRef-CC-BY-NC-ND",
    "# SPDX-License-Identifier: MIT\n": "MIT",
    "Licensed under the Apache License, Version 2.0": "Apache-2.0",
    "released under the MIT licence": "MIT",
    "Copyright 2020 The Press. All rights reserved.": RESERVED,
    "Public policy in the creative sector": UNKNOWN,
    "MIT published a study": UNKNOWN,
    "the CC by the river": UNKNOWN,
    "": UNKNOWN,
}
FILES = {
    b"%PDF-1.7 <dc:rights><rdf:Alt><rdf:li>CC BY 4.0</rdf:li></rdf:Alt></dc:rights>": "CC-BY-4.0",
    b'<rdf:Description xmpRights:WebStatement="http://creativecommons.org/licenses/by-nc/3.0/"/>': "CC-BY-NC-3.0",
    b'<a rel="license" href="https://creativecommons.org/licenses/by/2.5/">terms</a>': "CC-BY-2.5",
    b'<a href="https://creativecommons.org/licenses/by/2.5/">the work of others</a>': UNKNOWN,
    b"\xff\xfe\x00<dc:rights>": UNKNOWN,
}


@cases(("text", "licence"), list(STATED.items()))
def test_licence_is_read_from_the_words(text: str, licence: str) -> None:
    """Addresses, short forms, names in full, SPDX lines."""
    assert licence_of(text) == licence


@cases(("data", "licence"), list(FILES.items()))
def test_licence_is_read_from_the_metadata_of_the_file(data: bytes, licence: str) -> None:
    """XMP of a PDF and `rel=license` of a page; a link to somebody else's licence does not count."""
    assert licence_of("", data) == licence


def test_metadata_counts_more_than_words() -> None:
    """The words may speak of a part only."""
    data = b"<dc:rights>CC BY 4.0</dc:rights>"
    assert licence_of("The photograph is under CC BY-NC 3.0.", data) == "CC-BY-4.0"


def test_licence_in_the_middle_of_a_long_text_is_not_its_own() -> None:
    """A book that mentions a licence on page 200 is not under it; a colophon counts."""
    page = "Words follow words. " * 1_000
    assert licence_of(f"{page}CC BY 4.0{page}") == UNKNOWN
    assert licence_of(f"{page}{page}CC BY 4.0") == "CC-BY-4.0"


@pytest.mark.parametrize("name", ["", "CC BY", "-x", "a\nb", "x" * 65])
def test_invalid_identifier_is_refused(name: str) -> None:
    """The front matter of a README takes no arbitrary text."""
    with pytest.raises(PublishError, match="SPDX"):
        checked_identifier(name)
