"""Writes a publication as a Gradio Space of Hugging Face, which starts on processors and on ZeroGPU."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from index.publish import program
from index.publish.text_files import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from index.publish.listing import Listing

# The values that the Hub accepts as `license`; see docs/hub/repositories-licenses.md of huggingface/hub-docs.
_KNOWN = frozenset(
    (
        *("apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0"),
        *("cc-by-sa-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0"),
        *("cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0"),
    )
)
PYTHON = "3.12"
"""ZeroGPU has 3.10 and 3.12 (docs/hub/spaces-zerogpu.md); Pincite needs 3.11 or later."""
ENVIRONMENT = {
    "PINCITE_DEMO": "1",
    "PINCITE_DEVICE": "cpu",
    # The proxies of Spaces reach the program from their internal network.
    "PINCITE_TRUSTED_PROXIES": "10.0.0.0/8",
    "PINCITE_EMBED_ORIGINS": "https://huggingface.co https://*.hf.space",
}
_LARGE = ("*.db", "*.safetensors", "*.faiss", "*.ivf", "library/lexical/**", "library/uploads/**")
"""Files that git keeps in large-file storage: a push of a file over 10 MB is refused otherwise."""
_LONGEST_TITLE = 60


def write_space(folder: Path, title: str, listing: Listing) -> None:
    """Write everything but the library and the manifest. Raises PublishError if Pincite is not installed."""
    program.carry_package(folder)
    program.carry_vendored(folder)
    needed = program.requirements(vendored=program.VENDORED)
    write_text(folder, "requirements.txt", cpu_wheels=program.CPU_WHEELS, requirements=needed)
    write_text(folder, "app.py", vendored=True, environment=ENVIRONMENT | {"PINCITE_DEMO_TITLE": title})
    front = front_matter(title, listing, sdk="gradio")
    write_text(folder, "README.md", front=front, title=title, documents=listing.documents, how="")
    attributes = "".join(f"{pattern} filter=lfs diff=lfs merge=lfs -text\n" for pattern in _LARGE)
    (folder / ".gitattributes").write_text(attributes, "utf-8")


def front_matter(title: str, listing: Listing, *, sdk: str) -> dict[str, Any]:
    """Return the front matter of the README, as in docs/hub/spaces-config-reference.md of huggingface/hub-docs."""
    own = {
        "title": " ".join(title.split())[:_LONGEST_TITLE],
        "emoji": "📌",
        "colorFrom": "indigo",
        "colorTo": "gray",
        "sdk": sdk,
        "license": hub_licence(listing),
        "pinned": False,
        "tags": ["pincite", "semantic-search", "question-answering", "citations"],
    }
    if sdk != "gradio":
        return own | {"app_file": "index.html"}
    gradio = {"sdk_version": program.installed_version("gradio"), "python_version": PYTHON, "app_file": "app.py"}
    return own | gradio | {"startup_duration_timeout": "30m"}


def hub_licence(listing: Listing) -> str:
    """Return the licence that all documents share, as the Hub writes it; `other` for several, or an unknown one."""
    licences = {document.licence.lower() for document in listing.documents}
    return licences.pop() if len(licences) == 1 and licences <= _KNOWN else "other"
