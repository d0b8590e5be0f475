"""Runs commands of `pincite` in processes that are forked from one with everything imported.

Importing the encoder's libraries takes eight seconds of processor time, and attacks run dozens of commands. The server
reads one request a line from standard input and writes the exit code of each command.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
_TIMEOUT = 120
_running: list[subprocess.Popen[str]] = []
_lock = threading.Lock()


def run(arguments: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run `pincite` with these arguments in a folder, with exactly this environment."""
    with tempfile.TemporaryDirectory(prefix="pincite-command-") as outputs, _lock:
        out, err = Path(outputs) / "out", Path(outputs) / "err"
        request = {"arguments": arguments, "folder": str(folder), "environment": dict(environment)}
        process = _server()
        _stream(process.stdin).write(json.dumps({**request, "out": str(out), "err": str(err)}) + "\n")
        _stream(process.stdin).flush()
        code = _stream(process.stdout).readline()
        assert code, "the server of commands has ended"
        return subprocess.CompletedProcess(arguments, int(code), _text(out), _text(err))


def _server() -> subprocess.Popen[str]:
    """Return the server of this process, which starts on first use and ends with this process."""
    if not _running:
        command = [sys.executable, "-m", "tests.attack.command_server"]
        pipe = subprocess.PIPE
        _running.append(subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True, start_new_session=True))
        atexit.register(_stop, _running[0])
    return _running[0]


def _stop(process: subprocess.Popen[str]) -> None:
    _stream(process.stdin).close()
    process.wait(_TIMEOUT)
    _stream(process.stdout).close()


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def _text(path: Path) -> str:
    return path.read_text("utf-8", "replace")


def main() -> None:
    """Answer requests until standard input ends."""
    _import_everything()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run_command(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _import_everything() -> None:
    """Import the modules that commands use. Importing starts no threads, so that forking is safe."""
    import sentence_transformers  # noqa: F401

    import index.library.library  # noqa: F401
    from index.cli import app  # noqa: F401


def _run_command(request: dict[str, Any]) -> None:
    """Run a command in a forked process and end that process with the command's exit code. Never returns."""
    code = 1
    signal.alarm(_TIMEOUT)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    for number, path in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115  the process ends with it
    sys.argv = ["pincite", *request["arguments"]]
    try:
        from index.cli.app import main

        main()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
