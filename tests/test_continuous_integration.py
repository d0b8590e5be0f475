"""CI's own rules: a mandatory test may not be skipped, and failed browser tests are repeated once."""

from __future__ import annotations

import pytest

from tests.flaky import MOST_RETRIES, retriable

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
def test_skipped_mandatory_test_fails_in_ci(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    """The rule holds for a test and for a whole module; outside of CI a skip is only a skip."""
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
    ("failures", "repeated"),
    [
        (["tests/browser/test_page.py::test_it"], True),
        (["tests/browser/test_page.py::test_it", "tests/cli/test_ask.py::test_that"], False),
        ([f"tests/browser/test_page.py::test_{n}" for n in range(MOST_RETRIES + 1)], False),
        ([], False),
    ],
    ids=["one browser test", "another test", "many", "none"],
)
def test_only_failed_browser_tests_are_repeated(failures: list[str], repeated: bool) -> None:
    """They are repeated only if no other test failed."""
    assert bool(retriable(failures)) is repeated
