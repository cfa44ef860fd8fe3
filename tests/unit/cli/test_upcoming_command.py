"""``policywire upcoming``: what is announced and not yet in force."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from policywire.cli import main

SYNTHETIC = Path(__file__).parents[2] / "rules" / "synthetic"


def upcoming(as_of: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["upcoming", str(SYNTHETIC), "--as-of", as_of, *options])


def told(as_of: str, *options: str) -> list[tuple[str, str, int]]:
    result = upcoming(as_of, "--json", *options)
    assert result.exit_code == 0, result.output
    return [(each["kind"], each["effective_from"], each["days_left"]) for each in json.loads(result.output)["upcoming"]]


def test_a_version_is_listed_from_the_day_it_is_known_until_the_day_it_begins() -> None:
    version = ("new version", "2024-01-01")
    assert not [each for each in told("2023-10-31") if each[:2] == version]
    assert ("new version", "2024-01-01", 61) in told("2023-11-01")
    assert ("new version", "2024-01-01", 1) in told("2023-12-31")
    assert not [each for each in told("2024-01-01") if each[:2] == version]


def test_the_first_version_is_a_new_policy() -> None:
    assert told("2022-12-01") == [("new policy", "2023-01-01", 31)]


def test_the_end_of_a_policy_is_listed_until_its_last_day() -> None:
    assert told("2026-12-31") == [("end of the policy", "2027-01-01", 1)]
    assert told("2027-01-01") == []


def test_the_next_comes_first_and_a_limit_counts_days() -> None:
    assert [each[2] for each in told("2025-06-10")] == [21, 570]
    assert [each[2] for each in told("2025-06-10", "--within", "21")] == [21]
    assert told("2025-06-10", "--within", "20") == []


def test_only_one_payer_when_asked_and_one_that_is_not_there_is_no_answer() -> None:
    assert told("2025-06-10", "--payer", "evergreen") != []
    result = upcoming("2025-06-10", "--payer", "evergren")
    assert result.exit_code == 2
    assert "there is no payer evergren. Give its key with --payer; there are: evergreen" in result.output


def test_the_screen_says_what_changes_for_which_codes() -> None:
    output = upcoming("2025-06-10").output
    assert "In 21 days, 1 July 2025: Evergreen Mutual (synthetic) SYN 100, new version" in output
    assert "X0002: new: not medically necessary / covered" in output
    assert "prior authorization not required becomes required" in output
    assert output.endswith("2 changes to come after 10 June 2025.\n")


def test_nothing_to_come_is_said_and_is_no_failure() -> None:
    result = upcoming("2027-06-01")
    assert result.exit_code == 0
    assert result.output == "Nothing that is known takes effect after 1 June 2027.\n"


def table(path: Path, *rows: str) -> Path:
    header = "payer_id,procedure_code,service_date,charge_amount"
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def concerned(tmp_path: Path, charges: tuple[str, ...] = (), orders: tuple[str, ...] = ()) -> dict[str, int]:
    """What the first change after 2025-06-10 concerns, which is of the payer ids SYN01 and 00417."""
    options = []
    if charges:
        options += ["--charges", str(table(tmp_path / "charges.csv", *charges))]
    if orders:
        options += ["--orders", str(table(tmp_path / "orders.csv", *orders))]
    result = upcoming("2025-06-10", "--json", *options)
    assert result.exit_code == 0, result.output
    found: dict[str, int] = json.loads(result.output)["upcoming"][0]["concerns"]
    return found


def test_lines_of_the_last_year_with_its_codes_and_payer_are_counted(tmp_path: Path) -> None:
    counted = concerned(
        tmp_path,
        charges=(
            "SYN01,X0001,2025-06-10,100.00",
            "00417,x0002,2024-06-11,50.50",
            "SYN01,X0001,2024-06-10,1.00",
            "SYN01,X0001,2025-06-11,1.00",
            "62308,X0001,2025-06-01,1.00",
            "SYN01,X0009,2025-06-01,1.00",
        ),
    )
    assert counted == {"lines": 2, "charge_cents": 15050, "booked": 0, "estimate_cents": 0}


def test_what_is_booked_for_its_first_day_or_later_is_counted(tmp_path: Path) -> None:
    counted = concerned(tmp_path, orders=("SYN01,X0001,2025-07-01,900.00", "SYN01,X0001,2025-06-30,900.00"))
    assert counted == {"lines": 0, "charge_cents": 0, "booked": 1, "estimate_cents": 90000}


def test_rows_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    charges = table(tmp_path / "charges.csv", "SYN01,X0001,2025-13-01,1.00", "SYN01,X0001,2025-06-01,1.00")
    output = upcoming("2025-06-10", "--charges", str(charges)).output
    assert "concerns 1 line of the last 365 days, charged $1.00" in output
    assert "1 row of the tables could not be read" in output
