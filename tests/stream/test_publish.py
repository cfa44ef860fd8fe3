"""Policies published to the topic, and workers that follow it, on the real broker."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any, TypeVar

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result
from tests.stream.harness import (
    NOW,
    alerts_of,
    appointment,
    claim,
    outcome_of,
    publish,
    records_of,
    running,
    settings_for,
    until,
    until_done,
)

from policywire.broker import LocalBroker
from policywire.cli import main
from policywire.errors import BadInput, RulesRefused
from policywire.resources import shipped
from policywire.rulebook.history import Account, History
from policywire.rulebook.load import files_in, load_rulebook
from policywire.rulebook.publication import publication
from policywire.rulebook.succession import Wanted
from policywire.stream.cluster import Cluster
from policywire.stream.documents import TOPIC, PolicyDocuments, Published, open_documents
from policywire.stream.ending import LaneLost
from policywire.stream.settings import Settings
from policywire.stream.worker import Worker

POLICY = "cigna/mm-0552/policy.yaml"
CURRENT = '- effective_from: "2025-12-16"'
DOCUMENTS = 6
"""That ship, beside the cases."""
ACCOUNT = Account(kind="publication", author="ann", reason="A test.")
T = TypeVar("T")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(copytree(shipped("rules"), tmp_path / "rules"))


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics, rules={"source": "topic", "poll_s": 0.1})


def edit(rules: Path, old: str, new: str) -> None:
    """Change the current version of MM 0552 where the text stands first."""
    earlier, current = (rules / POLICY).read_text().split(CURRENT)
    assert old in current
    (rules / POLICY).write_text(earlier + CURRENT + current.replace(old, new, 1))


def cover(rules: Path) -> None:
    """The knee implants, denied until now, are covered."""
    edit(rules, "outcome: not_medically_necessary", "outcome: covered")


def documents_in(rules: Path) -> dict[str, bytes]:
    return publication(rules, files_in(rules))


def payer_document(rules: Path, payer: str) -> bytes:
    """The profile of a payer whose id is 99999."""
    profile = json.loads(documents_in(rules)["payer:cigna"])
    return json.dumps({**profile, "payer": payer, "payer_ids": ["99999"]}).encode()


async def on_topic(settings: Settings, use: Callable[[PolicyDocuments], Awaitable[T]]) -> T:
    async with Cluster(settings.kafka) as cluster:
        return await use(await open_documents(cluster, settings))


async def published(settings: Settings, documents: Mapping[str, bytes], **how: Any) -> Published:
    now = datetime.now(UTC).replace(microsecond=0)
    return await on_topic(settings, lambda topic: topic.publish(Wanted(documents, **how), ACCOUNT, now))


async def recorded(topic: PolicyDocuments) -> History:
    return await topic.history(NOW)


async def held(settings: Settings) -> dict[str, bytes]:
    async def read(topic: PolicyDocuments) -> dict[str, bytes]:
        return await topic.read(await topic.end())

    return await on_topic(settings, read)


def command(settings: Settings, *arguments: object) -> Result:
    """Publish through the command line, without asking anybody: that is tested where the commands are."""
    kafka = settings.kafka
    where = ["--bootstrap-servers", kafka.bootstrap_servers, "--topic-prefix", kafka.topic_prefix]
    why = ["--force", "--author", "ann", "--reason", "A test."]
    return CliRunner().invoke(main, ["rules", "publish", *map(str, arguments), *where, *why])


def test_publishing_writes_what_differs_and_says_what_and_the_revision(settings: Settings, rules: Path) -> None:
    first = command(settings, rules)
    assert first.exit_code == 0
    assert "  written  cigna/MM 0552\n" in first.output
    assert f"{DOCUMENTS} written, 0 removed, 0 unchanged. Revision {load_rulebook(rules).revision}." in first.output
    again = command(settings, rules)
    assert again.exit_code == 0
    assert again.output.startswith("Nothing to do: the topic holds these documents already. Revision sha256:")
    cover(rules)
    changed = command(settings, "--keep", rules)
    # A case of the policy says that it denies them: it is published only once the case is mended.
    assert changed.exit_code == 1
    assert "Not published." in changed.output
    assert asyncio.run(held(settings)) == documents_in(shipped("rules"))


def test_a_dry_run_says_the_same_and_writes_nothing(settings: Settings, rules: Path) -> None:
    said = command(settings, "--dry-run", rules)
    assert said.exit_code == 0
    assert "Nothing was done: --dry-run." in said.output
    assert asyncio.run(records_of(settings, TOPIC)) == []
    done = command(settings, rules).output
    assert done.startswith(said.output.replace(" Nothing was done: --dry-run.", ""))


def test_documents_with_faults_are_refused_with_all_of_them(settings: Settings, rules: Path) -> None:
    (rules / POLICY).write_text("document: nonsense\n")
    refused = command(settings, rules)
    assert refused.exit_code == 1
    assert "policy.yaml:1:" in refused.output
    assert refused.output.endswith("Not published.\n")
    assert asyncio.run(records_of(settings, TOPIC)) == []


def test_a_folder_that_is_not_there_ends_with_2(settings: Settings, tmp_path: Path) -> None:
    assert command(settings, tmp_path / "nowhere").exit_code == 2


async def test_what_is_no_longer_there_is_removed_unless_it_is_to_be_kept(settings: Settings, rules: Path) -> None:
    both = {**documents_in(rules), "watch:watch/other.yaml": b'{"document":"watch.v1"}'}
    await published(settings, both)
    kept = await published(settings, documents_in(rules), keep=True)
    assert (kept.written, kept.removed) == ((), ())
    assert await held(settings) == both
    removed = await published(settings, documents_in(rules))
    assert (removed.written, removed.removed) == ((), ("watch:watch/other.yaml",))
    assert await held(settings) == documents_in(rules)


async def test_a_document_that_differs_is_written_alone(settings: Settings, rules: Path) -> None:
    await published(settings, documents_in(rules))
    cover(rules)
    changed = await published(settings, documents_in(rules))
    assert (changed.written, changed.unchanged) == (("cigna/MM 0552",), DOCUMENTS - 1)
    assert changed.revision == load_rulebook(rules).revision


async def test_what_is_kept_must_go_together_with_what_is_published(settings: Settings, rules: Path) -> None:
    await publish(settings, [(b"payer:other", b"{}")], TOPIC)
    with pytest.raises(RulesRefused, match="payer:other"):
        await published(settings, documents_in(rules), keep=True)
    assert set(await held(settings)) == {"payer:other"}
    assert (await published(settings, documents_in(rules))).removed == ("payer:other",)


async def test_a_key_that_is_no_text_is_removed_too(settings: Settings, rules: Path) -> None:
    await publish(settings, [(b"\xff\xfe", b"{}")], TOPIC)
    assert len((await published(settings, documents_in(rules))).removed) == 1
    assert await held(settings) == documents_in(rules)


async def test_a_document_larger_than_the_topic_takes_is_refused_by_its_key(
    broker: LocalBroker, topics: str, rules: Path
) -> None:
    small = settings_for(broker.bootstrap_servers, topics, batches={"record_bytes_max": 2_000})
    with pytest.raises(BadInput, match="cigna/MM 0552 cannot be published"):
        await published(small, documents_in(rules))
    assert await held(small) == {}


async def test_of_two_publications_at_a_time_the_one_that_began_first_is_shut_out(
    settings: Settings, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = PolicyDocuments._draft
    mine = documents_in(rules)
    cover(rules)
    theirs = documents_in(rules)

    async def overtaken(this: PolicyDocuments, *asked: Any) -> Any:
        drafted = await draft(this, *asked)
        monkeypatch.undo()
        await published(settings, theirs)
        return drafted

    monkeypatch.setattr(PolicyDocuments, "_draft", overtaken)
    with pytest.raises(LaneLost, match="publication"):
        await published(settings, mine)
    assert await held(settings) == theirs
    assert [each.author for each in (await on_topic(settings, recorded)).publications] == ["ann"]


def takes(worker: Worker, revision: str) -> Callable[[], bool]:
    """Whether a worker's lanes are open under that revision."""
    return lambda: (
        len(worker._lanes) == 4
        and all(lane.is_open for lane in worker._lanes.values())
        and worker._rules.current.revision == revision
    )


async def test_a_worker_decides_by_what_is_published_and_follows_it_in_mid_stream(
    settings: Settings, rules: Path
) -> None:
    first = await published(settings, documents_in(rules))
    await publish(settings, [appointment(n, f"M-{n}") for n in range(20)], "scheduling-events")
    async with running(settings) as worker:
        await publish(settings, [claim(n, f"M-{n}") for n in range(200)])
        await until(takes(worker, first.revision))
        await until_done(settings)
        cover(rules)
        streaming = asyncio.create_task(publish(settings, [claim(n, f"M-{n}") for n in range(200, 2_200)]))
        second = await published(settings, documents_in(rules))
        await streaming
        await until(takes(worker, second.revision))
        await publish(settings, [claim(n, f"M-{n}") for n in range(2_200, 2_400)])
        await until_done(settings)
        await until(lambda: all(lane._rulechange.swept == second.revision for lane in worker._lanes.values()))
    determinations = [record.document for record in await records_of(settings, "determinations")]
    by = {first.revision: "not_medically_necessary", second.revision: "covered"}
    assert all(each["outcome"] == by[each["rulebook_revision"]] for each in determinations)
    of_claims = Counter(each["rulebook_revision"] for each in determinations if each["subject"]["kind"] == "claim_line")
    assert min(of_claims[first.revision], of_claims[second.revision]) >= 200
    affected = await alerts_of(settings, "policy_affects_schedule")
    assert Counter(alert["status"] for alert in affected) == {"open": 20}
    (changed,) = await alerts_of(settings, "policy_changed")
    assert changed["rulebook_revision"] == second.revision


async def test_a_bad_document_leaves_the_last_good_rulebook_in_force_and_is_shown(
    settings: Settings, rules: Path
) -> None:
    good = await published(settings, documents_in(rules))
    async with running(settings) as worker:
        await until(takes(worker, good.revision))
        await publish(settings, [(b"cigna/MM 0552", b'{"document":"nonsense"}')], TOPIC)
        await until(lambda: worker._rules.refused is not None)
        await publish(settings, [claim(1)])
        await until_done(settings)
        ready, metrics = worker._ready(), worker.metrics.exposition().decode()
        await published(settings, documents_in(rules))
        await until(lambda: worker._rules.refused is None)
    (determination,) = [record.document for record in await records_of(settings, "determinations")]
    assert determination["rulebook_revision"] == good.revision
    assert ready.holds
    assert ready.details["rules_from"] == "topic"
    assert "cigna/MM 0552" in str(ready.details["rules_refused"])
    assert 'policywire_rulebook_reloads_total{result="refused"} 1.0' in metrics
    assert "policywire_rulebook_stale 1.0" in metrics


async def test_a_publication_is_seen_whole_or_not_at_all(
    settings: Settings, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await published(settings, documents_in(rules))
    cover(rules)
    servers, topic = settings.kafka.bootstrap_servers, settings.topic(TOPIC)
    end, looks = PolicyDocuments.end, 0

    async def counted(this: PolicyDocuments) -> int:
        nonlocal looks
        looks += 1
        return await end(this)

    monkeypatch.setattr(PolicyDocuments, "end", counted)
    async with running(settings) as worker:
        await until(takes(worker, first.revision))
        async with AIOKafkaProducer(bootstrap_servers=servers, transactional_id=f"{topic}-t") as producer:
            async with producer.transaction():
                await producer.send_and_wait(topic, b'{"document":"nonsense"}', key=b"cigna/MM 0552")
                before = looks
                await until(lambda: looks >= before + 5)
                seen = (worker._rules.refused, worker._rules.current.revision)
                await producer.send_and_wait(topic, documents_in(rules)["cigna/MM 0552"], key=b"cigna/MM 0552")
            await until(takes(worker, load_rulebook(rules).revision))
        metrics = worker.metrics.exposition().decode()
    assert seen == (None, first.revision)
    assert 'policywire_rulebook_reloads_total{result="refused"} 0.0' in metrics


async def test_a_worker_does_not_start_on_an_empty_topic_and_says_what_to_do(settings: Settings) -> None:
    error = await outcome_of(settings)
    assert isinstance(error, BadInput)
    assert "policywire rules publish" in str(error)


async def test_a_worker_does_not_start_on_a_bad_document(settings: Settings, rules: Path) -> None:
    await published(settings, documents_in(rules))
    await publish(settings, [(b"cigna/MM 0552", b"?")], TOPIC)
    error = await outcome_of(settings)
    assert isinstance(error, RulesRefused)
    assert "policy-documents/cigna/MM 0552" in str(error)


async def test_a_restarted_worker_says_nothing_again_of_what_is_published(settings: Settings, rules: Path) -> None:
    await published(settings, documents_in(rules))
    await publish(settings, [appointment(1)], "scheduling-events")
    for _ in range(2):
        async with running(settings, clock=lambda: NOW):
            await until_done(settings)
            await publish(settings, [claim(1)])  # so that every start commits something
            await until_done(settings)
    said = Counter(record.key for record in await records_of(settings, "audit-log"))
    assert set(said.values()) == {1}


async def test_a_worker_takes_what_was_published_for_an_instant_when_it_comes_and_nobody_does_anything(
    settings: Settings, rules: Path
) -> None:
    first = await published(settings, documents_in(rules))
    cover(rules)
    # Kafka refuses records more than an hour ahead of its own clock.
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
    second = await published(settings, documents_in(rules), at=at)
    assert (second.written, second.publication.effective_at) == (("cigna/MM 0552",), at)
    shown = [at - timedelta(seconds=1)]
    async with running(settings, clock=lambda: shown[0]) as worker:
        await until(takes(worker, first.revision))
        await publish(settings, [claim(1, "M-1")])
        await until_done(settings)
        shown[0] = at
        await until(takes(worker, second.revision))
        await publish(settings, [claim(2, "M-2")])
        await until_done(settings)
    async with running(settings, clock=lambda: shown[0]) as restarted:
        await until(takes(restarted, second.revision))
    determinations = [record.document for record in await records_of(settings, "determinations")]
    assert {(each["subject"]["claim_id"], each["outcome"], each["rulebook_revision"]) for each in determinations} == {
        ("CLM-1", "not_medically_necessary", first.revision),
        ("CLM-2", "covered", second.revision),
    }


async def test_a_document_that_is_only_scheduled_is_not_in_force_and_a_worker_does_not_start_on_it(
    settings: Settings, rules: Path
) -> None:
    await published(settings, documents_in(rules), at=datetime(2199, 1, 1, tzinfo=UTC))
    error = await outcome_of(settings)
    assert isinstance(error, BadInput)
    assert "comes into force at 2199-01-01T00:00:00Z" in str(error)


async def test_a_publication_that_does_not_go_together_with_what_waits_is_refused_before_it_counts(
    settings: Settings, rules: Path
) -> None:
    both = {**documents_in(rules), "payer:other": payer_document(rules, "other")}
    await published(settings, both, at=datetime(2199, 1, 1, tzinfo=UTC))
    clash = {**documents_in(rules), "payer:more": payer_document(rules, "more")}
    with pytest.raises(BadInput, match=r"scheduled for 2199-01-01T00:00:00Z.*--cancel-scheduled"):
        await published(settings, clash)
    done = await published(settings, clash, cancel=True)
    assert done.publication.cancelled == tuple(f"{key}@2199-01-01T00:00:00Z" for key in sorted(both))
    assert await held(settings) == clash
