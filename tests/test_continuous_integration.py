"""What CI demands of a run: no skip of what proves a promise, and one more try for a browser."""

from __future__ import annotations

import pytest

from tests.flaky import MOST, retriable

pytest_plugins = ["pytester"]

SKIPS = {
    "a mark": "import pytest\n\n@pytest.mark.{mark}\n@pytest.mark.skipif(True, reason='no browser')\ndef test(): ...",
    "a fixture": (
        "import pytest\n\n@pytest.fixture\ndef gone():\n    pytest.skip('no browser')\n\n"
        "@pytest.mark.{mark}\ndef test(gone): ..."
    ),
    "a module": "import pytest\npytest.skip('no browser', allow_module_level=True)",
    "a missing package": "import pytest\npytest.importorskip('no_such_package')",
}


@pytest.mark.parametrize("ci", ["true", ""])
def test_a_skip_fails_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str) -> None:
    """Of one test, or of a whole module in a folder of such tests; elsewhere it is only a skip."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makeini("[pytest]\nmarkers =\n    browser: x\n    faults: x\n    server: x\n")
    for mark, folder in (("browser", "browser"), ("faults", "faults"), ("server", "service")):
        for number, skip in enumerate(SKIPS.values()):
            path = pytester.path / "tests" / folder / f"test_{mark}_{number}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(skip.format(mark=mark))
    done = pytester.runpytest_inprocess(
        "-p", "tests.skips", "-p", "no:cacheprovider", "--continue-on-collection-errors"
    )
    expected = 3 * len(SKIPS)
    outcomes = done.parseoutcomes()
    assert sum(outcomes.get(kind, 0) for kind in ("failed", "errors")) == (expected if ci else 0)
    assert sum(outcomes.get(kind, 0) for kind in ("skipped", "passed")) == (0 if ci else expected)
    assert bool(done.ret in (1, 2)) == bool(ci)


@pytest.mark.parametrize(
    ("failed", "again"),
    [
        (["tests/browser/test_page.py::test_it"], True),
        (["tests/browser/test_page.py::test_it", "tests/cli/test_ask.py::test_that"], False),
        ([f"tests/browser/test_page.py::test_{n}" for n in range(MOST + 1)], False),
        ([], False),
    ],
    ids=["one browser test", "another test", "many", "none"],
)
def test_only_browser_tests_get_a_second_try(failed: list[str], again: bool) -> None:
    """And only where nothing else is wrong."""
    assert bool(retriable(failed)) is again
