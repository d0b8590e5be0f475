"""The demo: serves the page with a library of the sample documents in seeds/. Run `python app.py`, or host a Space."""

from __future__ import annotations

import logging
import os
import signal
import sys
from pathlib import Path

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as the first process of a container, Python would ignore it

from platformdirs import user_data_path  # noqa: E402 - the signal first: importing takes seconds

from index import Library, PinciteError, Settings  # noqa: E402
from index.page import serve, zero_gpu  # noqa: E402
from index.plugins.publish.hosts import SPACE_ENVIRONMENT  # noqa: E402

spaces = zero_gpu.load()
if spaces:
    # A ZeroGPU Space starts only with such a function. Pincite needs no GPU, so nothing calls it, and no quota is used.
    @spaces.GPU(duration=1)  # type: ignore[untyped-decorator]
    def unused() -> None:
        """Satisfy the host."""


SEEDS = Path(__file__).parent / "seeds"
EXAMPLES = (
    "Why did Rosneft and Transneft give in and let CNPC pay less?",
    "Does Beijing regard Crimea as belonging to Russia or to Ukraine?",
    "What is the technical term for a market that has only one customer?",
    "Which types of bomber flew together over the Sea of Japan in July 2019?",
)


def open_library() -> Library:
    """Open the library of the demo and add the sample documents; documents that it already holds are skipped.

    It is separate from the user's own library, unless PINCITE_LIBRARY names a folder.
    """
    settings = Settings()
    chosen = "library" in settings.model_fields_set
    library = Library.open(settings.library if chosen else user_data_path("pincite") / "demo", settings)
    if library.read_only:  # in a container, it was filled when the image was built
        return library
    if sys.stderr.isatty():
        sys.stderr.write("Pincite reads the sample documents …\n")
    receipt = library.add(sorted(path for path in SEEDS.iterdir() if path.suffix != ".jsonl"))
    for failure in receipt.failed:
        logging.warning("%s: %s %s", failure.source, failure.reason, failure.hint)
    return library


def main() -> None:
    """Serve the demo at GRADIO_SERVER_NAME and GRADIO_SERVER_PORT, the variables that Gradio hosts set."""
    logging.basicConfig(level=logging.WARNING)
    if "SPACE_ID" in os.environ:  # a Space is public, so it is a demo unless its settings say otherwise
        os.environ.update({**SPACE_ENVIRONMENT, **os.environ})
    with open_library() as library:
        folder = library.folder
    address = "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"  # noqa: S104 - behind the proxy of the host
    host = os.environ.get("GRADIO_SERVER_NAME", address)
    port = int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
    zero_gpu.report_start()
    serve(folder, Settings(), host=host, port=port, examples=EXAMPLES)


if __name__ == "__main__":
    try:
        main()
    except PinciteError as error:
        sys.exit(str(error))
