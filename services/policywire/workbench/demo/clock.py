"""The demo's clock: an instant in a small file, which the demo moves and its worker reads, so that weeks take seconds.

Knows the file. It is the demo's own: no setting of the product reads one.
"""

import os
from datetime import UTC, datetime
from pathlib import Path


class DemoClock:
    """Stands where it was set, until it is let go.

    Args:
        file: where it is kept.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def set(self, now: datetime) -> None:
        """Make it that instant, and stand."""
        self._write(now.isoformat())

    def let_go(self) -> None:
        """Go on from where it stands, as fast as time does."""
        self._write(f"{self().isoformat()} {datetime.now(UTC).isoformat()}")

    def __call__(self) -> datetime:
        """Its instant."""
        now, *since = map(datetime.fromisoformat, self._file.read_text("ascii").split())
        return now + (datetime.now(UTC) - since[0]) if since else now

    def _write(self, text: str) -> None:
        """In one go: a reader sees the former text or this one."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(text, "ascii")
        os.replace(fresh, self._file)  # noqa: PTH105  as its name says
