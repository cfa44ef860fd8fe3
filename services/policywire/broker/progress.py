"""Shows on standard error how a download gets on.

Knows rich. Knows nothing of what is downloaded but how much it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from policywire.broker.download import Progress as OnBytes


@contextmanager
def download_progress(what: str, size: int) -> Iterator[OnBytes]:
    """A bar of that many bytes while the block runs; without a terminal, one line when it is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=size)
        yield lambda count: bar.advance(task, count)
