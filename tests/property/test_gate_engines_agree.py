"""Whatever a policy says, the gate's two engines give the same answers: else one of them has a fault."""

from hypothesis import HealthCheck, Phase, given, settings
from tests.property.policy_documents import compiled, files_of, policies

from policywire.rulebook.document import PolicyDocument
from policywire.workbench.gate.documents import Documents
from policywire.workbench.gate.trial import Effort, try_policy


@settings(
    max_examples=40,
    deadline=None,
    # A process for each example: to shrink one would take many minutes, and the line that differs says enough.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(policies())
def test_both_engines_give_the_same_answers_whatever_a_policy_says(policy: PolicyDocument) -> None:
    trial = try_policy(Documents(files_of(policy)), compiled(policy), ("oak", "OAK 1"), Effort(claims=150))
    assert trial.failure is None, trial.failure
    assert trial.differences == ()
    assert trial.claims == 150
