"""Dead letters read and sent again, on the real broker."""

import json

import pytest
from click.testing import CliRunner
from tests.stream.harness import claim, publish, records_of, running, settings_for, until_done

from policywire.broker import LocalBroker
from policywire.cli.dead_letters import command
from policywire.errors import BadInput
from policywire.stream.cluster import Cluster
from policywire.stream.redrive import DeadLetterBox, Redriven, Selection
from policywire.stream.settings import Settings


@pytest.fixture
def settings(broker: LocalBroker, topics: str) -> Settings:
    return settings_for(broker.bootstrap_servers, topics)


async def work(settings: Settings) -> None:
    async with running(settings):
        await until_done(settings)


async def redrive(settings: Settings, selection: Selection, mended: bytes | None = None) -> Redriven:
    async with Cluster(settings.kafka) as cluster:
        return await DeadLetterBox(cluster, settings).redrive(selection, mended)


ALL = Selection()


async def test_a_dead_letter_is_sent_again_once_however_often_it_is_asked_for(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken")])
    await work(settings)
    first, second = await redrive(settings, ALL), await redrive(settings, ALL)
    assert len(first.sent) == 1
    assert first.before == ()
    assert (second.sent, second.before) == ((), first.sent)
    original, again = await records_of(settings, "claim-events")
    assert (again.key, again.value, again.partition) == (original.key, original.value, original.partition)
    assert again.headers["redrive_of"].decode() == first.sent[0]


async def test_an_event_redriven_after_the_fix_is_decided(settings: Settings) -> None:
    await publish(settings, [claim(1, occurred_at="2026-01-11T13:00:00Z")])
    await work(settings)
    (letter,) = await records_of(settings, "dead-letters")
    assert letter.headers["error_code"] == b"clock_ahead"
    await redrive(settings, Selection(reason="clock_ahead"))
    from tests.stream.harness import NOW  # noqa: PLC0415  beside its use

    async with running(settings, clock=lambda: NOW.replace(day=12)):
        await until_done(settings)
    assert len(await records_of(settings, "determinations")) == 1


async def test_one_that_fails_again_is_a_dead_letter_of_its_own(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken")])
    await work(settings)
    await redrive(settings, ALL)
    await work(settings)
    async with Cluster(settings.kafka) as cluster:
        letters, redriven = await DeadLetterBox(cluster, settings).read(ALL)
    assert len(letters) == 2
    assert redriven == {letters[0].id}


async def test_a_mended_event_goes_to_the_lane_of_its_own_member(settings: Settings) -> None:
    await publish(settings, [(b"M-1", json.dumps(claim(1, "M-2")).encode())])
    await work(settings)
    mended = json.dumps(claim(1, "M-2")).encode()
    await redrive(settings, Selection(reason="key_mismatch"), mended)
    await work(settings)
    (determination,) = await records_of(settings, "determinations")
    assert determination.document["member_id"] == "M-2"


async def test_only_what_is_selected_is_sent(settings: Settings) -> None:
    await publish(settings, [(b"M-1", b"broken"), (b"M-1", b"{}"), (None, b"[")])
    await work(settings)
    done = await redrive(settings, Selection(reason="schema_violation"))
    assert [letter_id.rpartition("-")[2] for letter_id in done.sent] == ["1"]
    with pytest.raises(BadInput, match="one dead letter, and 2"):
        await redrive(settings, Selection(reason="not_json"), b"{}")
    with pytest.raises(BadInput, match="no dead letter"):
        await redrive(settings, Selection(reason="too_deep"))


def test_the_command_lists_shows_and_reveals_only_when_told(broker: LocalBroker, topics: str) -> None:
    import asyncio  # noqa: PLC0415  the command runs its own loop

    settings = settings_for(broker.bootstrap_servers, topics)

    async def feed() -> None:
        await publish(settings, [(b"M-1", b'{"secret":1}')])
        await work(settings)

    asyncio.run(feed())
    options = ["--bootstrap-servers", broker.bootstrap_servers, "--topic-prefix", topics, "--group", "test"]

    def say(*arguments: str) -> str:
        result = CliRunner().invoke(command, [*options, *arguments], catch_exceptions=False)
        assert result.exit_code == 0
        return result.output

    listed = say("list")
    assert "schema_violation" in listed
    assert "1  in all, 0 of them sent again" in listed
    letter_id = listed.splitlines()[-1].split()[1]
    assert "secret" not in listed + say("show", letter_id)
    assert '{"secret":1}' in say("show", letter_id, "--reveal")
    assert "1 sent again, 0 had been before" in say("redrive", letter_id)
    assert "0 sent again, 1 had been before" in say("redrive", letter_id)
    assert "1 of them sent again" in say("list", "--reason", "schema_violation")
    with pytest.raises(BadInput, match="--all"):
        CliRunner().invoke(command, [*options, "redrive"], catch_exceptions=False)
