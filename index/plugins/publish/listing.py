"""What becomes public when a library is published, under which names and licences, and the secrets found in it."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import redact_secret

from index.errors import OriginalMissing, PublishError
from index.records import Span
from index.wire import source_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from index.library.library import Library
    from index.records import DocumentInfo

    Test = Callable[[str], bool]

    from index.records import Location


# Finds the licence of a document: in its words, or in the metadata of its file. It never guesses.

UNKNOWN = "unknown"
RESERVED = "all rights reserved"
_EDGE = 8_000
"""Characters at each end of a text in which a statement counts: between them, a text may speak of another work."""
_VERSION = r"(?P<version>[1-4]\.\d)"
_KINDS = r"(?P<kind>by(?:-(?:nc-nd|nc-sa|nc|nd|sa))?)"
_URL = re.compile(rf"creativecommons\.org/licenses/{_KINDS}/{_VERSION}", re.I)
_ZERO_URL = re.compile(r"creativecommons\.org/publicdomain/(zero|mark)/1\.0", re.I)
_SHORT = re.compile(rf"\bCC[ -]{_KINDS.replace('-(?:', '[- ](?:')}(?:[ -]+{_VERSION})\b(?! or)", re.I)
_LONG_TEXT = re.compile(
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
    if found := _LONG_TEXT.search(text):
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


_LARGEST_READ = 64 << 20
"""Bytes of an original file in which a licence is looked for."""


@dataclass(frozen=True, slots=True)
class PublicDocument:
    """A document as the public will see it."""

    id: str
    name: str
    """The name that shows as its source: a file name or a web address, never a path."""
    also: tuple[str, ...]
    """Names of further files with the same bytes."""
    title: str
    author: str
    date: str
    media_type: str
    pages: int
    passages: int
    characters: int
    original: int | None
    """Size of the original file in bytes, if it goes along; None if it does not."""
    licence: str
    """An SPDX identifier, `all rights reserved`, or `unknown`."""
    hidden: tuple[str, ...]
    """Paths of this machine that were replaced by names."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that becomes public."""

    documents: tuple[PublicDocument, ...]
    sources: Mapping[str, str]
    """Each source of the library with the id of its document."""
    names: Mapping[str, str]
    """The public name of each source."""
    missing: tuple[str, ...] = ()
    """Names of documents whose original file should go along, but is gone or has changed."""

    @property
    def unlicensed(self) -> tuple[str, ...]:
        """The names of the documents whose licence is unknown."""
        return tuple(document.name for document in self.documents if document.licence == UNKNOWN)

    @property
    def passages(self) -> int:
        """The number of passages."""
        return sum(document.passages for document in self.documents)

    @property
    def originals(self) -> int:
        """The size of all original files that go along, in bytes."""
        return sum(document.original or 0 for document in self.documents)


def list_library(library: Library, *, originals: bool, licences: Mapping[str, str]) -> Listing:
    """Return what becomes public.

    `licences` maps ids of documents to the licences that the publisher states; the one of "" is that of all documents
    that name none themselves.
    """
    sources = library.sources()
    names = public_names(sources)
    own: dict[str, list[str]] = {}
    for source, identity in sources.items():
        own.setdefault(identity, []).append(source)
    documents, missing = [], []
    for info in library.documents():
        size, found = _original_and_licence(library, info)
        licence = licences.get(info.id) or (licences.get("", UNKNOWN) if found == UNKNOWN else found)
        if originals and size is None:
            missing.append(names[info.source])
        shown = [names[source] for source in own[info.id]]
        hidden = tuple(source for source in own[info.id] if names[source] != source and _is_path(source))
        documents.append(_public(info, shown, licence, hidden, size if originals else None))
    return Listing(tuple(documents), sources, names, tuple(missing))


def public_names(sources: Iterable[str]) -> dict[str, str]:
    """Return a unique name for each source: its file name or web address, with a number if two are alike."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for source in sorted(sources):
        name = source_name(source)
        number = 1
        while name in taken:
            number += 1
            name = _numbered(source_name(source), number)
        taken.add(name)
        names[source] = name
    return names


def _numbered(name: str, number: int) -> str:
    """Return a name with a number before its suffix, `notes (2).md`; after a web address, as a fragment."""
    if "://" in name:
        return f"{name}#{number}"
    suffix = PurePath(name).suffix
    return f"{name.removesuffix(suffix)} ({number}){suffix}"


def _is_path(source: str) -> bool:
    return Path(source).is_absolute()


def _original_and_licence(library: Library, info: DocumentInfo) -> tuple[int | None, str]:
    """Return the size of the original file, if it is there, and the licence that the document states."""
    text = library.document(info.id).text
    try:
        with library.open_original(info.id).file as file:
            data = file.read(_LARGEST_READ)
            size = file.seek(0, 2)
    except OriginalMissing:
        return None, licence_of(text)
    return size, licence_of(text, data)


def _public(
    info: DocumentInfo, shown: list[str], licence: str, hidden: tuple[str, ...], original: int | None
) -> PublicDocument:
    return PublicDocument(
        id=info.id,
        name=shown[0],
        also=tuple(shown[1:]),
        title=info.title,
        author=info.author,
        date=info.date,
        media_type=info.media_type,
        pages=info.pages,
        passages=info.passages,
        characters=info.characters,
        original=original,
        licence=licence,
        hidden=hidden,
    )


# Finds secrets in texts: keys, tokens, passwords, and e-mail addresses on request.
#
# The package redact-secret knows the forms of the providers. The forms below find what no list of providers can: random
# characters after a prefix, as in the tokens of most other providers; addresses that contain a secret; and random
# values that are assigned to a name such as `API_KEY`. docs/sharing.md has the comparison with other packages.

EMAIL = "e-mail address"
_SHOWN = 4
"""Characters of a secret that an excerpt shows."""
_RANDOM_BITS = 3.3
"""Entropy, in bits for each character, from which a value of an assignment looks random; words have about 3."""
_LEAST = 12
"""The shortest value of an assignment that counts: shorter ones are mostly words."""
_PLACEHOLDER = re.compile(
    r"example|sample|placeholder|dummy|changeme|redacted|your[-_ ]|(.)\1{4}|^[<\[{(*%]|[$%]\{|\{\{"
    r"|^(?:pass(?:word|wd)?|pwd|secret|token)$",
    re.I,
)
_CODE = re.compile(
    r"^(?:[a-z_]+\.)+[a-z_]+|[(\[]|^(?:https?|file):|^(?:\.{1,2}|~)/|^\.\w|^/(?:[a-z][\w.-]*/)+|^[a-z]+(?:[-_][a-z]+)+$",
    re.I,
)
"""A value that is an expression, a path or several words, and no secret itself."""
_LONG = re.compile(r"[A-Za-z0-9]{16,}")
_CHANGE = re.compile(r"(?<=[0-9])(?=[A-Za-z])|(?<=[A-Za-z])(?=[0-9])")
_CHANGES = 4
"""Changes between digits and letters from which a part of a token looks random: `covid2019vaccine` has two."""
_HASH = re.compile(r"(?:^|[_.-])(?:sha|md5|blake|crc|commit|rev|etag|uuid|urn|build)", re.I)
"""The name of a hash, which is public."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text."""

    kind: str
    span: Span
    excerpt: str
    """Its first characters and its length."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A form of secrets; the group `secret` is the secret itself."""

    kind: str
    pattern: re.Pattern[str]
    test: Test


def scan(text: str, *, emails: bool = False) -> list[Finding]:
    """Return the secrets in a text in order; with `emails`, the e-mail addresses, too. None lies within another."""
    found: list[Finding] = []
    for kind, span in (*_of_providers(text), *_of_forms(text, (*FORMS, *([_EMAIL] if emails else [])))):
        if not any(span.start < other.span.end and other.span.start < span.end for other in found):
            found.append(Finding(kind, span, masked(span.of(text))))
    return sorted(found, key=lambda finding: finding.span)


def masked(secret: str) -> str:
    """Return what may be shown of a secret: enough to find it, too little to use it."""
    first = " ".join(secret.split())[: min(_SHOWN, len(secret) // 3)]
    return f"{first}… ({len(secret)} characters)"


def _of_providers(text: str) -> Iterator[tuple[str, Span]]:
    """Yield the secrets that redact-secret finds, apart from those for which we have better forms."""
    # Halves of surrogate pairs are refused; a question mark in place of each leaves all offsets as they are.
    valid = text.encode("utf-8", "replace").decode()
    most = redact_secret.WholeInputLimits(max_input_bytes=4 * len(valid) + 1, max_findings=len(valid) + 1)
    for found in redact_secret.scan(valid, limits=most):
        span = Span(found.start, found.end)
        if _TESTS.get(found.type, _is_real)(span.of(text)):
            yield found.type.replace("_", " "), span


def _of_forms(text: str, forms: Iterable[_Form]) -> Iterator[tuple[str, Span]]:
    for form in forms:
        for match in form.pattern.finditer(text):
            if form.test(match["secret"]):
                yield form.kind, Span(*match.span("secret"))


def _is_real(value: str) -> bool:
    return not _PLACEHOLDER.search(value)


def _is_password(value: str) -> bool:
    """Return whether a password in an address is a real one: it may begin with any character."""
    return _is_real(value.lstrip("(*%[")) and bool(value.strip("*%"))


def _is_assigned_secret(value: str) -> bool:
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and _is_real(value) and _entropy(value) > _RANDOM_BITS and not _CODE.search(value)


def _is_prefixed_token(value: str) -> bool:
    """Return whether a part of a token is long, and mixes digits and letters as no word or number does."""
    is_mixed = any(len(_CHANGE.findall(part)) >= _CHANGES for part in _LONG.findall(value))
    return is_mixed and _is_real(value) and not _HASH.search(value)


def _entropy(text: str) -> float:
    """Return the entropy of a text's characters, in bits for each character."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


_TESTS: dict[str, Test] = {
    "bearer_token": _is_assigned_secret,
    "contextual_secret": lambda _: False,  # it takes “the secret: negotiations” for one
    "private_key": lambda _: False,  # it misses keys of PGP
}
"""The tests of what redact-secret finds, by its type; for all other types, that the value is no placeholder."""


def _forms() -> Iterator[_Form]:
    key = r"-----BEGIN (?:[A-Z]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----"
    body = r"(?:\s*[\w-]+: [^\n]*\n)*(?P<secret>(?:(?:\s|\\[nr])*[A-Za-z0-9+/=]){64,})"
    yield _Form("private key", re.compile(f"{key}{body}"), lambda _: True)
    url = r"\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@\"'<>]{1,100}:(?P<secret>[^\s/@\"'<>]{3,100})@[\w.-]{2,}"
    yield _Form("password in an address", re.compile(url, re.I), _is_password)
    hook = r"\bhttps://[\w.-]{4,100}/(?:[\w@.-]{1,150}/){0,6}?(?:services|\w{0,8}hooks?\w{0,3})/(?P<secret>[\w@/-]{12,200})"
    yield _Form("webhook address", re.compile(hook), _is_assigned_secret)
    signed = r"[?&]sig=(?P<secret>[\w%/+-]{40,80}=?)"
    yield _Form("signed address", re.compile(signed), _is_assigned_secret)
    prefix = r"(?:[a-z]{1,12}|[A-Z]{2,12})\d?(?:[_-][A-Za-z0-9]{1,8}){0,3}"
    token = rf"(?<![\w/.=+@#&%-])(?P<secret>{prefix}[_.-][\w-]{{20,300}})(?![\w/-]|\.\w)"
    yield _Form("token with a prefix", re.compile(token, re.A), _is_prefixed_token)
    words = "secret|token|passwo?r?d|passphrase|(?:api|access|account|private|auth)_?key|credentials?"
    name = rf"(?:\b|_|(?<=[a-z])(?-i:(?=[A-Z])))(?:{words})(?:_\w{{1,20}})?"
    value = rf"(?P<secret>[^\s\"'`,;<>|]{{{_LEAST},200}})"
    yield _Form(
        "secret in an assignment", re.compile(rf"{name}[\"']?[ \t]?[:=][ \t]?[\"'`]?{value}", re.I), _is_assigned_secret
    )


FORMS = tuple(_forms())
_EMAIL = _Form(
    EMAIL,
    re.compile(r"(?<![\w.+-])(?P<secret>[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24})\b"),
    lambda _: True,
)


# Looks for secrets in everything that becomes public of a library: texts, titles, names, original files.


@dataclass(frozen=True, slots=True)
class SecretFound:
    """A secret in a document that would become public."""

    document: str
    """The id of the document."""
    name: str
    kind: str
    place: str
    """`title`, `author`, `date`, `file name`, `heading`, `original file`, or the location in the text and its offset in
    code points."""
    excerpt: str
    """The secret, masked."""
    allowed: bool
    """Whether the publisher has decided that it may become public."""


def find_secrets(
    library: Library, listing: Listing, *, emails: bool = False, allowed: frozenset[str] = frozenset()
) -> list[SecretFound]:
    """Return the secrets in all documents; `allowed` has the ids of documents whose secrets may become public."""
    return [
        SecretFound(document.id, document.name, found.kind, place, found.excerpt, document.id in allowed)
        for document in listing.documents
        for place, found in _in_document(library, document, emails=emails)
    ]


def _in_document(library: Library, document: PublicDocument, *, emails: bool) -> Iterator[tuple[str, Finding]]:
    fields = {"title": document.title, "author": document.author, "date": document.date}
    for place, words in fields.items():
        yield from ((place, found) for found in scan(words, emails=emails))
    for name in (document.name, *document.also):
        yield from (("file name", found) for found in scan(name, emails=emails))
    full = library.document(document.id)
    for found in scan(full.text, emails=emails):
        yield _place(library.locate(document.id, found.span), found.span.start), found
    outline = "\n".join(dict.fromkeys(mark.label for mark in full.landmarks if mark.label not in full.text))
    yield from (("heading", found) for found in scan(outline, emails=emails))
    if document.original is not None:
        yield from _in_original(library, document, full.text, emails=emails)


def _in_original(
    library: Library, document: PublicDocument, text: str, *, emails: bool
) -> Iterator[tuple[str, Finding]]:
    """Yield the secrets of an original file that are not in its text: in a script of a web page, or in metadata.

    Compressed parts of a file are not read.
    """
    with library.open_original(document.id).file as file:
        data = file.read(_LARGEST_READ).decode("utf-8", "ignore")
    for found in scan(data, emails=emails):
        if found.span.of(data) not in text:
            yield "original file", found


def _place(location: Location, offset: int) -> str:
    return f"{location.label}, character {offset}" if location.label else f"character {offset}"
