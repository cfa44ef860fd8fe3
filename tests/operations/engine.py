"""A real Docker Engine of the tests' own: its daemon, images and containers lie in one folder and are gone afterwards.

Knows Docker's command line and no policywire. No registry of images can be reached from everywhere these tests run, so
the base that a Dockerfile names is stood in for by a Debian with Python, made from Debian's packages.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.operations.prometheus import TOOLS

STAND_IN: Final = "python-on-debian:1"
_HOST_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")
_PACKAGES: Final = "python3,python3-venv,ca-certificates,wget"
_START_S: Final = 30.0


class EngineMissing(AssertionError):
    """A program that these tests need is not on this machine."""


class EngineFailed(AssertionError):
    """A command of Docker's failed; the text is its own."""


class Engine:
    """A daemon that listens on a socket of its own. A context manager; needs root."""

    def __init__(self) -> None:
        for program in ("dockerd", "docker", "mmdebstrap"):
            if shutil.which(program) is None:
                raise EngineMissing(
                    f"{program} is not on PATH, and this test needs it: apt-get install docker.io mmdebstrap"
                )
        # A path to a socket may have 107 characters, which is fewer than pytest's folders have.
        self.folder = Path(tempfile.mkdtemp(prefix="engine-"))
        self._host = f"unix://{self.folder / 'docker.sock'}"
        self._daemon: subprocess.Popen[bytes] | None = None

    @property
    def _settings(self) -> dict[str, Any]:
        return {
            "hosts": [self._host],
            "data-root": str(self.folder / "data"),
            "exec-root": str(self.folder / "exec"),
            "pidfile": str(self.folder / "pid"),
            # The machine's own network is left as it is: no bridge, and no rule of a firewall.
            "bridge": "none",
            "iptables": False,
            "ip6tables": False,
            # A machine may not allow the daemon's own default.
            "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 4096, "Hard": 4096}},
            "log-level": "warn",
        }

    def docker(
        self, *arguments: str, check: bool = True, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run ``docker ARGUMENTS``.

        Raises:
            EngineFailed: it failed; unless ``check`` is false.
        """
        return self._run(["docker", *arguments], check=check, variables=variables)

    def compose(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run ``docker compose ARGUMENTS``, whose program is built like the other tools."""
        program = TOOLS / "cmd"  # named for its folder in Docker Compose
        if not program.is_file():
            raise EngineMissing(f"{program} is not there, and this test needs it: make tools")
        return self._run([str(program), *arguments], check=check)

    def make_stand_in(self) -> None:
        """Make :data:`STAND_IN`: the Debian of this machine's package sources, trusting whom this machine trusts."""
        archive = self.folder / "debian.tar"
        upload = f"upload {_HOST_CERTIFICATES} {_HOST_CERTIFICATES}"
        options = ["--quiet", "--variant=minbase", f"--include={_PACKAGES}", f"--customize-hook={upload}"]
        self._run(["mmdebstrap", *options, "bookworm", str(archive)])
        self.docker("import", f"--change=ENV PIP_CERT={_HOST_CERTIFICATES}", str(archive), STAND_IN)
        archive.unlink()

    def build(self, dockerfile: Path, context: Path, tag: str, arguments: Mapping[str, str]) -> None:
        """Build an image from images that are here, on the machine's network."""
        given = [f"--build-arg={name}={value}" for name, value in arguments.items()]
        self.docker("build", "--network=host", f"--file={dockerfile}", f"--tag={tag}", *given, str(context))

    def image(self, tag: str) -> dict[str, Any]:
        """What an image says of itself."""
        [found] = json.loads(self.docker("image", "inspect", tag).stdout)
        return dict(found)

    def run(
        self, image: str, *command: str, options: Sequence[str] = (), check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in a new container on this machine's own network, and remove the container."""
        return self.docker("run", "--rm", "--network=host", *options, image, *command, check=check)

    def start(self, name: str, image: str, *command: str, options: Sequence[str] = ()) -> None:
        """Start a container of that name on this machine's own network; ``docker`` stops and removes it."""
        self.docker("run", "--detach", f"--name={name}", "--network=host", *options, image, *command)

    def _run(
        self, command: Sequence[str], *, check: bool = True, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DOCKER_HOST": self._host, "DOCKER_BUILDKIT": "0", **(variables or {})}
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if check and ran.returncode != 0:
            raise EngineFailed(f"{' '.join(command)}: {ran.stdout[-2000:]}{ran.stderr[-4000:]}")
        return ran

    def __enter__(self) -> Self:
        settings = self.folder / "daemon.json"
        settings.write_text(json.dumps(self._settings))
        with (self.folder / "dockerd.log").open("wb") as log:
            self._daemon = subprocess.Popen(["dockerd", f"--config-file={settings}"], stdout=log, stderr=log)
        deadline = time.monotonic() + _START_S
        while self.docker("info", check=False).returncode != 0:
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "dockerd.log").read_text()[-2000:]
                self._end()
                raise EngineFailed(f"dockerd does not start: {said}")
            time.sleep(0.2)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = self.docker("ps", "--all", "--quiet", check=False).stdout.split()
        if left:
            self.docker("rm", "--force", "--volumes", *left, check=False)
        self._end()

    def _end(self) -> None:
        """End the daemon, and take away what it left: at least one mounted name of a network."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait()
        mounted = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in reversed([each for each in mounted if Path(each).is_relative_to(self.folder)]):
            subprocess.run(["umount", place], check=True)
        shutil.rmtree(self.folder)
