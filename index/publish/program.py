"""The program that goes along with a published library: the package itself, what it requires, and its licence.

Pincite is carried as files beside `app.py`, and not installed: Spaces install `requirements.txt` before they copy the
repository, so a requirement cannot refer to a file in it. See docs/sharing.md for the source.
"""

from __future__ import annotations

import shutil
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import index
from index.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CPU_WHEELS = "--extra-index-url https://download.pytorch.org/whl/cpu"
"""PyTorch's own index. Its builds without CUDA have a local version (`+cpu`), which pip prefers: gigabytes less."""
VENDORED = ("mcp", "mcp-types")
"""Packages that go along as files to a Space. It installs `gradio[mcp]`, which needs mcp 1, and Pincite needs mcp 2."""
_PACKAGE = Path(index.__file__).parent
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc")
_LICENCES = ("licenses/LICENSE", "LICENSE")


def carry_package(folder: Path) -> None:
    """Copy the package into a folder, with its licence, and with its metadata, for it finds its formats by them."""
    shutil.copytree(_PACKAGE, folder / _PACKAGE.name, ignore=_IGNORED)
    installed = _installed("pincite")
    metadata = folder / f"pincite-{installed.version}.dist-info"
    metadata.mkdir()
    stated = f"Metadata-Version: 2.1\nName: pincite\nVersion: {installed.version}\n"
    (metadata / "METADATA").write_text(stated, "utf-8")
    (metadata / "entry_points.txt").write_text(installed.read_text("entry_points.txt") or "", "utf-8")
    (folder / "LICENSE").write_text(_licence_text(), "utf-8")


def carry_vendored(folder: Path) -> None:
    """Copy the packages of VENDORED, with their metadata and licences, into `vendor/` in a folder."""
    for name in VENDORED:
        installed = _installed(name)
        for file in installed.files or ():
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            target = folder / "vendor" / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target)


def requirements(*, vendored: Sequence[str] = ()) -> list[str]:
    """Return what Pincite requires, as lines for pip. In place of a vendored package stands what that one requires.

    Raises PublishError if Pincite is not installed, because its requirements are unknown then.
    """
    left_out = set(map(canonicalize_name, vendored))
    lines = {line for name in ("pincite", *vendored) for line in _required_by(name)}
    return sorted(str(line) for line in lines if canonicalize_name(line.name) not in left_out)


def installed_version(name: str) -> str:
    """Return the version of an installed package. Raises PublishError if it is not installed."""
    return _installed(name).version


def _required_by(name: str) -> Iterable[Requirement]:
    """Yield what a package requires without extras; requirements for other systems keep their condition."""
    for line in _installed(name).requires or ():
        requirement = Requirement(line)
        if "extra ==" not in str(requirement.marker or ""):
            yield requirement


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError as error:
        hint = "Install it with its requirements: pip install -e ."
        raise PublishError(f"The package {name} is not installed, so it cannot go along.", hint) from error


def _licence_text() -> str:
    """Return the text of Pincite's licence, which has to go along with the program."""
    checkout = _PACKAGE.parent / "LICENSE"  # beside the sources, of which the metadata may know less
    if checkout.is_file() and (checkout.parent / "pyproject.toml").is_file():
        return checkout.read_text(encoding="utf-8")
    for name in _LICENCES:
        if text := _installed("pincite").read_text(name):
            return text
    raise PublishError("The licence of Pincite is missing.", "Install Pincite again.")
