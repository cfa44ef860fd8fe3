"""A mistake that is told to change no answer changes none of any line, and the case that is printed else notices it."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec
import yaml
from hypothesis import example, given, settings
from tests.property.small_policies import CONTEXTS, PAYER, TERMS, VALUES, RulesRead, policy, readers

from policywire.rulebook.cases import Case, CaseLine
from policywire.rulebook.load import File, Reading, read_rules
from policywire.workbench.casetest import decided, differences, seen
from policywire.workbench.mutation.bench import Bench, compiled, parts_of
from policywire.workbench.mutation.lines import words_of
from policywire.workbench.mutation.rules import rule_mutants
from policywire.workbench.mutation.trial import unnoticed
from policywire.workbench.mutation.versions import version_mutants

KEY = ("p", "Y 1")
NAMES = {"charge": "charge_amount", "taxonomy": "rendering_taxonomy"}
"""Fields of an item that a case calls otherwise."""


def bench_of(reading: Reading) -> Bench:
    (draft,) = reading.collection.drafts.values()
    return Bench(KEY, "policy.yaml", draft, (), (), (), parts_of(reading.collection), reading)


def grid(fields: list[str]) -> Iterator[CaseLine]:
    for day in ("2023-12-31", "2024-01-01", "2025-01-01"):
        for values in product(*(VALUES[field] for field in fields)):
            given_ = {NAMES.get(field, field): value for field, value in zip(fields, values, strict=True)}
            # A case's line is a claim's: it has a charge, and nobody books it.
            if given_.get("charge_amount", "") is not None and given_.get("stage") != "scheduled":
                line = {"procedure_code": "Y0001", "service_date": day} | given_
                yield msgspec.convert(line, CaseLine)


def told(line: CaseLine, rulebook: Any) -> dict[str, Any] | None:
    determination = decided(Case(name="-", line=line, expect="no_determination"), KEY, rulebook)
    return None if determination is None else seen(determination)


BOTH_READ_DIAGNOSES: RulesRead = (
    ["diagnoses"],
    [
        ({"clinical_context": "orthopaedic"}, "covered"),
        ({"any": [{"diagnosis": {"prefix": ["M1"]}}, {"diagnosis": "C50"}]}, "covered"),
    ],
)
"""What once was told apart by no line: a diagnosis that shows the context and begins so."""


@settings(max_examples=40, deadline=None)
@given(readers())
@example(BOTH_READ_DIAGNOSES)
def test_no_line_tells_an_equivalent_mistake_and_the_printed_case_tells_any_other(read: RulesRead) -> None:
    fields, rules = read
    document = policy(rules)
    texts = (PAYER, CONTEXTS, TERMS, msgspec.to_builtins(document))
    reading = read_rules(File(f"{n}.yaml", msgspec.json.encode(text)) for n, text in enumerate(texts))
    bench = bench_of(reading)
    words = words_of(reading.collection, bench.draft)
    original = bench.rulebook()
    lines = [(line, told(line, original)) for line in grid(fields)]
    for mutant in (*rule_mutants(document), *version_mutants(document)):
        draft = compiled(mutant.document)
        mistaken = bench.rulebook(draft)
        end, text = unnoticed(bench, mutant, draft, (original, mistaken), words)
        if end == "equivalent":
            assert [line for line, answer in lines if told(line, mistaken) != answer] == [], mutant.what
        else:
            (case,) = msgspec.convert(yaml.safe_load(str(text)), list[Case])
            assert not any(differences(case, decided(case, KEY, original)))
            assert any(differences(case, decided(case, KEY, mistaken))), mutant.what
