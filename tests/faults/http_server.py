"""An HTTP server for tests to stop: `python -m tests.faults.http_server FOLDER PORT`, without a page."""

from __future__ import annotations

import sys
from pathlib import Path

from index.encoders import encoder
from index.server.http import application
from tests.fakes import FakeEncoder
from tests.faults.adder import SETTINGS


def main() -> None:
    """Serve the library in the folder with a fake encoder."""
    vars(encoder)["load_encoder"] = lambda _: FakeEncoder()
    application.run(
        Path(sys.argv[1]), SETTINGS.model_copy(update={"reader": False}), host="127.0.0.1", port=int(sys.argv[2])
    )


if __name__ == "__main__":
    main()
