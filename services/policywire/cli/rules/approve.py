"""``policywire rules approve``. Knows the terminal; the workbench keeps approvals."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from policywire import __version__
from policywire.cli.rules.published import (
    cluster_options,
    kafka_options,
    print_keys,
    publication_report,
    this_second,
    with_documents,
)
from policywire.cli.rules.shown import JSON, PATH, print_faults, print_json
from policywire.errors import PassingFault
from policywire.rulebook.history import Account, as_text
from policywire.rulebook.load import files_in
from policywire.rulebook.publication import publication
from policywire.rulebook.schedule import INSTANT
from policywire.rulebook.succession import Wanted
from policywire.workbench.check import check_rules, fault_report, rules_folder, summary
from policywire.workbench.gate.record import GateRecord, content_of, load
from policywire.workbench.publishing.approvals import ApprovalRecord, save

if TYPE_CHECKING:
    from policywire.stream.documents import Published


@click.command()
@PATH
@click.option("--by", required=True, metavar="NAME", help="Who approves: not the one who will publish.")
@click.option("--note", help="What you have to say of it; recorded.")
@cluster_options
@JSON
def approve(  # noqa: PLR0913  one parameter an option
    path: Path | None,
    *,
    by: str,
    note: str | None,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    as_json: bool,
) -> None:
    """Approve of the documents of a folder as they are now, so that somebody else may publish them.

    PATH is the folder of documents [default: ./rules, or else the rules that ship with policywire].

    The approval is a file under PATH/.policywire/approvals/, to be kept where the rules are kept. It is of this very
    content, cases included: any change of meaning needs another one, a change of comments or format does not. It shows
    what was approved and, with --bootstrap-servers, which documents are others than those in force. `policywire rules
    diff` shows what that means for claims.

    Ends with status 0 when it is recorded, 1 when the documents have faults, 2 when PATH or an option cannot be used.

    \b
    Example:
      policywire rules approve rules --by bob@practice.example --note "Compared with the payer's page"
    """  # noqa: D301  click's \b keeps the example's lines
    folder, now = rules_folder(path), this_second()
    reading = check_rules(folder, now.date())
    if reading.faults:
        if as_json:
            print_json({"approved": False, "faults": [fault_report(each) for each in reading.faults]})
        else:
            print_faults(reading.faults)
            click.echo("Not approved: these documents cannot be published.")
        raise SystemExit(1)
    files = tuple(files_in(folder))
    content = content_of(files)
    gate = load(folder, content)
    kafka = kafka_options(bootstrap_servers, topic_prefix)
    changes = _changes(publication(folder, files), now, kafka)
    at = now.strftime(INSTANT)
    said = None if note is None else as_text(note.strip())
    record = ApprovalRecord(content=content, by=as_text(by.strip()), at=at, note=said, policywire=__version__)
    file = save(folder, record)
    if as_json:
        print_json(_report(record, file, gate, changes))
        return
    click.echo(f"{summary(reading)}.")
    click.echo(_gate_words(gate, folder))
    _print_changes(changes, was_asked="bootstrap_servers" in kafka)
    click.echo(f"{record.by} approves of {content[:19]}. Kept in {file}.")


def _changes(documents: dict[str, bytes], now: datetime, kafka: dict[str, str]) -> "Published | None":
    """What publishing at once would change; None where nothing can be asked: an approval can be given without."""
    if "bootstrap_servers" not in kafka:
        return None
    # Imported here: Kafka's client would make an approval without a cluster slow.
    from policywire.stream.cluster import TopicMissing  # noqa: PLC0415

    wanted = Wanted(documents)
    account = Account(kind="publication", author=None, reason="")
    try:
        return with_documents(kafka, lambda topic: topic.compare(wanted, account, now))
    except (PassingFault, TopicMissing) as fault:
        click.echo(f"policywire: {fault}", err=True)
        return None


def _gate_words(gate: GateRecord | None, folder: Path) -> str:
    if gate is None:
        return f"It has not been through the gate; publishing will ask for that: policywire rules gate {folder}."
    if not gate.passed:
        return f"The gate failed it on {gate.ran_at}, so it cannot be published as it is."
    return f"The gate passed it on {gate.ran_at}: {gate.cases:,} cases, {gate.claims:,} generated claims."


def _print_changes(changes: "Published | None", *, was_asked: bool) -> None:
    if changes is None:
        why = "the cluster could not say" if was_asked else "give --bootstrap-servers to see which documents differ"
        click.echo(f"Not compared with what is published: {why}.")
    elif changes.is_needed:
        print_keys(changes.publication)
        written, removed = len(changes.written), len(changes.removed)
        click.echo(f"Publishing it would write {written}, remove {removed}, and leave {changes.unchanged} as they are.")
    else:
        click.echo("The topic holds these documents already.")


def _report(record: ApprovalRecord, file: Path, gate: GateRecord | None, changes: "Published | None") -> dict[str, Any]:
    return {
        "approved": True,
        "faults": [],
        "approval": msgspec.to_builtins(record),
        "file": str(file),
        "gate": None if gate is None else msgspec.to_builtins(gate),
        "changes": None if changes is None else publication_report(changes, done=False)["publication"],
    }
