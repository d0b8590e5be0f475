"""Errors of a server that refuses a request: by its operator's settings, or because a limit is reached."""

from __future__ import annotations

from index.errors.pincite_error import PinciteError


class ServiceError(PinciteError):
    """The server refuses a request."""


class NotAllowed(ServiceError):
    """The server's operator has not allowed the action `what`; the setting `setting` allows it."""

    def __init__(self, what: str, setting: str) -> None:
        super().__init__(f"{what} is not allowed here.", f"The operator of this server can allow it with {setting}.")
        self.what = what
        self.setting = setting


class AddressRefused(ServiceError):
    """The address is not on the public web, so it is never fetched, whatever the settings."""

    hint = "Only public http and https addresses are fetched. Save the page as a file, and add that."


class TooMany(ServiceError):
    """A request has more items than a setting allows."""

    def __init__(self, what: str, count: int, limit: int, setting: str) -> None:
        super().__init__(
            f"{count:,} {what} are too many: at most {limit:,} are allowed at once.",
            f"Send fewer at a time. The operator of this server can raise the limit with {setting}.",
        )
        self.what = what
        self.count = count
        self.limit = limit
        self.setting = setting


class Stopping(ServiceError):
    """The server is shutting down and accepts no new work."""

    def __init__(self) -> None:
        super().__init__("The server is shutting down.", "Try again when it is back.")


class QueueFull(ServiceError):
    """The queue of jobs has reached its limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The queue is full: {limit:,} jobs are waiting.",
            "Try again later. The operator of this server can raise the limit with PINCITE_MAX_WAITING_JOBS.",
        )
        self.limit = limit


class TooBusy(ServiceError):
    """One client has reached its limit of waiting requests."""

    hint = "Wait for some of them, then try again."

    def __init__(self, waiting: int) -> None:
        super().__init__(f"Too many requests: {waiting:,} from your address are waiting already.")
        self.waiting = waiting


class NotUploaded(ServiceError):
    """An event names a file that this visitor did not just upload. The reason is withheld on purpose."""

    hint = "Choose the files again. Adding files here needs a browser that accepts cookies."

    def __init__(self) -> None:
        super().__init__("These files were not uploaded from this browser.")


class UploadsFull(ServiceError):
    """Uploads that are not yet added have used up their space: one client's, or that of all clients together."""

    def __init__(self, megabytes: int, files: int, *, of_all: bool) -> None:
        if of_all:
            message, wait = "The space for uploads of all visitors is full.", "Try again"
        else:
            message = f"Your waiting uploads have reached the limit of {megabytes:,} MB or {files:,} files."
            wait = "Send fewer files at once, or try again"
        super().__init__(
            message,
            f"{wait} in a minute. The operator of this server can raise the limit with PINCITE_MAX_UPLOAD_MEGABYTES.",
        )


class JobNotFound(ServiceError):
    """No job has that id: it never existed, or the server has restarted since."""

    def __init__(self, identity: str) -> None:
        super().__init__(
            f"There is no job {identity!r}.", "List the documents to see what was added; added documents are kept."
        )
        self.identity = identity


class AccountsError(ServiceError):
    """An error of accounts: of sign-in, or of the files that hold keys and sessions."""


class AccountFileDamaged(AccountsError):
    """A file of the accounts' folder cannot be read. Nobody gets in by what it holds until it is repaired."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"{path} cannot be used: {problem}.",
            "Restore it from a copy, or delete it: then all its keys, or all sessions, end.",
        )
        self.path = path


class AccountsNotWritable(AccountsError):
    """A file of the accounts' folder cannot be written."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"{path} cannot be written: {problem}.", "Check the permissions of the folder and the free disk space."
        )
        self.path = path


class KeyNameTaken(AccountsError):
    """There is a key of that name already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a key {name!r} already.", "Choose another name, or revoke that key first.")


class KeyNotFound(AccountsError):
    """There is no key of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no key {name!r}.", "`pincite key list` shows all keys.")


class SignInFailed(AccountsError):
    """A sign-in was refused. The message is for the person; the reason is for the log."""

    hint = "Try again. If it fails again, tell the operator of this server, whose log has the reason."

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
