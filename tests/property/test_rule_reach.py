"""What the linter says never happens does not happen to any line, as the worker itself judges."""

from hypothesis import example, given, settings
from tests.property.small_policies import RulesRead, compiled, items, policy, readers

from policywire.decision.determine import determine
from policywire.model.records import Outcome
from policywire.rulebook import compile as compiling
from policywire.workbench.lint.reach import reach_findings
from policywire.workbench.lint.subject import Reader, Subject

READER = Reader(contexts=("oncology", "orthopaedic"), hints=True, lines_of_business=("commercial",))
GAP = [{"units": {"at_most": 1}}, {"units": {"at_least": 2}}, {"units": {"present": False}}]


@settings(max_examples=200, deadline=None)
@given(readers())
@example((["units"], [(when, "covered") for when in GAP]))
def test_a_rule_that_never_decides_decides_no_line_and_a_sure_code_is_always_decided(read: RulesRead) -> None:
    fields, rules = read
    document = policy(rules)
    rulebook = compiled(document)
    draft = compiling.Compiler().draft(document)
    findings = list(reach_findings(Subject("y.yaml", draft.policy, "c", "t", READER, document)))
    assert "reach-not-checked" not in {each.code for each in findings}
    idle = {f"r{each.path[3]}" for each in findings if each.code in ("shadowed", "never-holds")}
    falls = any(each.code == "falls-through" for each in findings)
    for item in items(fields):
        (verdict,) = determine(item, (), rulebook)
        assert verdict.rule not in idle
        if not falls and verdict.rule is None:
            assert verdict.outcome is Outcome.REVIEW
            assert verdict.flags, "nobody decided, and nothing says why"


# Diagnoses and the context read from them hang together, of which the linter does not know.
@settings(max_examples=100, deadline=None)
@given(readers(without=frozenset({"diagnoses"})))
def test_a_rule_that_no_line_comes_to_is_found_where_facts_are_independent(read: RulesRead) -> None:
    fields, rules = read
    document = policy(rules)
    rulebook = compiled(document)
    draft = compiling.Compiler().draft(document)
    findings = list(reach_findings(Subject("y.yaml", draft.policy, "c", "t", READER, document)))
    idle = {f"r{each.path[3]}" for each in findings if each.code in ("shadowed", "never-holds")}
    deciding = {verdict.rule for item in items(fields) for verdict in determine(item, (), rulebook)}
    never = {f"r{number}" for number in range(len(rules))} - deciding
    plainly = {f"r{n}" for n, (when, _) in enumerate(rules) if any(earlier in (None, when) for earlier, _ in rules[:n])}
    assert never - plainly == idle
