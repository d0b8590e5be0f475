"""Members of messages: the files and messages that are attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.loading.containers.member import named_members
from index.loading.loader import too_large
from index.loading.mail.eml import is_encrypted
from index.loading.mail.message_parts import attachments, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import BinaryIO

    from index.loading.containers.member import ContainerLimits, Member


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
