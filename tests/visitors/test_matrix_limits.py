"""A visitor's matrix counts as a batch, and is as small as the demo allows."""

from __future__ import annotations

import pytest

from index.server.visitors.admission import action_of
from index.server.visitors.registry import public_settings
from index.settings import Settings


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/matrix", "/page/batches"])
def test_matrix_counts_as_a_batch(path: str) -> None:
    """Whether it comes from the page or from a program."""
    assert action_of({"path": path, "method": "POST"}) == "batch"


def test_matrix_of_a_visitor_has_fewer_cells() -> None:
    """The smaller of both settings is the limit."""
    assert public_settings(Settings(demo_matrix_cells=50)).max_matrix_cells == 50
    assert public_settings(Settings(demo_matrix_cells=50, max_matrix_cells=20)).max_matrix_cells == 20
