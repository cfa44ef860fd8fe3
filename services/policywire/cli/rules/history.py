"""``policywire rules history``: one policy through time. Knows the terminal; the workbench tells."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from policywire.cli.rules.published import cluster_options, kafka_options, this_second
from policywire.cli.rules.shown import JSON, today
from policywire.errors import BadInput
from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.history import as_text
from policywire.rulebook.load import document_of, files_in
from policywire.rulebook.rulebook import PolicyKey
from policywire.rulebook.schedule import INSTANT
from policywire.workbench.check import rules_folder
from policywire.workbench.documents import find_policy, read_documents
from policywire.workbench.history.commits import Commit, commits_of
from policywire.workbench.history.policy import PolicyHistory, VersionTold, history_of
from policywire.workbench.history.published import PublicationTold, publications_of
from policywire.workbench.plain_words import PRIOR_AUTHORIZATION, outcome_in_words, window_in_words


@click.command()
@click.argument("policy")
@click.option("--rules", type=click.Path(path_type=Path), help="Folder of documents [default: ./rules, or what ships].")
@click.option("--payer", help="The payer's key, where several payers have a policy of that id.")
@click.option("--code", help="Only what concerns this procedure code.")
@click.option("--from-topic", is_flag=True, help="Also who published it, when, why and by whose leave.")
@cluster_options
@click.option("--git", "with_git", is_flag=True, help="Also the commits that touched its document.")
@JSON
def history(  # noqa: PLR0913  one a question that people ask
    *,
    policy: str,
    rules: Path | None,
    payer: str | None,
    code: str | None,
    from_topic: bool,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    with_git: bool,
    as_json: bool,
) -> None:
    """Tell the history of a policy: its versions, what each answers otherwise, its sources, and what was known when.

    POLICY is its id, as "MM 0552"; case and blanks do not matter. With --from-topic also who published it, and with
    --git the commits that touched its document.

    Exit status: 0 when it was told, 2 when there is no such policy or code, or the documents, the topic or the
    repository cannot be read.

    \b
    Example:
      policywire rules history "MM 0552"
      policywire rules history "MM 0552" --code 20999 --git
      policywire rules history "MM 0552" --from-topic --bootstrap-servers localhost:9092 --json
    """  # noqa: D301  click's \b keeps the example's lines
    folder = rules_folder(rules)
    documents = read_documents(folder)
    try:
        key = find_policy(documents.policies, policy, payer)
    except BadInput as error:
        if not from_topic:
            raise
        where = f"It was looked for in the folder {folder}, not in the topic: name the folder it was published from"
        raise BadInput(f"{error} {where} with --rules.") from error
    told = history_of(documents, key, code, today())
    published = _published(kafka_options(bootstrap_servers, topic_prefix), told) if from_topic else None
    commits = commits_of(_file_of(folder, key)) if with_git else None
    if as_json:
        report = msgspec.to_builtins({"history": told, "publications": published, "commits": commits})
        click.echo(json.dumps({**report.pop("history"), **report}, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join((*_lines(told), *_publication_lines(published), *_commit_lines(commits))))


def _published(kafka: Mapping[str, Any], told: PolicyHistory) -> tuple[PublicationTold, ...]:
    # Imported here: Kafka's client takes long, and `--help` needs none.
    from policywire.stream.settings import load_settings  # noqa: PLC0415
    from policywire.workbench.publishing.history import read_history  # noqa: PLC0415

    found = asyncio.run(read_history(load_settings({"kafka": kafka}), this_second()))
    return tuple(publications_of(found, told))


def _file_of(folder: Path, key: PolicyKey) -> Path:
    """The file of a policy that is known to be in the folder."""
    for file in files_in(folder):
        if key[1].encode() in file.content:
            document = document_of(file)
            if isinstance(document, PolicyDocument) and (document.payer, document.policy) == key:
                return Path(file.name)
    raise BadInput(f"the document of {key[1]} is gone from {folder}. Try again.")


def _lines(told: PolicyHistory) -> Iterator[str]:
    yield f"{told.payer_name}, {told.policy}: {told.title}"
    yield f"Latest change: {told.change_type}, impact {told.impact}; this state could be known from {told.known_from}."
    for version in told.versions:
        yield ""
        yield from _version(version)
    yield ""
    yield "Sources:"
    for citation in told.citations:
        read = f", read {citation.retrieved}" if citation.retrieved else ""
        yield f"  {citation.id}: {citation.title} ({citation.kind}{read})"
    if told.source_conflicts:
        yield "Where the sources contradict each other:"
    for conflict in told.source_conflicts:
        yield f"  {conflict.about} Taken: {conflict.taken} Set aside: {conflict.set_aside} Why: {conflict.why}"
    if told.quarantined:
        yield "Rows of the source that cannot be used:"
    for row in told.quarantined:
        yield f"  {row.text or 'text not known'}: {row.why}"


def _version(version: VersionTold) -> Iterator[str]:
    window = window_in_words(version.effective_from, version.effective_through)
    standing = version.standing.replace("_", " ")
    yield f"{version.effective_from}  {standing}: services {window}; known from {version.known_from}"
    yield (
        f"  {outcome_in_words(version.position)}; prior authorization: "
        + PRIOR_AUTHORIZATION[version.prior_authorization]
    )
    yield f"  {len(version.codes)} code{'s' if len(version.codes) != 1 else ''}: {', '.join(version.codes) or 'none'}"
    yield f"  {version.basis}"
    if version.cites:
        yield f"  rests on: {', '.join(version.cites)}"
    if version.codes_added:
        yield f"  codes added: {', '.join(version.codes_added)}"
    if version.codes_removed:
        yield f"  codes removed: {', '.join(version.codes_removed)}"
    for each in version.otherwise:
        when = f", when {' and '.join(each.when)}" if each.when else ""
        yield f"  {', '.join(each.codes)}{when}:"
        yield from (f"    {change}" for change in each.changes)


def _publication_lines(published: tuple[PublicationTold, ...] | None) -> Iterator[str]:
    if published is None:
        return
    yield "Published:" if published else "Published: never."
    for each in published:
        by = each.author or "nobody known"
        leave = f", approved by {', '.join(each.approved_by)}" if each.approved_by else ""
        forced = f", forced: {', '.join(each.forced)}" if each.forced else ""
        yield as_text(f"  {each.number}  {each.at.strftime(INSTANT)}  {each.kind}, by {by}{leave}{forced}")
        yield as_text(f"     {each.reason}")
        if each.effective_at > each.at:
            yield f"     in force from {each.effective_at.strftime(INSTANT)} on"
        for done, keys in (("written", each.written), ("removed", each.removed), ("cancelled", each.cancelled)):
            yield from (f"     {done}: {key}" for key in keys)
        if each.versions:
            yield f"     versions: {', '.join(str(version.effective_from) for version in each.versions)}"


def _commit_lines(commits: tuple[Commit, ...] | None) -> Iterator[str]:
    if commits is None:
        return
    yield "Commits:" if commits else "Commits: none."
    for each in commits:
        yield f"  {each.commit}  {each.at[:10]}  {each.author}: {each.subject}"
