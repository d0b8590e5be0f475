"""Writes a publication as its host wants it, a Space or a container: its program and manifest; and uploads it."""

from __future__ import annotations

import hashlib
import html
import json
import re
import shutil
from dataclasses import asdict, dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import index
from index.errors import PublishError
from index.records import Problem
from index.text.sentences import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from index.plugins.publish.listing import Listing


# The program that goes along with a published library: the package itself, what it requires, and its licence.
#
# Pincite is carried as files beside `app.py`, and not installed: Spaces install `requirements.txt` before they copy the
# repository, so a requirement cannot refer to a file in it. See docs/sharing.md for the source.

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


# Renders the text files of a publication from the templates beside this module.

_TEMPLATES = Path(__file__).parent / "templates"
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~^-])")


def write_text(folder: Path, name: str, /, **values: Any) -> None:
    """Write a file into a folder from the template of its name."""
    (folder / name).write_text(_environment().get_template(f"{name}.jinja").render(values), "utf-8")


def markdown(text: str) -> str:
    """Return words of a document as one line of Markdown that shows just them: no markup, no HTML, no border."""
    return _SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))


def _environment() -> Environment:
    """Return the environment. The files are no HTML, so each template escapes what it inserts: `tojson`, `markdown`."""
    templates = Environment(  # noqa: S701
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["markdown"] = markdown
    templates.policies["json.dumps_kwargs"] = {"ensure_ascii": False}  # YAML knows no surrogate pairs
    return templates


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
SPACE_ENVIRONMENT = {
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
    carry_package(folder)
    carry_vendored(folder)
    needed = requirements(vendored=VENDORED)
    write_text(folder, "requirements.txt", cpu_wheels=CPU_WHEELS, requirements=needed)
    write_text(folder, "app.py", vendored=True, environment=SPACE_ENVIRONMENT | {"PINCITE_DEMO_TITLE": title})
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
    gradio = {"sdk_version": installed_version("gradio"), "python_version": PYTHON, "app_file": "app.py"}
    return own | gradio | {"startup_duration_timeout": "30m"}


def hub_licence(listing: Listing) -> str:
    """Return the licence that all documents share, as the Hub writes it; `other` for several, or an unknown one."""
    licences = {document.licence.lower() for document in listing.documents}
    return licences.pop() if len(licences) == 1 and licences <= _KNOWN else "other"


# Writes a publication as the source of a container: a Dockerfile, a Compose file and a manifest for Kubernetes.

CONTAINER_ENVIRONMENT = {"PINCITE_DEMO": "1", "PINCITE_DEVICE": "cpu"}
_HOW = """    docker build -t pincite . && docker run --read-only --tmpfs /tmp -p 127.0.0.1:7860:7860 pincite

or `docker compose up --build`, or `kubectl apply -f kubernetes.yaml` with the image in a registry of yours. Put a proxy
with HTTPS in front, and name its address in `PINCITE_TRUSTED_PROXIES` and your host name in `PINCITE_ALLOW_HOSTS`."""
_PLACES = ("Dockerfile", ".dockerignore", "compose.yaml", "kubernetes.yaml")


def write_container(folder: Path, title: str, listing: Listing) -> None:
    """Write everything but the library and the manifest. Raises PublishError if Pincite is not installed."""
    carry_package(folder)
    write_text(folder, "requirements.txt", cpu_wheels=CPU_WHEELS, requirements=requirements())
    write_text(folder, "app.py", vendored=False, environment=CONTAINER_ENVIRONMENT | {"PINCITE_DEMO_TITLE": title})
    write_text(folder, "README.md", front={}, title=title, documents=listing.documents, how=_HOW)
    for name in _PLACES:
        write_text(folder, name, title=title, name=label(title))


def label(title: str) -> str:
    """Return a title as a name for Kubernetes and Compose: at most 50 lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower())[:50].strip("-") or "pincite"


# The manifest of a published folder: what it was made of, and the size and SHA-256 of every file in it.

NAME = "manifest.json"
FORMAT = "pincite publication"
VERSION = 1
PROTECTED = ("library/", "index/", "vendor/")
"""Folders that must not be changed. The other files of a publication are there for its owner to edit."""
_AGAIN = "Publish the library again, or copy the folder again."


@dataclass(frozen=True, slots=True)
class Manifest:
    """A publication and its files."""

    target: str
    title: str
    made_at: str
    """UTC, ISO 8601."""
    made_with: str
    documents: int
    passages: int
    questions: tuple[str, ...] = ()
    """Questions that the page suggests."""
    files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Size in bytes and SHA-256 of each file, by its path in the folder."""

    def write(self, folder: Path) -> Manifest:
        """Hash all files of a folder, write the manifest there, and return it with the files."""
        described = {name: _facts(folder / name) for name in sorted(files_in(folder)) if name != NAME}
        complete = Manifest(**{**{name: getattr(self, name) for name in self.__slots__}, "files": described})
        content = {"format": FORMAT, "version": VERSION, **asdict(complete)}
        (folder / NAME).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
        return complete


def read(folder: Path) -> Manifest:
    """Return the manifest of a published folder. Raises PublishError if there is none, or if it is damaged."""
    try:
        content = json.loads((folder / NAME).read_text("utf-8"))
        if content.pop("format") != FORMAT or content.pop("version") != VERSION:
            raise ValueError("it is of another kind")
        questions, files = tuple(map(str, content.pop("questions"))), content.pop("files")
        if not all(_is_inside(name) and {"bytes", "sha256"} <= facts.keys() for name, facts in files.items()):
            raise ValueError("it names files outside the folder")
        return Manifest(**content, questions=questions, files=files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PublishError(f"The folder {folder} has no valid {NAME}: {error}.", _AGAIN) from error


def check(folder: Path, manifest: Manifest, *, below: tuple[str, ...] = PROTECTED) -> list[Problem]:
    """Return a problem for each file in the folders `below` that is missing, changed or not in the manifest."""
    named = {name for name in manifest.files if name.startswith(below)}
    present = {name for name in files_in(folder) if name.startswith(below) and name != NAME}
    present = {name for name in present if "__pycache__" not in name}  # Python writes it where it may
    wrong = [(name, "is missing") for name in named - present]
    wrong += [(name, "is not part of the publication") for name in present - named]
    wrong += [(name, what) for name in named & present if (what := _difference(folder / name, manifest.files[name]))]
    return [Problem(f"{name} {what}.", _AGAIN) for name, what in sorted(wrong)]


def require_intact(folder: Path) -> Manifest:
    """Return the manifest of a published folder. Raises PublishError, which names a file, if it is not intact."""
    manifest = read(folder)
    if found := check(folder, manifest):
        raise PublishError(
            f"The publication is damaged: {found[0].what} Number of files that differ: {len(found)}.", found[0].remedy
        )
    return manifest


def files_in(folder: Path) -> Iterator[str]:
    """Yield the path of each file below a folder, relative to it, with slashes; links count as files."""
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(folder).as_posix()


def _difference(path: Path, expected: Mapping[str, Any]) -> str:
    try:
        return "" if _facts(path) == expected else "was changed"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def _facts(path: Path) -> dict[str, Any]:
    if path.is_symlink():  # a link leads anywhere: no publication has one
        return {}
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"bytes": file.tell(), "sha256": digest}


def _is_inside(name: str) -> bool:
    return not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts


# Uploads a published folder to the Hugging Face Hub as a Space. Only this module imports huggingface_hub.

SDKS: Mapping[str, str] = {"space": "gradio", "static": "static"}
"""The kind of Space for each target that can be uploaded."""


class HubClient(Protocol):
    """The part of `huggingface_hub.HfApi` that an upload needs."""

    def create_repo(self, repo_id: str, **options: Any) -> Any:
        """Create a repository; with `exist_ok`, keep an existing one."""

    def upload_folder(self, **options: Any) -> Any:
        """Upload a folder in one commit."""


def require_pushable(target: str) -> None:
    """Raise PublishError if this target cannot be uploaded to the Hub."""
    if target not in SDKS:
        raise PublishError(
            f"A {target} cannot be pushed to the Hub.",
            "Only --to space and --to static can. Build the image and push it to a registry of yours.",
        )


def push(folder: Path, repository: str, *, hardware: str = "", client: HubClient | None = None) -> str:
    """Upload a published folder as a Space, in one commit that replaces all its files; return the Space's address.

    A Space that does not exist is created, with this `hardware`. Raises PublishError if the folder is not intact, or
    if the Hub refuses or cannot be reached.
    """
    published = read(folder)
    require_pushable(published.target)
    if found := check(folder, published, below=("",)):
        raise PublishError(f"{found[0].what} So nothing was uploaded.", found[0].remedy)
    import httpx2
    from huggingface_hub import HfApi, errors

    hub: Any = client or HfApi(library_name="pincite")
    creation = {"space_hardware": hardware} if hardware else {}
    try:
        hub.create_repo(repository, repo_type="space", space_sdk=SDKS[published.target], exist_ok=True, **creation)
        hub.upload_folder(
            repo_id=repository,
            repo_type="space",
            folder_path=folder,
            commit_message=f"Publish {published.documents} documents",
            delete_patterns="*",  # files of an earlier publication go in the same commit
        )
    except (httpx2.HTTPError, errors.HFValidationError, errors.LocalTokenNotFoundError, OSError) as error:
        hint = "Check the name OWNER/NAME and your token (`hf auth login`, or the variable HF_TOKEN), and try again."
        raise PublishError(f"The Hub did not accept {repository}: {one_line(str(error))}.", hint) from error
    return f"https://huggingface.co/spaces/{repository}"
