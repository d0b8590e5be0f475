"""The files of a container say what a host needs, and no engine is there to check it: they are read here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from index.plugins.publish.hosts import label
from tests.cases import cases
from tests.plugins.publish.conftest import published
from tests.plugins.publish.dockerfile import Stage, command, stages
from tests.reference import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from index.library.library import Library


@pytest.fixture(scope="module")
def container(kept_shelf: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published container, which no test changes."""
    folder = tmp_path_factory.mktemp("container") / "demo"
    published(kept_shelf, folder, target="container", title="Notes: the king's & more")
    return folder


def check_image(builder: Stage, runtime: Stage) -> None:
    """Check what every image of this project needs."""
    assert builder.name == "builder"
    assert builder.image == runtime.image == "python:3.12-slim"
    copied = [argument for argument in runtime.all("COPY") if argument.startswith("--from=builder ")]
    assert copied
    assert not any("pip install" in argument for argument in runtime.all("RUN"))
    assert runtime.only("USER") == "1000:1000"
    assert [name for name, _ in runtime.steps].index("USER") > max(
        n for n, (name, _) in enumerate(runtime.steps) if name in ("RUN", "COPY")
    )  # what is served does not belong to the user who serves it
    assert "--uid 1000" in " ".join(runtime.all("RUN"))
    assert runtime.only("STOPSIGNAL") == "SIGTERM"
    assert "/healthz" in runtime.only("HEALTHCHECK")
    assert "--start-period=" in runtime.only("HEALTHCHECK")
    assert command(runtime) == ["python", "app.py"]
    assert runtime.environment["GRADIO_SERVER_NAME"] == "0.0.0.0"
    assert runtime.environment["HOME"] == "/tmp"  # the only place that can be written


def test_dockerfile_has_two_stages_and_an_unprivileged_user(container: Path) -> None:
    """The packages are installed from the folder's own requirements, and nothing else is fetched.

    Neither git's folder nor the files for the engine get into the image.
    """
    builder, runtime = stages((container / "Dockerfile").read_text())
    check_image(builder, runtime)
    assert "COPY requirements.txt ." in (container / "Dockerfile").read_text()
    for argument in (*builder.all("COPY"), *runtime.all("COPY")):
        source = argument.split()[-2]
        assert source.startswith("/opt/") or (container / source).exists()
    ignored = (container / ".dockerignore").read_text().split()
    assert {"Dockerfile", "compose.yaml", "kubernetes.yaml", "**/.git"} <= set(ignored)
    assert not {"library", "index", "app.py", "manifest.json"} & set(ignored)


def test_the_repository_is_an_image_of_the_same_kind() -> None:
    """The sample documents are read and encoded while the image is built."""
    builder, runtime = stages((ROOT / "Dockerfile").read_text())
    check_image(builder, runtime)
    assert any("open_library" in argument for argument in builder.all("RUN"))
    assert runtime.environment["PINCITE_LIBRARY"].startswith("/")


def test_compose_file_runs_it_read_only(container: Path) -> None:
    """Bound to this machine, without privileges, with limits, and stopped within ten seconds."""
    (service,) = yaml.safe_load((container / "compose.yaml").read_text())["services"].values()
    assert service["read_only"] is True
    assert service["tmpfs"] == ["/tmp:size=2g,mode=1777"]
    assert service["ports"] == ["127.0.0.1:7860:7860"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert (service["user"], service["stop_grace_period"]) == ("1000:1000", "10s")


def test_kubernetes_manifest_probes_and_restricts_it(container: Path) -> None:
    """The restricted profile of Kubernetes' pod security standards, and probes of both routes."""
    deployment, service = yaml.safe_load_all((container / "kubernetes.yaml").read_text())
    pod = deployment["spec"]["template"]["spec"]
    (only,) = pod["containers"]
    assert only["livenessProbe"]["httpGet"] == only["startupProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert only["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert only["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 1000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {"requests", "limits"} <= only["resources"].keys()
    assert only["volumeMounts"] == [{"name": "tmp", "mountPath": "/tmp"}]
    assert pod["terminationGracePeriodSeconds"] == 10
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == deployment["spec"]["selector"]["matchLabels"] == labels
    assert labels == {"app.kubernetes.io/name": "notes-the-king-s-more"}
    assert service["spec"]["ports"][0]["targetPort"] == "http"


@cases(("title", "name"), [("Été à 2", "t-2"), ("...", "pincite"), ("x" * 70, "x" * 50), ("a" * 49 + " b", "a" * 49)])
def test_title_becomes_a_valid_name(title: str, name: str) -> None:
    """Kubernetes and Compose accept few characters; a number alone would be read as one."""
    assert label(title) == name
