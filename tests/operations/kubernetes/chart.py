"""The Helm chart rendered, linted and validated by the real tools, and what came out as values.

Knows the command lines of Helm and kubeconform. Renders for a stated version of Kubernetes: no cluster is asked.
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from msgspec import Struct
from tests.operations.kubernetes.schemas import VERSIONS, schema_folder
from tests.operations.prometheus import ROOT, tool

CHART: Final = ROOT / "deploy/helm/policywire"
VALUES: Final = Path(__file__).parent
FILES: Final = sorted(each.stem.removeprefix("values-") for each in VALUES.glob("values-*.yaml"))
"""What each ``values-<name>.yaml`` is called."""
RELEASE: Final = "rel"
NAMESPACE: Final = "coverage"
NEWEST: Final = VERSIONS[-1]

Manifest = dict[str, Any]


class Refused(Exception):
    """Helm or kubeconform did not take it; the text is the tool's own."""


class Rendered(Struct, frozen=True):
    """What a release would be: its text as Helm prints it, and its objects."""

    text: str
    objects: list[Manifest]

    def of(self, kind: str) -> list[Manifest]:
        """The objects of a kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str) -> Manifest:
        """The only object of a kind."""
        (found,) = self.of(kind)
        return found

    @property
    def kinds(self) -> set[str]:
        """Which kinds there are."""
        return {each["kind"] for each in self.objects}

    @property
    def worker(self) -> "Pod":
        """The pod of the workers."""
        return Pod(self.one("StatefulSet")["spec"]["template"]["spec"])

    @property
    def topics_job(self) -> "Pod":
        """The pod of the job that creates topics."""
        return Pod(self.one("Job")["spec"]["template"]["spec"])


class Pod(Struct, frozen=True):
    """A pod of one container."""

    spec: Manifest

    @property
    def container(self) -> Manifest:
        """The only one."""
        (container,) = self.spec["containers"]
        found: Manifest = container
        return found

    @property
    def environment(self) -> dict[str, str]:
        """The container's variables that have a literal value."""
        return {each["name"]: each["value"] for each in self.container["env"] if "value" in each}

    def volume(self, name: str) -> Manifest:
        """A volume, by its name."""
        (found,) = [each for each in self.spec["volumes"] if each["name"] == name]
        volume: Manifest = found
        return volume


def render(name: str = "minimal", *, version: str = NEWEST, chart: Path = CHART, **values: Any) -> Rendered:
    """Render the chart with a file of values, and single values over it, by dotted names with ``__`` for the dot.

    Raises:
        Refused: a schema or a template refuses the values.
    """
    text = _helm("template", RELEASE, *_with(name, version, chart, values), "--namespace", NAMESPACE)
    return Rendered(text, [each for each in yaml.safe_load_all(text) if each])


def render_text(values: str, folder: Path) -> Rendered:
    """Render the chart with values as text, which are written to the folder."""
    file = folder / "site.yaml"
    file.write_text(values)
    text = _helm("template", RELEASE, str(CHART), "--kube-version", NEWEST, "--values", str(file))
    return Rendered(text, [each for each in yaml.safe_load_all(text) if each])


def lint(name: str) -> str:
    """What ``helm lint --strict`` says about the chart with a file of values.

    Raises:
        Refused: something is wrong, a warning too.
    """
    return _helm("lint", "--strict", *_with(name, NEWEST, CHART, {}))


def package(folder: Path) -> Path:
    """The chart as the archive that is handed on, its links replaced by what they lead to."""
    _helm("package", str(CHART), "--destination", str(folder))
    (archive,) = folder.glob("*.tgz")
    return archive


def validate(text: str, version: str = NEWEST) -> list[tuple[str, str]]:
    """Hold manifests against the schemas of Kubernetes and of the CRDs; which objects were looked at, as (kind, name).

    Raises:
        Refused: one does not follow its schema, or there is no schema for it.
    """
    location = f"{schema_folder(version)}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"
    run = subprocess.run(
        [tool("kubeconform"), "-strict", "-output", "json", "-verbose", "-schema-location", location, "-"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise Refused(run.stdout + run.stderr)
    looked_at = json.loads(run.stdout)["resources"]
    assert all(each["status"] == "statusValid" for each in looked_at), run.stdout
    return [(each["kind"], each["name"]) for each in looked_at]


def _with(name: str, version: str, chart: Path, values: dict[str, Any]) -> Sequence[str]:
    single = [f"--set-json={key.replace('__', '.')}={json.dumps(value)}" for key, value in values.items()]
    return [str(chart), "--kube-version", version, "--values", str(VALUES / f"values-{name}.yaml"), *single]


def _helm(*arguments: str) -> str:
    run = subprocess.run([tool("helm"), *arguments], capture_output=True, text=True, check=False)
    if run.returncode:
        raise Refused(run.stdout + run.stderr)
    return run.stdout
