"""Containers: their members are listed and read by paths, within limits, and no name leads out of them."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from index.errors import ContainerTooLarge, DamagedFile, PasswordRequired, SourceNotFound, TooLarge, UnsupportedFormat
from index.loading.containers import mailboxes
from index.loading.containers.container_reader import ContainerReader, open_container
from index.loading.containers.member_paths import ContainerLimits, container_file, file_on_disk
from tests.cases import cases
from tests.loading.archives import locked_zip, mail, mailbox, tarred, zipped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.conftest import Write

LIMITS = ContainerLimits()
MOST = 10_000_000
INNER = {"one.txt": b"One ship sailed.", "folder/two.txt": b"Two ships sailed."}


def listed(data: bytes, name: str, limits: ContainerLimits = LIMITS) -> list[str]:
    """Return the names of a container's members."""
    with closing(open_container(io.BytesIO(data), name, limits)) as container:
        return [member.name for member in container.members]


def contents(data: bytes, name: str, passwords: Sequence[str] = ()) -> dict[str, bytes]:
    """Return the bytes of a container's members by name."""
    with closing(open_container(io.BytesIO(data), name, LIMITS, passwords)) as container:
        return {member.name: container.read(member, max_bytes=MOST) for member in container.members}


@pytest.fixture
def reader() -> Iterator[ContainerReader]:
    """A reader, whose files are closed at the end."""
    with closing(ContainerReader()) as reader:
        yield reader


KINDS = {
    "zip": ("a.zip", zipped(INNER)),
    "tar": ("a.tar", tarred(INNER)),
    "gzip": ("a.tar.gz", tarred(INNER, "gz")),
    "bzip2": ("a.tbz", tarred(INNER, "bz2")),
    "xz": ("a.tar.xz", tarred(INNER, "xz")),
    "mail": (
        "a.eml",
        mail("Ships", "Hello.", {"one.txt": INNER["one.txt"], "folder-two.txt": INNER["folder/two.txt"]}),
    ),
}


@cases(("name", "data"), KINDS.values(), ids=KINDS.keys())
def test_members_are_listed_and_read(name: str, data: bytes) -> None:
    """Every kind gives the names and the bytes that were put into it, in order."""
    found = contents(data, name)
    assert list(found.values()) == list(INNER.values())
    assert [path.replace("folder-", "folder/") for path in found] == list(INNER)


def test_file_that_is_only_compressed_has_one_member() -> None:
    """Its name is that of the file that was compressed."""
    assert contents(gzip.compress(b"One ship sailed."), "log.txt.gz") == {"log.txt": b"One ship sailed."}


NAMES = {
    "../../etc/passwd": "etc/passwd",
    "/etc/passwd": "etc/passwd",
    "C:\\Users\\ada\\x.txt": "Users/ada/x.txt",
    "a/./b//c.txt": "a/b/c.txt",
    "tab\tname\u202e.txt": "tab\ufffdname\ufffd.txt",
    "long/" + "n" * 300 + ".pdf": "long/" + "n" * 115 + "….pdf",
}


@cases(("stated", "name"), NAMES.items())
def test_names_never_lead_out_of_the_archive(stated: str, name: str) -> None:
    """A name has no `..`, no drive, no control characters, and a length that file systems allow."""
    assert listed(tarred({stated: b"x"}), "a.tar") == [name]
    assert listed(zipped({stated: b"x"}), "a.zip") == [name]


def test_members_that_are_no_documents_are_skipped() -> None:
    """Names without a part, what systems put into archives, names that begin with NUL, links and devices."""
    names = ("__MACOSX/._a.txt", ".git/config", "a/.DS_Store", "~$a.docx", "Thumbs.db", "..", "a.txt")
    assert listed(tarred(dict.fromkeys(names, b"x")), "a.tar") == ["a.txt"]
    data = zipped({"a.txt": b"first", "?b.txt": b"second", "c.txt": b"third"}).replace(b"?b.txt", b"\0b.txt")
    assert contents(data, "a.zip") == {"a.txt": b"first", "c.txt": b"third"}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            entry = tarfile.TarInfo(f"entry-{kind.decode()}")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert listed(buffer.getvalue(), "a.tar") == []


def test_members_with_one_name_are_all_read() -> None:
    """The later ones get a number, also where only the case differs, as on some file systems."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.txt", "second")
        archive.writestr("A.txt", "third")
    assert contents(buffer.getvalue(), "a.zip") == {"a.txt": b"first", "a (2).txt": b"second", "A (3).txt": b"third"}


def zeros(size: int) -> bytes:
    """Return a gzip file of zeros."""
    return gzip.compress(bytes(size), 9)


BOMBS = {
    "zip": ("a.zip", zipped({"bomb.txt": bytes(40_000_000)})),
    "many in one": ("a.zip", zipped({f"{n}.txt": bytes(3_000_000) for n in range(10)})),
    "gzip": ("bomb.txt.gz", zeros(40_000_000)),
    "tar": ("a.tar.xz", tarred({"bomb.txt": bytes(40_000_000)}, "xz")),
}


@cases(("name", "data"), BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_refused_by_name(name: str, data: bytes) -> None:
    """An archive of 0.1 megabytes that would unpack to tens of megabytes is not unpacked."""
    with pytest.raises(ContainerTooLarge, match="looks like a bomb") as caught:
        listed(data, name)
    assert name in caught.value.message
    assert caught.value.hint


@cases(("name", "data"), [*KINDS.values(), ("log.txt.gz", gzip.compress(b"One ship sailed."))])
def test_member_larger_than_the_limit_for_files_is_refused(name: str, data: bytes) -> None:
    """The limit of one file holds for members, too; one of exactly this size is read."""
    with closing(open_container(io.BytesIO(data), name, LIMITS)) as container:
        for member in container.members:
            size = len(container.read(member, max_bytes=MOST))
            assert len(container.read(member, max_bytes=size)) == size
            with pytest.raises(TooLarge, match=member.name):
                container.read(member, max_bytes=size - 1)


MANY = {
    "zip": ("a.zip", zipped({f"{n}.txt": b"x" for n in range(6)})),
    "tar": ("a.tar.gz", tarred({f"{n}.txt": b"x" for n in range(6)}, "gz")),
    "mailbox": ("a.mbox", mailbox(*(mail(f"Message {n}", "Hello.") for n in range(6)))),
    "mail": ("a.eml", mail("Many", "Hello.", {f"{n}.txt": b"x" for n in range(6)})),
}


@cases(("name", "data"), MANY.values(), ids=MANY.keys())
def test_number_of_members_is_limited(name: str, data: bytes) -> None:
    """One more than the limit refuses the container; the limit itself does not."""
    assert len(listed(data, name, ContainerLimits(members=6))) == 6
    with pytest.raises(ContainerTooLarge, match="more than the 5 members"):
        listed(data, name, ContainerLimits(members=5))


DAMAGED = {
    "a directory cut off": ("a.zip", zipped(INNER)[:-30]),
    "no archive at all": ("a.zip", b"PK\x03\x04 nothing"),
    "a compressed file cut off": ("a.txt.gz", gzip.compress(bytes(range(256)) * 400)[:300]),
    "bits that changed": ("a.tar.xz", tarred(INNER, "xz")[:60] + bytes(30)),
    "a mailbox without a message": ("a.mbox", b"From the beginning 1911\nthere was nothing.\n"),
}


@cases(("name", "data"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_containers_are_failures(name: str, data: bytes) -> None:
    """The error names the file."""
    with pytest.raises((DamagedFile, UnsupportedFormat)) as caught:
        listed(data, name)
    assert name in caught.value.message


@cases("kind", ["", "gz", "xz"])
def test_members_before_the_damage_are_read(kind: str) -> None:
    """A tar archive that was cut off gives the files before the cut; the last one says that it is not complete."""
    noise = random.Random(6).randbytes(5000)
    whole = tarred({"a.txt": b"One ship sailed.", "b.txt": noise}, kind)
    with closing(open_container(io.BytesIO(whole[: len(whole) // 2]), "a.tar", LIMITS)) as container:
        first, second = container.members
        assert container.read(first, max_bytes=MOST) == b"One ship sailed."
        with pytest.raises(DamagedFile, match="not complete"):
            container.read(second, max_bytes=MOST)


def test_member_with_a_wrong_checksum_is_a_failure() -> None:
    """Other members of the archive are read."""
    data = zipped({"a.txt": b"One ship sailed.", "b.txt": b"Two ships."}, compression=zipfile.ZIP_STORED)
    container = open_container(io.BytesIO(data.replace(b"One ship", b"Six ship")), "a.zip", LIMITS)
    with pytest.raises(DamagedFile, match=r"a\.txt in a\.zip is damaged"):
        container.read(container.members[0], max_bytes=MOST)
    assert container.read(container.members[1], max_bytes=MOST) == b"Two ships."


def test_locked_archive_is_listed_and_opened_by_its_password() -> None:
    """All passwords are tried, and the error has none of them; encryption by AES is named, since none can help."""
    data = locked_zip("secret.txt", b"Three ships sailed.", "Kiel 1911")
    assert listed(data, "a.zip") == ["secret.txt"]
    assert contents(data, "a.zip", ["wrong", "Kiel 1911"]) == {"secret.txt": b"Three ships sailed."}
    for passwords in ([], ["wrong"]):
        with pytest.raises(PasswordRequired) as caught:
            contents(data, "a.zip", passwords)
        assert "secret.txt in a.zip is locked" in caught.value.message
        assert "wrong" not in f"{caught.value.message} {caught.value.hint}"
    altered = bytearray(data)
    directory = altered.index(b"PK\x01\x02")
    for at in (8, directory + 10):
        altered[at : at + 2] = (99).to_bytes(2, "little")
    with pytest.raises(PasswordRequired, match="encrypted by AES") as caught:
        contents(bytes(altered), "a.zip", ["Kiel 1911"])
    assert "Unpack the archive" in caught.value.hint


def test_names_in_the_encoding_of_the_system_are_read_as_utf8() -> None:
    """Many programs write UTF-8 without saying so; old ones write the letters of DOS."""
    data = zipped({"Häfen.txt": b"x"})
    without_mark = bytearray(data)
    for at in (6, data.index(b"PK\x01\x02") + 8):
        without_mark[at + 1] &= ~0x08
    assert listed(bytes(without_mark), "a.zip") == ["Häfen.txt"]
    assert listed(zipped({"H?fen.txt": b"x"}).replace(b"H?fen", b"H\x84fen"), "a.zip") == ["Häfen.txt"]  # as DOS did


def test_messages_of_a_mailbox_are_found_by_their_offsets() -> None:
    """A line that begins with `From ` begins a message only before a header; marks before such lines are removed."""
    first = mail("Re: the harbour/quay", "From Kiel we sailed.\nFrom there, nothing is known.\n\nFrom now on: silence.")
    second = mail("Two", "Hello.")
    data = mailbox(first, second)
    found = contents(data, "box.mbox")
    assert list(found) == ["00001 Re the harbour quay.eml", "00002 Two.eml"]
    assert found["00001 Re the harbour quay.eml"].strip() == first.strip()
    container = mailboxes.MailboxFile(io.BytesIO(data), "box.mbox", LIMITS)
    assert [data[start : start + 5] for start, _ in (member.key for member in container.members)] == [b"From:"] * 2
    data = mailbox(mail("One", "Hello.")).rstrip() + b"\n\nFrom 1911 on, there was peace.\nNobody sailed.\n"
    assert listed(data, "box.mbox") == ["00001 One.eml"]


def test_path_leads_through_containers(write: Write, reader: ContainerReader) -> None:
    """A path below a file leads into it, and below a member into that member; the longest name counts."""
    letter = mail("Letter", "See the list.", {"list.zip": zipped({"deep/list.txt": b"Four ships sailed."})})
    archive = write("leak.zip", zipped({"box/mail.eml": letter, "box/readme.txt": b"Hello."}))
    deepest = archive / "box/mail.eml/list.zip/deep/list.txt"
    assert reader.read(deepest, LIMITS, (), max_bytes=MOST) == b"Four ships sailed."
    assert reader.container_of(deepest, LIMITS, (), max_bytes=MOST) == archive / "box/mail.eml/list.zip"
    assert [each.name for each in reader.members(archive / "box/mail.eml", LIMITS, (), max_bytes=MOST)] == ["list.zip"]
    assert container_file(deepest) == archive
    assert file_on_disk(archive) == archive
    for nothing in (archive / "box/none.txt", archive / "box", archive.parent / "none.zip/a.txt"):
        with pytest.raises(SourceNotFound):
            reader.read(nothing, LIMITS, (), max_bytes=MOST)


def test_depth_is_limited(write: Write, reader: ContainerReader) -> None:
    """The fourth container within the others is refused by name, and so is a path that leads through it."""
    data = zipped({"a.txt": b"One ship sailed."})
    for n in range(3):
        data = zipped({f"{n}.zip": data})
    archive = write("nested.zip", data)
    inside = archive / "2.zip/1.zip"
    assert [each.name for each in reader.members(inside, LIMITS, (), max_bytes=MOST)] == ["0.zip"]
    with pytest.raises(ContainerTooLarge, match=r"0\.zip is the 4th of containers"):
        reader.members(inside / "0.zip", LIMITS, (), max_bytes=MOST)
    with pytest.raises(ContainerTooLarge, match="the settings allow 3"):
        reader.read(inside / "0.zip/a.txt", LIMITS, (), max_bytes=MOST)
    assert reader.read(inside / "0.zip/a.txt", ContainerLimits(depth=4), (), max_bytes=MOST) == b"One ship sailed."


def test_container_that_changed_is_opened_again(write: Write, reader: ContainerReader) -> None:
    """The reader keeps containers open only while their files stay the same."""
    archive = write("a.zip", zipped({"a.txt": b"before"}))
    assert reader.read(archive / "a.txt", LIMITS, (), max_bytes=MOST) == b"before"
    write("a.zip", zipped({"a.txt": b"after that", "b.txt": b"new"}))
    assert reader.read(archive / "a.txt", LIMITS, (), max_bytes=MOST) == b"after that"
    assert reader.read(archive / "b.txt", LIMITS, (), max_bytes=MOST) == b"new"


def test_other_files_and_folders_are_no_containers(write: Write, reader: ContainerReader, tmp_path: Path) -> None:
    """A path below a text or a folder leads nowhere, and a container is no larger than a file may be."""
    with pytest.raises(UnsupportedFormat, match="no archive, mailbox or message"):
        reader.read(write("a.txt", "words") / "b.txt", LIMITS, (), max_bytes=MOST)
    with pytest.raises(TooLarge):
        reader.members(write("a.zip", zipped(INNER)), LIMITS, (), max_bytes=10)
    assert container_file(tmp_path / "none.txt") is None
    assert container_file(tmp_path) is None
