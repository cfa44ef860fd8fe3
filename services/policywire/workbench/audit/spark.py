"""The engine for what one machine cannot hold: Apache Spark runs the same work on every piece, the driver takes it in.

Knows Spark; what is done with a piece is :func:`policywire.workbench.audit.work.work`, whoever runs it. Spark is given
the pieces, not the rows: so a row has the same number, the same judgement and the same answer as on one machine. The
files must lie where every executor sees them under the same path, and policywire with its extra on every executor.
"""

import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
from msgspec.structs import replace

from policywire.errors import BadInput, PassingFault
from policywire.workbench.audit.run import Engine
from policywire.workbench.audit.work import Batch, Piece, Task, work
from policywire.workbench.charges.parquet_file import ParquetFile

ROWS_A_PIECE: Final = 1_000_000
"""Row groups of a Parquet file are put together up to so many rows: seconds of work, beside which a start is cheap."""
_SAID: Final = pa.schema([("piece", pa.int64()), ("batch", pa.binary())])


def on_spark(master: str) -> Engine:
    """The engine that runs on Spark at a master, such as ``local[2]`` or ``spark://host:7077``.

    Raises:
        BadInput: a package of the extra is not installed.
    """
    if any(find_spec(name) is None for name in ("pyspark", "pandas")):  # pandas is what mapInArrow itself asks for
        raise BadInput("--engine spark needs the extra: pip install 'policywire[spark]'")

    def engine(pieces: Sequence[Piece], task: Task) -> Iterator[Batch]:
        if pieces:
            with _session(master) as spark:
                yield from _batches(spark, [part for piece in pieces for part in split(piece)], task)

    return engine


def split(piece: Piece, rows: int = ROWS_A_PIECE) -> Iterator[Piece]:
    """The piece in parts that can be worked on side by side: row groups of a Parquet file; any other file is one."""
    if piece.file.format != "parquet":
        yield piece
        return
    groups = ParquetFile(piece.file.content).group_rows
    begin, held = 0, 0
    for group, count in enumerate(groups):
        held += count
        if held >= rows or group == len(groups) - 1:
            yield replace(piece, groups=(begin, group + 1))
            begin, held = group + 1, 0


def _batches(spark: Any, pieces: Sequence[Piece], task: Task) -> Iterator[Batch]:
    """What the executors made, piece by piece: all of it waits on their disks, so that the driver holds little."""
    from pyspark import StorageLevel  # noqa: PLC0415

    numbers = spark.range(0, len(pieces), 1, len(pieces))  # a partition for each piece
    said = numbers.mapInArrow(_worker(tuple(pieces), task), "piece bigint, batch binary")
    said.persist(StorageLevel.DISK_ONLY)
    try:
        said.count()
        for _, packed in said.toLocalIterator():
            made = pickle.loads(packed)  # noqa: S301  our own executors made it
            if isinstance(made, BadInput):
                raise made
            yield made
    finally:
        said.unpersist()


def _worker(pieces: tuple[Piece, ...], task: Task) -> Any:
    """What an executor runs, with all that it needs."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for numbers in batches:
            for number in numbers.column(0).to_pylist():
                for made in _tried(pieces[number], task):
                    yield pa.record_batch([pa.array([number]), pa.array([pickle.dumps(made)])], schema=_SAID)

    return run


def _tried(piece: Piece, task: Task) -> Iterator[Batch | BadInput]:
    """The work, or as its last word what somebody must mend: an exception would reach the driver as a Java trace."""
    try:
        yield from work(piece, task)
    except BadInput as error:
        yield error


def _logging(folder: Path) -> Path:
    """A configuration by which Spark says only what is wrong; without one it greets with a page."""
    path = folder / "log4j2.properties"
    path.write_text(
        "rootLogger.level = error\nrootLogger.appenderRef.stderr.ref = console\n"
        "appender.console.type = Console\nappender.console.name = console\nappender.console.target = SYSTEM_ERR\n",
        "utf-8",
    )
    return path


@contextmanager
def _session(master: str) -> Iterator[Any]:
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with TemporaryDirectory(prefix="policywire-spark-") as folder:
        builder = SparkSession.builder.master(master).appName("policywire audit")
        settings = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.driver.extraJavaOptions": f"-Dlog4j.configurationFile={_logging(Path(folder))}",
            "spark.sql.warehouse.dir": str(Path(folder) / "warehouse"),
            "spark.sql.execution.arrow.maxRecordsPerBatch": "1",  # a record is a batch of thousands of lines
        }
        if master.startswith("local"):
            # Nothing listens to the network for a run on one machine.
            settings |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
            settings["spark.local.dir"] = folder
            os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        for name, value in settings.items():
            builder = builder.config(name, value)
        try:
            spark = builder.getOrCreate()
        except (PySparkException, RuntimeError, OSError) as error:
            raise PassingFault(f"Spark does not start at {master}: {str(error).splitlines()[0]}") from error
        try:
            yield spark
        finally:
            spark.stop()
