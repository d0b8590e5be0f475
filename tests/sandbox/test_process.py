"""A file can end the process that reads it, but never the program, and the next file is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import (
    DamagedFile,
    LoadingError,
    PasswordRequired,
    ReaderCrashed,
    SourceNotFound,
    TookTooLong,
    TooLarge,
    TooMuchMemory,
)
from index.loading import processor_time
from index.loading.sandbox import messages, pool
from index.loading.sandbox import pool as process
from index.loading.sandbox.messages import ChunkerSettings, Limits
from index.loading.sandbox.pool import Parser, parsers
from tests.hosted import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Write

LIMITS = Limits(seconds=60.0, megabytes=400)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the system does not limit this")


@pytest.fixture
def parser(misbehaving_sandbox: None) -> Iterator[Parser]:
    """A sandbox that obeys the commands in files."""
    with parsers(LIMITS) as parser:
        yield parser


def read(parser: Parser, path: Path, **options: Any) -> str:
    """Return the text of a file."""
    return parser.parse(path, source=str(path), max_bytes=10_000_000, **options).document.text


@pytest.mark.parametrize(
    ("command", "error", "message"),
    [
        pytest.param("!crash", ReaderCrashed, "(SIGSEGV)", id="a crash"),
        pytest.param("!exit", ReaderCrashed, "(exit code 7)", id="an exit"),
        pytest.param("!fail", ReaderCrashed, "KeyError: 'no such glyph'", id="an unexpected exception"),
        pytest.param("!panic", ReaderCrashed, "PanicException: index out of bounds", id="a panic"),
        pytest.param("!nest", DamagedFile, "nested too deeply", id="nesting"),
        pytest.param("!grow 600", TooMuchMemory, "more than 400 megabytes", id="too much memory", marks=LINUX),
        pytest.param(
            "!starve 300",
            TooMuchMemory,
            "more than 400 megabytes",
            id="too much memory, reported as damage",
            marks=LINUX,
        ),
        pytest.param("!killed", TooMuchMemory, "memory is short", id="killed by the system", marks=LINUX),
    ],
)
def test_bad_file_is_a_named_error_and_the_next_file_is_read(
    parser: Parser, write: Write, command: str, error: type[LoadingError], message: str
) -> None:
    """Each kind of failure has its own error with advice, and the next file is read as usual."""
    with pytest.raises(error) as caught:
        read(parser, write("bad.txt", f"{command} and more"))
    assert type(caught.value) is error
    assert "bad.txt" in caught.value.message
    assert message in caught.value.message
    assert caught.value.hint
    assert read(parser, write("good.txt", "The ship left.")) == "The ship left."


@pytest.mark.parametrize("command", ["!hang", "!loop", "!stop"])
def test_file_that_exceeds_its_time_is_given_up(
    parser: Parser, write: Write, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """The limit applies whether the worker waits, computes or is stopped, and the error names the setting."""
    monkeypatch.setattr(processor_time, "CLOCK_FACTOR", 2)
    good = write("good.txt", "The ship left.")
    assert read(parser, good) == "The ship left."  # the process has started, so that the short limit is for the file
    parser._limits = Limits(seconds=0.5, megabytes=400)
    with pytest.raises(TookTooLong, match=r"takes more than 0\.5 seconds of processor time") as caught:
        read(parser, write("slow.txt", command))
    assert "PINCITE_PARSE_SECONDS" in caught.value.hint
    parser._limits = LIMITS  # the next process has time to start
    assert read(parser, good) == "The ship left."


@LINUX
def test_file_that_waits_on_a_busy_machine_is_read(parser: Parser, write: Write) -> None:
    """The limit counts processor time: a worker that gets little of it is not late."""
    assert read(parser, write("good.txt", "The ship left.")) == "The ship left."
    parser._limits = Limits(seconds=0.3, megabytes=400)
    assert read(parser, write("slow.txt", "!wait 1.0 s")) == "!wait 1.0 s"


@LINUX
def test_hanging_program_ends_with_the_worker_that_started_it(parser: Parser, write: Write, tmp_path: Path) -> None:
    """No program of a file that was given up is left behind."""
    told = tmp_path / "pid"
    path = write("slow.txt", f"!start {told}")

    def parse() -> None:
        with pytest.raises(ReaderCrashed):
            read(parser, path)

    thread = threading.Thread(target=parse)
    thread.start()
    wait_until(lambda: told.exists() and told.read_text() != "")
    pid = int(told.read_text())
    assert _is_running(pid)
    parser.stop()
    thread.join(timeout=30)
    wait_until(lambda: not _is_running(pid))


def test_time_limit_grows_with_file_size() -> None:
    """The limit grows with each megabyte."""
    limits = Limits(seconds=10.0, megabytes=400)
    assert limits.seconds_for(3_000_000) == 10.0 + 3 * messages.SECONDS_PER_MEGABYTE


def test_output_of_a_library_is_not_taken_for_an_answer(parser: Parser, write: Write) -> None:
    """The standard output of the worker is discarded."""
    assert read(parser, write("loud.txt", "!babble")) == "!babble"


def test_loading_errors_keep_type_message_and_hint(parser: Parser, write: Write, tmp_path: Path) -> None:
    """A missing or too large file is refused by the worker as it would be in this process."""
    ole2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(PasswordRequired, match=r"a\.docx") as caught:
        read(parser, write("a.docx", ole2))
    assert caught.value.hint == PasswordRequired.hint
    with pytest.raises(SourceNotFound, match="There is nothing at"):
        read(parser, tmp_path / "gone.txt")
    with pytest.raises(TooLarge, match="PINCITE_MAX_FILE_MEGABYTES"):
        parser.parse(write("big.txt", b"a" * 11), source="x", max_bytes=10)


def test_sandbox_process_is_reused(misbehaving_sandbox: None, write: Write) -> None:
    """A process is used for the next file and by the next parser."""
    pool.close_idle()
    pids = []
    for _ in range(2):
        with parsers(LIMITS) as parser:
            read(parser, write("a.txt", "The ship left."))
            read(parser, write("b.txt", "A whale swam by."))
            pids += [process.pid for process in pool._POOL._idle]
    assert len(pids) == 2
    assert pids[0] == pids[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [pytest.param("MAX_FILES", 1, id="number of files"), pytest.param("GROWN_MEGABYTES", 0.0, id="memory growth")],
)
def test_worn_out_process_is_replaced(
    parser: Parser, write: Write, monkeypatch: pytest.MonkeyPatch, name: str, value: float
) -> None:
    """After its limit of files or memory growth a new process is used, and the old one has ended."""
    pool.close_idle()
    read(parser, write("a.txt", "The ship left."))
    (first,) = pool._POOL._idle
    monkeypatch.setattr(process, name, value)
    read(parser, write("b.txt", "A whale swam by."))
    assert first._process.poll() is not None
    assert not pool._POOL._idle


def test_idle_process_ends(parser: Parser, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process ends after a while without work; a later file gets a new one."""
    pool.close_idle()
    monkeypatch.setattr(pool, "IDLE_SECONDS", 0.01)
    read(parser, write("a.txt", "The ship left."))
    monkeypatch.undo()
    wait_until(lambda: not pool._POOL._idle)
    assert read(parser, write("b.txt", "A whale swam by.")) == "A whale swam by."


def test_parser_can_be_stopped_from_another_thread(parser: Parser, write: Write) -> None:
    """A caller that waits for a hanging file returns at once, and nothing more is read."""
    path = write("slow.txt", "!hang")
    errors: list[LoadingError] = []

    def parse() -> None:
        try:
            read(parser, path)
        except LoadingError as error:
            errors.append(error)

    thread = threading.Thread(target=parse)
    thread.start()
    wait_until(lambda: parser._process is not None and parser._process._files > 0)
    parser.stop()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert [type(error) for error in errors] == [ReaderCrashed]
    with pytest.raises(ReaderCrashed):
        read(parser, write("good.txt", "The ship left."))


@contextmanager
def hanging(write: Write, count: int) -> Iterator[list[Parser]]:
    """Let parsers read files that hang, each in its thread, until the block ends."""
    running = [Parser(LIMITS) for _ in range(count)]
    errors: list[LoadingError] = []

    def parse(number: int) -> None:
        try:
            read(running[number], write(f"slow{number}.txt", "!hang"))
        except LoadingError as error:
            errors.append(error)

    threads = [threading.Thread(target=parse, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: sum(one._process is not None for one in running) == LIMITS.processes)
        wait_until(lambda: len(pool._POOL.waiting) == count - LIMITS.processes)
        yield running
    finally:
        for one in running:
            one.stop()
        for thread in threads:
            thread.join(30)
    assert [type(error) for error in errors] == [ReaderCrashed] * count


def test_only_so_many_processes_read_for_all_parsers(misbehaving_sandbox: None, write: Write) -> None:
    """Whoever asks waits until a process is free, and can be stopped while waiting; a viewer has a process of its own.

    Nobody needs to wait for a parser that has nothing to read.
    """
    pool.close_idle()
    assert not pool.is_awaited()
    with hanging(write, 5) as running:
        reading = [one for one in running if one._process is not None]
        assert len(reading) == LIMITS.processes == len(workers_of_this_program())
        assert pool.is_awaited()
        viewer = Parser(replace(LIMITS, processes=LIMITS.processes + 1))
        assert read(viewer, write("good.txt", "The ship left.")) == "The ship left."
        assert len(workers_of_this_program()) == LIMITS.processes + 1
        reading[0].stop()
        wait_until(lambda: any(one._process is not None for one in running if one not in reading))
    assert not pool.is_awaited()


def test_idle_process_makes_room_for_one_with_another_limit(misbehaving_sandbox: None, write: Write) -> None:
    """Processes that wait for a file count as well, so they end before others begin."""
    pool.close_idle()
    good = write("good.txt", "The ship left.")
    for megabytes in (400, 401, 402):
        read(Parser(replace(LIMITS, megabytes=megabytes)), good)
        wait_until(lambda: len(workers_of_this_program()) <= LIMITS.processes)
    assert {process.megabytes for process in pool._POOL._idle} == {401, 402}


def workers_of_this_program() -> list[str]:
    """Return the ids of the processes that this one has started to read files; those of the pool without `/proc`."""
    if sys.platform != "linux":
        return [str(process.pid) for process in pool._POOL._idle]
    tasks = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = [pid for task in tasks for pid in task.read_text().split()]
    return [pid for pid in children if "misbehaving_worker" in Path(f"/proc/{pid}/cmdline").read_text()]


def test_worker_imports_nothing_from_the_working_folder(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The worker imports its modules from this process's path, not from the folder of the documents."""
    for name in ("docx.py", "json.py", "index.py"):
        (tmp_path / name).write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    pool.close_idle()
    with parsers(Limits(seconds=60.0, megabytes=401)) as parser:
        assert read(parser, write("a.txt", "The ship left.")) == "The ship left."


PARENT = """
import signal, sys, threading
from pathlib import Path
from index.loading.sandbox import pool
from index.loading.sandbox.messages import Limits
from index.loading.sandbox.pool import parsers
from tests.sandbox import misbehaving_worker
pool.PROGRAM = misbehaving_worker.PROGRAM
signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes of a shell ignore Ctrl-C
with parsers(Limits(60.0, 400)) as parser:
    parser.parse(Path(sys.argv[2]), source="x", max_bytes=1000)
    print(next(iter(pool._POOL._idle)).pid, flush=True)
    parser.parse(Path(sys.argv[1]), source="x", max_bytes=1000)
"""


@LINUX
@pytest.mark.parametrize(
    ("stop_signal", "command"),
    [
        (signal.SIGKILL, "!loop"),
        (signal.SIGINT, "!hang"),
        *(
            pytest.param(sent, command, marks=pytest.mark.nightly)
            for sent, command in (
                (signal.SIGKILL, "!hang"),
                (signal.SIGINT, "!loop"),
                (signal.SIGTERM, "!hang"),
                (signal.SIGTERM, "!loop"),
            )
        ),
    ],
)
def test_worker_ends_with_its_parent(write: Write, command: str, stop_signal: signal.Signals) -> None:
    """If the parent is stopped or killed, the worker ends too, whatever it is doing."""
    arguments = [sys.executable, "-c", PARENT, str(write("slow.txt", command)), str(write("a.txt", "The ship left."))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert Path(f"/proc/{pid}").exists()
        parent.send_signal(stop_signal)
        parent.wait()
    wait_until(lambda: not _is_running(pid))


def _is_running(pid: int) -> bool:
    """Return whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.model
def test_worker_cuts_the_same_passages_as_the_encoder(write: Write, real_encoder: Any) -> None:
    """The worker counts with the encoder's tokenizer, without the encoder, and cuts at the same offsets."""
    from index.text.chunks import Chunker

    text = "\n\n".join(f"# Ship {n}\n\nShip {n} left harbour {n}, in the rain of winter. " * 3 for n in range(60))
    path = write("ships.md", text)
    chunker = Chunker(limit=real_encoder.max_tokens, count_tokens=real_encoder.count_tokens)
    cutting = ChunkerSettings(chunker.target_tokens, chunker.limit, real_encoder.tokenizer_json)
    with parsers(Limits()) as parser:
        parsed = parser.parse(path, source=str(path), max_bytes=10_000_000, cutting=cutting)
    assert parsed.chunks == chunker.chunk(parsed.document.text, parsed.document.landmarks)
    assert len(parsed.chunks) > 5


def test_worker_imports_no_heavy_library() -> None:
    """The worker imports no model, no index and no numerics, so that it starts at once."""
    heavy = "{'torch', 'faiss', 'numpy', 'tantivy', 'sqlite3', 'transformers'}"
    code = f"import sys, index.loading.sandbox.worker; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"[]\n"
