"""The index finds, for random policies and dates, what a scan through all policies finds."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from policywire.model.records import Outcome
from policywire.rulebook.compile import Compiler, rulebook, watch_rules
from policywire.rulebook.document import Citation, PolicyDocument, RuleText, Scope, VersionText
from policywire.rulebook.rulebook import PayerProfile

DAY = date(2024, 1, 1)
CODES = [f"X000{number}" for number in range(6)]
PAYERS = {"p": ("1", "2"), "q": ("3",)}


@st.composite
def versions(draw: st.DrawFn) -> tuple[VersionText, ...]:
    starts = draw(st.lists(st.integers(0, 40), min_size=1, max_size=4, unique=True).map(sorted))
    end = draw(st.none() | st.integers(0, 10))
    made = []
    for position, start in enumerate(starts):
        last = position + 1 == len(starts)
        lists = draw(
            st.lists(st.lists(st.sampled_from(CODES), min_size=1, max_size=3, unique=True), min_size=1, max_size=3)
        )
        made.append(
            VersionText(
                effective_from=DAY + timedelta(start),
                effective_through=DAY + timedelta(start + end) if last and end is not None else None,
                known_from=DAY,
                basis="Synthetic.",
                position="covered",
                prior_authorization="unknown",
                rules=tuple(
                    RuleText(
                        id=f"r{number}",
                        codes=tuple(codes),
                        indication="i",
                        outcome=Outcome.COVERED,
                        rationale="Because.",
                    )
                    for number, codes in enumerate(lists)
                ),
            )
        )
    return tuple(made)


@st.composite
def policies(draw: st.DrawFn) -> list[PolicyDocument]:
    return [
        PolicyDocument(
            payer=draw(st.sampled_from([*PAYERS, "unknown"])),
            policy=f"P {number}",
            title="Synthetic",
            scope=Scope(lines_of_business=("commercial",)),
            change_type="New",
            impact="Low",
            known_from=DAY,
            citations=(Citation(id="c", title="c", source="c", kind="primary", retrieved=DAY),),
            versions=draw(versions()),
        )
        for number in range(draw(st.integers(0, 5)))
    ]


def scan(
    documents: list[PolicyDocument], payer_id: str, code: str, day: date
) -> list[tuple[str, date | None, list[str]]]:
    """What the index should find, the slow way: policy, version in force, ids of its rules for the code."""
    found: list[tuple[str, date | None, list[str]]] = []
    for document in documents:
        if payer_id not in PAYERS.get(document.payer, ()):
            continue
        if not any(code in rule.codes for version in document.versions for rule in version.rules):
            continue
        in_force: VersionText | None = None
        for version in document.versions:
            if version.effective_from <= day:
                in_force = version
        if in_force and in_force.effective_through and day > in_force.effective_through:
            in_force = None
        rules = [rule.id for rule in in_force.rules if code in rule.codes] if in_force else []
        found.append((document.policy, in_force.effective_from if in_force else None, rules))
    return found


@settings(max_examples=300, deadline=None)
@given(policies(), st.sampled_from(["1", "2", "3", "4"]), st.sampled_from(CODES), st.integers(-3, 60))
def test_one_look_up_finds_what_a_scan_finds(
    documents: list[PolicyDocument], payer_id: str, code: str, after: int
) -> None:
    compiler = Compiler()
    made = rulebook(
        revision="r",
        payers=[PayerProfile(key, key, frozenset(ids), {}, "commercial") for key, ids in PAYERS.items()],
        drafts=[compiler.draft(document) for document in documents],
        contexts={},
        terms={},
        watch=watch_rules(()),
    )
    day = DAY + timedelta(after)
    found = []
    for policy in made.index.get(payer_id, {}).get(code, ()):
        version = policy.version_on(day)
        rules = [rule.id for rule in version.rules.get(code, ())] if version else []
        found.append((policy.id, version.effective_from if version else None, rules))
    assert found == scan(documents, payer_id, code, day)
