"""The benchmark's table: right figures under the right heads, and honest where nothing was measured."""

import pytest
from click.testing import CliRunner

from policywire.cli import main
from policywire.workbench.bench.sampling import in_turn
from policywire.workbench.bench.table import HEADER, Row, machine, number, render, spread
from policywire.workbench.bench.throughput import Look, _judge


def test_a_row_shows_median_spread_and_what_it_must_be() -> None:
    table = render([Row("decode", "600 bytes", [3.0, 1.0, 2.0], "us", "<= 5", "ours")])

    head, rule, row = table.splitlines()[2:]
    assert [cell.strip() for cell in head.strip("|").split("|")] == list(HEADER)
    assert set(rule) == {"|", "-"}
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["decode", "600 bytes", "2.00 [1.00 - 3.00]", "us", "3", "<= 5", "ours"]


def test_every_line_of_the_table_is_equally_long() -> None:
    rows = [Row("a", "b", [1.0], "us"), Row("much longer", "b", [123456.0, 2.0], "claims/s", note="said")]

    assert len({len(line) for line in render(rows).splitlines()[2:]}) == 1


def test_what_was_not_measured_has_no_figure_and_says_why() -> None:
    row = render([Row("peer", "1,000 claims", (), "claims/s", note="not run: no Maven")]).splitlines()[-1]

    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells == ["peer", "1,000 claims", "-", "claims/s", "-", "", "not run: no Maven"]


def test_the_machine_stands_above_the_table() -> None:
    assert render([]).splitlines()[0] == machine()
    assert "cores" in machine()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0123, "0.0123"), (0.9, "0.9"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (194_321.7, "194,322")],
)
def test_numbers_have_three_digits_that_count(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_single_value_has_no_spread() -> None:
    assert spread([2.5]) == "2.50"


def test_what_is_compared_runs_in_turn_and_the_first_round_does_not_count() -> None:
    order: list[str] = []

    taken = in_turn(2, {"a": (lambda _: order.append("a"), [1]), "b": (lambda _: order.append("b"), [1])})

    assert order == ["a", "b"] * 3
    assert {name: len(values) for name, values in taken.items()} == {"a": 2, "b": 2}


def test_a_run_is_judged_from_its_first_commit_to_its_last() -> None:
    looks = [Look(10.0, 100, 50 << 20, 1.0), Look(11.0, 600, 70 << 20, 1.5), Look(12.0, 1_100, 71 << 20, 2.0)]

    run = _judge(looks, 0.7)

    assert run.events_a_second == 500
    assert run.rss_max_mib == 71
    assert run.rss_growth_mib == 1
    assert run.cpu_share == 0.5


def test_the_command_prints_the_table_of_what_it_measured() -> None:
    result = CliRunner().invoke(main, ["bench", "decode", "--quick"])

    assert result.exit_code == 0
    assert "decode a claim: all checks" in result.stdout
    assert "orjson and jsonschema-rs" in result.stdout
