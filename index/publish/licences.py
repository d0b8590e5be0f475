"""Finds the licence of a document: in its words, or in the metadata of its file. It never guesses."""

from __future__ import annotations

import re

from index.errors import PublishError

UNKNOWN = "unknown"
RESERVED = "all rights reserved"
_EDGE = 8_000
"""Characters at each end of a text in which a statement counts: between them, a text may speak of another work."""
_VERSION = r"(?P<version>[1-4]\.\d)"
_KINDS = r"(?P<kind>by(?:-(?:nc-nd|nc-sa|nc|nd|sa))?)"
_URL = re.compile(rf"creativecommons\.org/licenses/{_KINDS}/{_VERSION}", re.I)
_ZERO_URL = re.compile(r"creativecommons\.org/publicdomain/(zero|mark)/1\.0", re.I)
_SHORT = re.compile(rf"\bCC[ -]{_KINDS.replace('-(?:', '[- ](?:')}(?:[ -]+{_VERSION})\b(?! or)", re.I)
_LONG = re.compile(
    r"Creative Commons (?P<words>Attribution(?:[ ,-]+(?:Non-?Commercial|Share-?Alike|No-?Deriv[a-z]+))*)"
    r"(?:,? (?P<version>[1-4]\.\d))?(?: (?:International|Unported|Generic))?(?:,? (?P<later>[1-4]\.\d))?",
    re.I,
)
_SPDX = re.compile(r"SPDX-License-Identifier:[ \t]*(?P<name>[A-Za-z0-9][A-Za-z0-9.+-]*)")
_NAMED = (
    (re.compile(r"\bCC0\b|Creative Commons Zero", re.I), "CC0-1.0"),
    (
        re.compile(r"licen[sc]ed under the Apache Licen[sc]e,? Version 2\.0|apache\.org/licenses/LICENSE-2\.0", re.I),
        "Apache-2.0",
    ),
    (re.compile(r"Permission is hereby granted, free of charge, to any person obtaining a copy"), "MIT"),
    (re.compile(r"(?:licen[sc]ed|released|available) under the MIT licen[sc]e", re.I), "MIT"),
    (re.compile(r"GNU Free Documentation Licen[sc]e,? Version 1\.3", re.I), "GFDL-1.3-or-later"),
    (re.compile(r"Project Gutenberg(?:-tm)? Licen[sc]e", re.I), "LicenseRef-Project-Gutenberg"),
)
_RESERVED = re.compile(r"\ball rights (?:are )?reserved\b", re.I)
_RIGHTS = re.compile(
    rb"<(?:dc:rights|xmpRights:UsageTerms|xmpRights:WebStatement|cc:license)\b[^>]*>.{0,2000}?</", re.S
)
_RIGHTS_ATTRIBUTE = re.compile(rb"(?:xmpRights:WebStatement|cc:license|rdf:resource)=\"[^\"]{0,300}\"")
_RELATION = re.compile(rb"<(?:a|link)\b[^>]*\brel=[\"']?license\b[^>]*>", re.I)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{1,63}")


def licence_of(text: str, data: bytes = b"") -> str:
    """Return the SPDX identifier of the licence that a document states, `all rights reserved`, or `unknown`.

    `data` are the bytes of its file: the metadata of a PDF (XMP), or `rel="license"` of a web page, come first.
    """
    metadata = b"\n".join([*_RIGHTS.findall(data), *_RIGHTS_ATTRIBUTE.findall(data), *_RELATION.findall(data)])
    edges = text if len(text) <= 2 * _EDGE else f"{text[:_EDGE]}\n{text[-_EDGE:]}"
    return _stated(metadata.decode("utf-8", "replace")) or _stated(edges) or UNKNOWN


def checked_identifier(name: str) -> str:
    """Return a licence that the publisher names. Raises PublishError if it cannot be an SPDX identifier."""
    if not _IDENTIFIER.fullmatch(name):
        raise PublishError(
            f"{name!r} is no SPDX identifier of a licence.",
            "Write one as in https://spdx.org/licenses/, such as CC-BY-4.0, or LicenseRef-NAME for another licence.",
        )
    return name


def _stated(text: str) -> str:
    """Return the licence that a text states: an exact form counts more than words; empty without one."""
    if found := _SPDX.search(text):
        return found["name"]
    if found := _ZERO_URL.search(text):
        return "CC0-1.0" if found[1].lower() == "zero" else "LicenseRef-Public-Domain-Mark"
    for pattern in (_URL, _SHORT):
        if found := pattern.search(text):
            return f"CC-{found['kind'].upper().replace(' ', '-')}-{found['version']}"
    if found := _LONG.search(text):
        return _spelled_out(found)
    named = next((name for pattern, name in _NAMED if pattern.search(text)), "")
    return named or (RESERVED if _RESERVED.search(text) else "")


def _spelled_out(found: re.Match[str]) -> str:
    """Return the identifier of a Creative Commons licence in words. Without a version, it is not one licence."""
    words = found["words"].lower().replace("-", "")
    parts = [
        short for word, short in (("noncommercial", "NC"), ("noderiv", "ND"), ("sharealike", "SA")) if word in words
    ]
    version = found["version"] or found["later"]
    name = "-".join(["CC-BY", *parts])
    return f"{name}-{version}" if version else f"LicenseRef-{name}"
