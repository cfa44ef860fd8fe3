"""``policywire bucket``: a policy's expected denials as a table. Knows the terminal; the workbench sorts and writes."""

import asyncio
import json
from pathlib import Path
from typing import Any, BinaryIO

import click

from policywire.cli.rules.published import cluster_options, kafka_options
from policywire.workbench.bucket.lines import BucketLine, Piles, replayed, total_exposure
from policywire.workbench.bucket.table import refuse_other_kinds, write_bucket


@click.command()
@click.argument("bucket")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="A .csv or .xlsx file to write.")
@click.option("--from-file", type=click.File("rb"), help="Read what `policywire replay` printed, not the topic.")
@cluster_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text, without identifiers.")
def command(  # noqa: PLR0913  one parameter an option
    bucket: str,
    *,
    out: Path | None,
    from_file: BinaryIO | None,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    as_json: bool,
) -> None:
    """Write the claim lines of a denial BUCKET, such as "MM 0552", for the team that works them.

    Reads the topic determinations as it is now: current claim lines whose expected denial names the bucket, the most
    exposed first. Nothing is written to Kafka and no consumer group is used; the settings of the cluster are the
    worker's: POLICYWIRE_KAFKA__BOOTSTRAP_SERVERS and the others. The file holds protected health information and is
    readable by you only.

    Ends with status 0 when the bucket has lines, 1 when it has none (then it says which buckets have) or the cluster
    does not answer, 2 when something cannot be read or written.

    \b
    Example:
      policywire bucket "MM 0552" --out mm-0552.xlsx
      policywire replay claims.jsonl > out.jsonl; policywire bucket "MM 0552" --from-file out.jsonl --out mm-0552.csv
    """  # noqa: D301  click's mark for text that is not to be wrapped
    if out is not None:
        refuse_other_kinds(out)
    piles = Piles(bucket)
    if from_file is not None:
        for key, value, place in replayed(from_file):
            piles.take(key, value, place)
    else:
        _read_topic(kafka_options(bootstrap_servers, topic_prefix), piles)
    lines = piles.lines()
    if lines and out is not None:
        write_bucket(out, lines)
    if as_json:
        click.echo(json.dumps(_report(bucket, lines, piles, out), indent=2))
    else:
        _show(bucket, lines, piles, out)
    raise SystemExit(0 if lines else 1)


def _read_topic(kafka: dict[str, str], piles: Piles) -> None:
    # Imported here: Kafka's client is not needed for a file.
    from policywire.stream.settings import load_settings  # noqa: PLC0415
    from policywire.workbench.bucket.topic import sort_topic  # noqa: PLC0415

    asyncio.run(sort_topic(load_settings({"kafka": kafka}), piles))


def _report(bucket: str, lines: list[BucketLine], piles: Piles, out: Path | None) -> dict[str, Any]:
    return {
        "bucket": bucket,
        "lines": len(lines),
        "exposure_amount": _decimal(total_exposure(lines)),
        "by_next_action": {
            action: {"lines": len(pile), "exposure_amount": _decimal(total_exposure(pile))}
            for action, pile in _by_next_action(lines).items()
        },
        "file": str(out) if lines and out else None,
        "other_buckets": [{"bucket": name, "lines": count} for name, count in piles.other_buckets()],
    }


def _show(bucket: str, lines: list[BucketLine], piles: Piles, out: Path | None) -> None:
    if not lines:
        others = ", ".join(f"{name} ({count})" for name, count in piles.other_buckets())
        click.echo(
            f"No line is in the bucket {bucket}. " + (f"There are: {others}." if others else "No bucket has any.")
        )
        return
    click.echo(f"{_count(len(lines))} in the bucket {bucket}, ${_decimal(total_exposure(lines), ',')} at risk.")
    for action, pile in _by_next_action(lines).items():
        click.echo(f"  {action:<24} {_count(len(pile))}, ${_decimal(total_exposure(pile), ',')} at risk")
    if out is None:
        click.echo("No file was asked for: --out FILE.csv or FILE.xlsx writes the lines.")
    else:
        click.echo(f"{out} has them: protected health information, readable by you only.")


def _by_next_action(lines: list[BucketLine]) -> dict[str, list[BucketLine]]:
    actions = sorted({line.next_action for line in lines})
    return {action: [line for line in lines if line.next_action == action] for action in actions}


def _count(number: int) -> str:
    return f"{number:,} line{'s' if number != 1 else ''}"


def _decimal(cents: int, grouping: str = "") -> str:
    return f"{cents // 100:{grouping}}.{cents % 100:02}"
