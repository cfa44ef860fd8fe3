"""What the kubelet does for a pod, as far as a process can see it: files of volumes as links, variables, probes.

Volumes of Secrets and ConfigMaps are folders of links into a dated folder, which is exchanged as a whole; a program
that walks folders must not be confused by it.
"""

import json
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.operations.kubernetes.chart import NAMESPACE, Manifest, Pod

MOUNTED = "/etc/policywire"


def fill(volume: Path, files: Mapping[str, bytes], *, dated: str) -> None:
    """Let a volume have these files; what it had before is gone, all of it at the same moment."""
    content = volume / f"..{dated}"
    content.mkdir(parents=True)
    for name, octets in files.items():
        (content / name).write_bytes(octets)
        if not (volume / name).is_symlink():
            (volume / name).symlink_to(f"..data/{name}")
    for gone in [each for each in volume.iterdir() if not each.name.startswith("..") and each.name not in files]:
        gone.unlink()
    fresh = volume / "..data_tmp"
    fresh.symlink_to(content.name)
    fresh.rename(volume / "..data")


def volume_files(pod: Pod, name: str) -> list[tuple[str, str, str]]:
    """Of a projected volume: (kind and name of the source, its key, the file)."""
    found = []
    for source in pod.volume(name)["projected"]["sources"]:
        ((kind, reference),) = source.items()
        found += [(f"{kind}/{reference['name']}", item["key"], item["path"]) for item in reference["items"]]
    return found


def environment(pod: Pod, root: Path, *, name: str = "rel-policywire-0") -> dict[str, str]:
    """The variables of the container, expanded, with what is mounted below ``root`` instead."""
    variables: dict[str, str] = {}
    fields = {"metadata.name": name, "metadata.namespace": NAMESPACE}
    for each in pod.container["env"]:
        value = each.get("value") or fields.get(each.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath"), "")
        value = re.sub(r"\$\((\w+)\)", lambda match: variables[match[1]], value)
        variables[each["name"]] = value.replace(MOUNTED, str(root))
    return variables


def probe(container: Manifest, name: str, port: int) -> tuple[int, object]:
    """Do what a probe says, at another port: the status, 0 when nobody answers, and what was answered."""
    request = container[name]["httpGet"]
    (named,) = [each["name"] for each in container["ports"]]
    assert request["port"] == named
    try:
        with urlopen(f"http://127.0.0.1:{port}{request['path']}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, None


def free_port() -> int:
    """A port that nobody listens on; a pod has an address of its own and needs none such."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
