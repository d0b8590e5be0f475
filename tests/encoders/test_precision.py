"""The precision is the fastest one that is measured on this processor, and is remembered."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from index.encoders import precision, pretrained
from index.encoders.precision import (
    LIBRARY_PRECISIONS,
    PASSAGES,
    PRECISIONS_BY_EXACTNESS,
    QUESTION,
    choose_precision,
    fastest,
)
from index.encoders.pretrained import ROUGH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FAST_INT8 = {"float32": 9.0, "bfloat16": 14.0, "int8": 3.0}
FAST_BFLOAT16 = {"float32": 9.0, "bfloat16": 4.0, "int8": 6.0}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Use a cache folder of our own, and forget what was measured."""
    monkeypatch.setattr(precision, "user_cache_path", lambda name: tmp_path / name)
    precision.measured.cache_clear()
    yield tmp_path / "pincite" / "precision.json"
    precision.measured.cache_clear()


@pytest.fixture
def measurements(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let measurements return given figures, one after the other; the list names those that were made."""

    def give(*figures: dict[str, float]) -> list[str]:
        remaining, made = list(figures), []

        def measure() -> dict[str, dict[str, float]]:
            made.append("measured")
            times = remaining.pop(0)
            return {PASSAGES: times, QUESTION: times}

        monkeypatch.setattr(precision, "measure", measure)
        return made

    return give


@pytest.mark.parametrize(
    ("milliseconds", "best"),
    [
        pytest.param(FAST_INT8, "int8", id="bfloat16 is slow although it is native"),
        pytest.param(FAST_BFLOAT16, "bfloat16", id="bfloat16 is fastest"),
        pytest.param({"float32": 9.0}, "float32", id="nothing else works"),
        pytest.param({"float32": 9.0, "bfloat16": 8.8}, "float32", id="the more exact one is nearly as fast"),
        pytest.param({"float32": 9.0, "bfloat16": 5.0, "int8": 4.9}, "bfloat16", id="eight bits gain too little"),
        pytest.param({"float32": 9.0, "bfloat16": 9.0, "int8": 9.0, "float16": 6.0}, "float16", id="weights alone"),
    ],
)
def test_fastest_precision_is_chosen(milliseconds: dict[str, float], best: str) -> None:
    """A less exact precision must be worth it."""
    assert fastest(milliseconds) == best


def test_precision_is_chosen_among_those_that_can_be_used(measurements: Callable[..., list[str]]) -> None:
    """Eight bits and float16 are ours alone; PINCITE_PRECISION or another device needs no measurement."""
    measurements(FAST_INT8)
    assert choose_precision("auto", "cpu", own=True) == "int8"
    assert choose_precision("auto", "cpu") == "float32"
    assert fastest(FAST_BFLOAT16, LIBRARY_PRECISIONS) == "bfloat16"
    made = measurements()
    assert choose_precision("float16", "cpu") == "float16"
    assert choose_precision("auto", "mps", own=True) == "float32"
    assert made == []


def test_each_processor_is_measured_once(cache: Path, measurements: Callable[..., list[str]]) -> None:
    """The figures are read again by later processes; those of another processor stay beside them."""
    cache.parent.mkdir(parents=True)
    other = {"another processor": {PASSAGES: FAST_BFLOAT16, QUESTION: FAST_BFLOAT16}}
    cache.write_text(json.dumps(other))
    made = measurements(FAST_INT8)
    for _ in range(2):
        assert choose_precision("auto", "cpu", QUESTION, own=True) == "int8"
        precision.measured.cache_clear()
    assert made == ["measured"]
    assert json.loads(cache.read_text()).items() > other.items()


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"x": {}}', b'{"x": {"passages": {}, "question": {}}}', b"\xff"]
)
def test_damaged_file_is_measured_and_written_anew(
    content: bytes, cache: Path, measurements: Callable[..., list[str]]
) -> None:
    """Nothing that stands in the file stops the program."""
    cache.parent.mkdir(parents=True)
    cache.write_bytes(content)
    made = measurements(FAST_INT8)
    assert choose_precision("auto", "cpu", own=True) == "int8"
    assert made == ["measured"]
    assert list(json.loads(cache.read_text())) == [precision._processor()]


def test_folder_that_cannot_be_written_is_no_error(cache: Path, measurements: Callable[..., list[str]]) -> None:
    """The cache may be a file, or read-only."""
    cache.parent.parent.mkdir(exist_ok=True)
    cache.parent.write_text("not a folder")
    measurements(FAST_BFLOAT16)
    assert choose_precision("auto", "cpu", own=True) == "bfloat16"


def test_changed_choice_is_confirmed(cache: Path, measurements: Callable[..., list[str]]) -> None:
    """One slow moment of the machine changes nothing; two equal results do."""
    made = measurements(FAST_INT8, FAST_BFLOAT16, FAST_INT8, FAST_BFLOAT16, FAST_BFLOAT16)
    precision.measured()
    assert precision.measured_again()[PASSAGES] == FAST_INT8
    assert len(made) == 3
    assert precision.measured_again()[PASSAGES] == FAST_BFLOAT16
    assert choose_precision("auto", "cpu", own=True) == "bfloat16"
    assert "bfloat16" in cache.read_text()


@pytest.mark.model
def test_measurement_has_every_precision_that_works() -> None:
    """Whatever this processor is, float32 is measured; the figures are of one layer, not of nothing."""
    measured = precision.measure()
    assert set(measured) == {PASSAGES, QUESTION}
    for times in measured.values():
        assert {"float32"} <= set(times) <= {*PRECISIONS_BY_EXACTNESS, ROUGH}
        assert all(0.01 < milliseconds < 10_000 for milliseconds in times.values())
    assert measured[PASSAGES]["float32"] > measured[QUESTION]["float32"]


def test_processor_is_named_without_a_table_of_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Earlier versions of torch have no such table; the key then has what Python knows."""
    key = precision._processor()
    assert torch.__version__ in key
    changed: Any = SimpleNamespace()
    monkeypatch.setattr(torch, "cpu", changed)
    assert precision._processor() != key


def test_measurement_goes_on_until_two_times_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the first rounds of a layer may all be disturbed."""
    disturbed, quiet = [0.009, 0.005, 0.006, 0.008, 0.0052], [0.001, 0.001, 0.001]
    clock = iter([now for spent in (*disturbed, *quiet) for now in (0.0, spent)])
    monkeypatch.setattr(precision, "thread_time", lambda: next(clock))
    milliseconds: dict[str, dict[str, float]] = {PASSAGES: {}, QUESTION: {}}
    layers: Any = {"float32": lambda _ids, _lengths: None}
    precision._time(layers, milliseconds)
    assert milliseconds == {PASSAGES: {"float32": 5.0}, QUESTION: {"float32": 1.0}}
    assert next(clock, None) is None


# The names of the processor's features do not depend on torch's private functions


PRIVATE = [private for _, private in pretrained.FEATURES.values()]


def test_public_and_private_feature_lists_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """The public table of features agrees with the private functions of earlier torch versions."""
    if not hasattr(torch.cpu, "get_capabilities"):
        pytest.skip("this torch has no table of features")
    public = pretrained.cpu_features()
    monkeypatch.setattr(torch, "cpu", SimpleNamespace(**{name: getattr(torch.cpu, name) for name in PRIVATE}))
    assert pretrained.cpu_features() == public


def test_missing_functions_are_features_that_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any of torch's functions may be missing, or all of them."""
    for present in range(len(PRIVATE), -1, -1):
        functions = {name: lambda: True for name in PRIVATE[:present]}
        monkeypatch.setattr(torch, "cpu", SimpleNamespace(**functions))
        assert pretrained.cpu_features() == list(pretrained.FEATURES)[:present]
    assert pretrained.cpu_features() == []
