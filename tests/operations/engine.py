"""A container engine without a daemon (Podman with runc), with images of its own that are thrown away.

Knows Podman's command line, and no policywire. No registry of images can be reached from everywhere these tests run, so
the base that a Dockerfile names is stood in for by a Debian with Python, made from Debian's packages.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

_HOST_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_PACKAGES: Final = "python3,python3-venv,ca-certificates"
# The engine would have systemd look at a container's health; and raise limits beyond what this machine allows.
_HERE: Final = ("--network=host", "--no-healthcheck", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096")
STAND_IN: Final = "localhost/python-on-debian:1"


class EngineMissing(AssertionError):
    """A program that these tests need is not on this machine."""


class Engine:
    """Its storage lies in one folder. A context manager, which removes all containers and images at its end."""

    def __init__(self, folder: Path) -> None:
        for program in ("podman", "runc", "mmdebstrap"):
            if shutil.which(program) is None:
                raise EngineMissing(
                    f"{program} is not on PATH, and this test needs it: apt-get install podman runc mmdebstrap"
                )
        self._folder = folder
        self._trust_all = folder / "policy.json"
        self._trust_all.write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
        self._podman = [
            "podman",
            f"--root={folder / 'images'}",
            f"--runroot={folder / 'run'}",
            f"--tmpdir={folder / 'state'}",
            "--storage-driver=overlay",
            "--runtime=runc",
            "--cgroup-manager=cgroupfs",
            "--events-backend=file",
        ]

    def podman(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command of Podman's.

        Raises:
            AssertionError: it failed, with what it said; unless ``check`` is false.
        """
        ran = subprocess.run([*self._podman, *arguments], capture_output=True, text=True, check=False)
        assert ran.returncode == 0 or not check, (
            f"podman {' '.join(arguments)}: {ran.stdout[-2000:]}{ran.stderr[-4000:]}"
        )
        return ran

    def make_stand_in(self) -> None:
        """Make :data:`STAND_IN`: the Debian of this machine's package sources, trusting whom this machine trusts."""
        archive = self._folder / "debian.tar"
        subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                f"--include={_PACKAGES}",
                f"--customize-hook=upload {_HOST_CERTIFICATES} {_HOST_CERTIFICATES}",
                "bookworm",
                str(archive),
            ],
            check=True,
            capture_output=True,
        )
        self.podman("import", "--quiet", f"--change=ENV PIP_CERT={_HOST_CERTIFICATES}", str(archive), STAND_IN)
        archive.unlink()

    def build(self, dockerfile: Path, context: Path, tag: str, arguments: Mapping[str, str]) -> None:
        """Build an image, from images that are here."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        # Docker's format: the other one has no health check.
        self.podman(
            "build",
            "--format=docker",
            "--isolation=chroot",
            "--pull-never",
            f"--signature-policy={self._trust_all}",
            f"--file={dockerfile}",
            f"--tag={tag}",
            *given,
            str(context),
        )

    def image(self, tag: str) -> dict[str, Any]:
        """What an image says of itself."""
        [found] = json.loads(self.podman("image", "inspect", tag).stdout)
        return dict(found)

    def run(
        self, image: str, *command: str, options: Sequence[str] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a new container on this machine's own network, and remove the container."""
        return self.podman("run", "--rm", *_HERE, *options, image, *command, check=check)

    def start(self, name: str, image: str, *command: str, options: Sequence[str] = ()) -> None:
        """Start a container of that name on this machine's own network; ``podman`` stops and removes it."""
        self.podman("run", "--detach", f"--name={name}", *_HERE, *options, image, *command)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.podman("rm", "--all", "--force", "--time=0", check=False)
        self.podman("rmi", "--all", "--force", check=False)
