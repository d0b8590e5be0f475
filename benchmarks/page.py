"""Measures the size and speed of the page beside those of a bare Gradio page: `python -m benchmarks.page`.

The bare page has a text box, a button, some HTML and a file. This process serves both pages. A browser opens them in
turn, each time with an empty cache; then it opens ours on a line of 50 KB/s with a latency of 300 ms. "typing" is when
a question can be typed, "usable" when it can be asked. Then the program asks the seeds' questions in four ways, in
random order: with `library.ask`; with the event of the page over HTTP, from the request to the whole answer; with the
same event called directly, without Gradio's queue; and only with the part of the event that draws the map.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from app import EXAMPLES, SEEDS
from benchmarks.machine import report
from index import Library, Settings
from index.page import create_app
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.page_weight import Line, Weight, weigh
from tests.hosted import hosted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import FastAPI

QUESTION = "#question textarea"
WARM = 5
SLOW = Line(50_000, 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="the number of visits to each page")
    parser.add_argument("--json")
    options = parser.parse_args()
    lines = (SEEDS / "questions.jsonl").read_text("utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder) / "library", Settings()) as library:
        library.add(sorted(path for path in SEEDS.iterdir() if path.suffix != ".jsonl"))
        with hosted(create_app(library, Settings(), examples=EXAMPLES)) as url, hosted(_bare()) as bare:
            home = _weights(options.rounds, {"bare Gradio page": (bare, "textarea"), "home": (url, QUESTION)})
            slow = _weights(options.rounds, {"home": (url, QUESTION)}, SLOW)
            answering = _time_answers(library, url, questions)
    report(f"Page: median of {options.rounds} visits", home, _part_path(options.json, "home"))
    report(f"Page at 50 KB/s: median of {options.rounds} visits", slow, _part_path(options.json, "slow"))
    report(f"Page: {len(questions)} questions on the seeds", answering, _part_path(options.json, "answer"))


def _bare() -> FastAPI:
    import gradio as gr
    from fastapi import FastAPI

    with gr.Blocks(analytics_enabled=False) as page:
        gr.Textbox()
        gr.Button()
        gr.HTML()
        gr.File()
    mounted: FastAPI = gr.mount_gradio_app(FastAPI(), page, path="/")
    return mounted


def _weights(rounds: int, pages: dict[str, tuple[str, str]], line: Line | None = None) -> list[dict[str, Any]]:
    """Open the pages in turn, because the speed of a machine drifts; `pages` has the address and a control of each."""
    from playwright.sync_api import sync_playwright

    taken: dict[str, list[Weight]] = defaultdict(list)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        for _ in range(rounds):
            for name, (url, control) in pages.items():
                taken[name].append(weigh(browser, url, control, line))
        browser.close()
    usable = {name: statistics.median(weight.usable for weight in weights) for name, weights in taken.items()}
    return [
        {
            "page": name,
            "requests": max(weight.requests for weight in weights),
            "KB": max(weight.kilobytes for weight in weights),
            "first paint s": statistics.median(weight.painted for weight in weights),
            "typing s": statistics.median(weight.typed for weight in weights),
            "usable s": usable[name],
            "usable, of the bare page's": usable[name] / next(iter(usable.values())),
        }
        for name, weights in taken.items()
    ]


class _Event:
    """The event of the page's button, requested as the page requests it."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        config = client.get("/config").raise_for_status().json()
        components = {component["id"]: component["props"] for component in config["components"]}
        button = next(number for number, props in components.items() if props.get("elem_id") == "go")
        event = next(dependency for dependency in config["dependencies"] if [button, "click"] in dependency["targets"])
        self._number = event["id"]
        self._values = [components[number].get("value") for number in event["inputs"]]
        self._place = [components[number].get("elem_id") for number in event["inputs"]].index("question")
        self._asked = 0

    def ask(self, question: str) -> None:
        """Ask a question, and read the server's messages until the answer is complete."""
        self._asked += 1
        session = f"measured{self._asked}"
        data = [*self._values]
        data[self._place] = question
        request = {"data": data, "fn_index": self._number, "session_hash": session, "trigger_id": None}
        self._client.post("/gradio_api/queue/join", json=request).raise_for_status()
        with self._client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
                if message.get("msg") == "process_completed":
                    assert message["success"], message
                    return
        raise AssertionError("The stream ended without an answer.")


def _time_answers(library: Library, url: str, questions: Sequence[str]) -> list[dict[str, Any]]:
    """Time each question in every way; `over` is the difference from `library.ask` for the same question."""
    from index.page.ask_events import AskEvents
    from index.page.map_svg import map_overlay

    events = AskEvents(library, Settings(), EXAMPLES)
    hits = {question: library.ask(question).hits for question in questions}

    def mark(question: str) -> str:
        return map_overlay(library.placed(question, hits[question]), hits[question], {1})

    times: dict[str, list[float]] = defaultdict(list)
    with httpx.Client(base_url=url, timeout=60) as client:
        ways: dict[str, Callable[[str], object]] = {
            "library.ask": library.ask,
            "answer event, over HTTP": _Event(client).ask,
            "answer event, its own work": lambda question: list(events.ask(question, [], [], "quote")),
            "of it, the map": mark,
        }
        for question in questions[:WARM]:
            for way in ways.values():
                way(question)
        chance = random.Random(0)
        for question in questions:
            for name in chance.sample(list(ways), len(ways)):
                began = perf_counter()
                ways[name](question)
                times[name].append(1000 * (perf_counter() - began))
    return [_row(name, times[name], times["library.ask"]) for name in ways]


def _row(name: str, values: Sequence[float], direct: Sequence[float]) -> dict[str, Any]:
    over = np.array(values) - np.array(direct) if "event" in name else None
    row: dict[str, Any] = {"what": name}
    for share in (50, 95):
        row[f"p{share} ms"] = float(np.percentile(values, share))
        row[f"over library.ask, p{share} ms"] = "" if over is None else float(np.percentile(over, share))
    return row


def _part_path(file: str | None, part: str) -> str | None:
    """Return the path for one of the tables, each of which is written to a file of its own."""
    return str(Path(file).with_stem(f"{Path(file).stem}-{part}")) if file else None


if __name__ == "__main__":
    main()
