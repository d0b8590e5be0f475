"""Members of mailboxes (mbox) and of messages. Offsets are kept, so each message is read without those before it."""

from __future__ import annotations

import re
from email import message_from_bytes
from typing import TYPE_CHECKING

from index.errors import DamagedFile
from index.loading.containers.member_paths import named_members
from index.loading.loader import too_large
from index.loading.mail import attachments, is_encrypted, parse, subject_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import BinaryIO

    from index.loading.containers.member_paths import ContainerLimits, Member


_SEPARATOR = b"From "
_FIELD = re.compile(rb"(?:[!-9;-~]+:|>?From )")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_HEAD = 16_384
"""Bytes of a message in which its subject is looked for."""
_SUBJECT_LENGTH = 60
_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|\s]+')


class MailboxFile:
    """An open mailbox. A message's name is its number and its subject: `00017 Re: the harbour.eml`."""

    def __init__(self, file: BinaryIO, name: str, limits: ContainerLimits) -> None:
        self._file = file
        bounds = list(self._bounds(name, limits))
        if not bounds:
            raise DamagedFile(f"{name} is called a mailbox and has no message in it.")
        entries = ((self._name(number, *bound), bound[1] - bound[0], bound) for number, bound in enumerate(bounds, 1))
        self._members = named_members(entries, name, limits)

    @property
    def members(self) -> Sequence[Member]:
        """The messages."""
        return self._members

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """Return a message without the line that separates it from the one before, and with `>From` unquoted."""
        if member.size > max_bytes:
            raise too_large(member.name, max_bytes)
        start, end = member.key
        return _QUOTED.sub(rb"\1", self._slice(start, end))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _slice(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start)

    def _bounds(self, name: str, limits: ContainerLimits) -> Iterator[tuple[int, int]]:
        """Yield start and end of each message.

        A line that begins with `From ` begins a message if it is the first line or follows an empty one, and a header
        follows it: programs do not quote every such line of a text.
        """
        began, count, position = -1, 0, 0
        pending, after_blank = -1, True
        self._file.seek(0)
        for line in self._file:
            if pending >= 0:
                if _FIELD.match(line):
                    if began >= 0:
                        count += 1
                        limits.check_count(name, count + 1)
                        yield began, pending
                    began = position
                pending = -1
            elif after_blank and line.startswith(_SEPARATOR):
                pending = position
            after_blank = not line.strip()
            position += len(line)
        if began >= 0:
            yield began, position

    def _name(self, number: int, start: int, end: int) -> str:
        head = self._slice(start, min(end, start + _HEAD))
        subject = _NOT_IN_NAMES.sub(" ", subject_of(message_from_bytes(head))).strip(" .~$")
        return f"{number:05} {subject[:_SUBJECT_LENGTH].rstrip()}".rstrip() + ".eml"


# Members of messages: the files and messages that are attached to them.


class Attachments:
    """Members whose bytes a function returns."""

    def __init__(self, entries: Iterable[tuple[str, int, Callable[[], bytes]]], name: str, limits: ContainerLimits):
        self._members = named_members(entries, name, limits)

    @property
    def members(self) -> Sequence[Member]:
        """The attachments."""
        return self._members

    def read(self, member: Member, *, max_bytes: int) -> bytes:
        """Return the bytes of an attachment."""
        data: bytes = member.key()
        if len(data) > max_bytes:
            raise too_large(member.name, max_bytes)
        return data

    def close(self) -> None:
        """Do nothing: the message is in memory."""


class MailAttachments(Attachments):
    """The attachments of an e-mail message."""

    def __init__(self, file: BinaryIO, name: str, limits: ContainerLimits) -> None:
        with file:
            message = parse(file.read())
        found = [] if is_encrypted(message) else attachments(message)
        super().__init__(((each.name, 0, each.read) for each in found), name, limits)
