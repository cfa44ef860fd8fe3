"""Sizes follow from figures: each bound decides where it should, and the page says what the figures say."""

import re
from math import log2
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from policywire.cli import main
from policywire.errors import BadInput
from policywire.workbench.sizing.deployment import GIB, Demand, deployment, strains
from policywire.workbench.sizing.figures import Figures, load_figures
from policywire.workbench.sizing.page import rewritten, size

PAGE = Path(__file__).parents[3] / "deploy" / "sizing.md"
ROUND = Figures(
    source="a test",
    core_s=1e-5,
    broker_core_s=1e-5,
    commit_core_s=1e-3,
    commit_broker_core_s=2e-3,
    lane_commits_a_second=100.0,
    input_octets=600.0,
    audit_octets=200.0,
    output_octets=200.0,
    state_octets=150.0,
    memory_octets=700.0,
    worker_octets=0.25 * GIB,
    timelines_a_second=200_000.0,
    hits_a_timeline=2.0,
    rules_ready_s=4.0,
)


def test_a_small_load_gets_the_smallest_deployment() -> None:
    found = deployment(Demand(claims_a_day=100), ROUND)
    assert (found.lanes, found.workers, found.brokers) == (4, 2, 3)


def test_a_million_a_day_by_hand() -> None:
    found = deployment(Demand(claims_a_day=1_000_000, hits=0.01, peak=8.64), ROUND)
    assert found.peak_claims == pytest.approx(100.0)
    assert found.remembered_hits == 7_300_000
    assert found.commits == pytest.approx(100.0)
    assert found.worker_cores == pytest.approx(100 * 1e-5 + 100 * 1e-3)
    assert found.broker_cores == pytest.approx(3 * (100 * 1e-5 + 100 * 2e-3))
    assert found.input_disk == pytest.approx(1_000_000 * 7 * 600 * 3)
    assert found.audit_disk == pytest.approx(10_000 * 7 * 365.25 * 200 * 3)
    assert found.state_disk == pytest.approx(7_300_000 * 150 * 2 * 3)
    assert found.network == pytest.approx(100 * 600 * 4)


def test_each_of_processor_memory_and_restoring_can_decide_how_many_workers() -> None:
    load = Demand(claims_a_day=10_000_000, hits=0.0001)
    by_processor = replace(ROUND, core_s=0.01)
    assert deployment(load, by_processor).workers == 12  # 579 claims a second of 10 ms at half a core
    much = replace(load, hits=0.03)
    by_memory = deployment(replace(much, restore_s=1_000.0), ROUND)
    assert by_memory.workers == 39  # 219 million hits of 700 bytes in 3.75 GiB each
    by_restoring = deployment(replace(much, worker_gib=1_000.0, restore_s=10.0), ROUND)
    assert by_restoring.workers == 110
    assert by_restoring.restore_s <= 10.0


@pytest.mark.parametrize("claims", [10_000, 1_000_000, 123_456_789, 1_000_000_000])
def test_what_is_sized_is_not_strained_by_its_own_load(claims: int) -> None:
    load = Demand(claims_a_day=claims)
    found = deployment(load, ROUND)
    assert log2(found.lanes).is_integer()
    assert found.lanes >= 2 * found.workers
    assert found.restore_s <= load.restore_s
    assert strains(load, found, ROUND)[0].times <= 1.0


def test_a_larger_load_strains_memory_first_and_disk_where_nothing_is_remembered() -> None:
    small = deployment(Demand(claims_a_day=1_000_000), ROUND)
    assert strains(Demand(claims_a_day=100_000_000), small, ROUND)[0].what == "memory of the workers"
    few = Demand(claims_a_day=1_000_000_000, hits=0.0, peak=1.0)
    idle = replace(ROUND, core_s=0.0, broker_core_s=0.0, commit_core_s=0.0, commit_broker_core_s=0.0)
    assert strains(few, small, idle)[0].what == "disk of the brokers"


def test_the_page_says_what_the_figures_that_ship_come_to() -> None:
    text = PAGE.read_text("utf-8")
    assert rewritten(text, load_figures()) == text
    assert rewritten(text, ROUND) != text


def test_a_page_without_its_parts_is_refused() -> None:
    with pytest.raises(BadInput, match="the page has the generated parts none, not figures, table, breaks"):
        rewritten("# Sizes", ROUND)


def test_the_command_answers_for_a_load_of_ones_own_and_writes_the_page(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["size", "--claims-per-day", "250000", "--hits", "0.002"])
    assert answer.exit_code == 0
    assert re.search(r"^workers +2$", answer.output, re.MULTILINE)
    page = tmp_path / "sizing.md"
    page.write_text(re.sub(r"\| lanes.*\n", "", PAGE.read_text("utf-8"), count=1))
    assert CliRunner().invoke(main, ["size", "--page", str(page)]).exit_code == 0
    assert "| lanes (partitions of each topic) |" in page.read_text("utf-8")
    assert CliRunner().invoke(main, ["size"]).exit_code == 2


def test_sizes_are_said_in_units_of_their_order() -> None:
    assert [size(each) for each in (3 * 2**20, 3 * 2**30, 3 * 2**40)] == ["3.00 MiB", "3.00 GiB", "3.00 TiB"]
