from pathlib import Path

from policywire.rulebook.document import PolicyDocument
from policywire.rulebook.load import load_rulebook
from policywire.workbench.generate_policies import generate_policies, payer_id, write_policies


def test_the_same_count_and_seed_give_the_same_documents() -> None:
    assert list(generate_policies(20, 7)) == list(generate_policies(20, 7))
    assert list(generate_policies(20, 7)) != list(generate_policies(20, 8))


def test_a_policy_has_the_size_that_the_promises_are_made_for() -> None:
    policies = [each for each in generate_policies(30, 1) if isinstance(each, PolicyDocument)]
    assert len(policies) == 30
    for policy in policies:
        assert len(policy.versions) == 2
        assert all(len(version.rules) == 8 for version in policy.versions)
        assert len({code for version in policy.versions for rule in version.rules for code in rule.codes}) == 8


def test_what_is_written_is_a_sound_rulebook_beside_the_rules_that_ship(tmp_path: Path) -> None:
    write_policies(tmp_path / "rules", 510, 1)
    rulebook = load_rulebook(tmp_path / "rules")
    assert set(rulebook.payers) == {"62308", payer_id(0), payer_id(1)}
    assert "0565T" in rulebook.index["62308"]
    assert len(rulebook.index[payer_id(0)]) == 8 * 500
    assert len(rulebook.index[payer_id(1)]) == 8 * 10
