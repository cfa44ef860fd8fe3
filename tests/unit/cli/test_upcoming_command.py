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


def test_only_one_payer_when_asked() -> None:
    assert told("2025-06-10", "--payer", "evergreen") != []
    assert told("2025-06-10", "--payer", "cigna") == []


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
