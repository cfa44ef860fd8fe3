"""PW2xx: fields, their types and conditions. Knows words only."""

from typing import Final

from policywire.workbench.lint.catalogue.code import Code

SHAPE: Final = (
    Code("PW201", "kind", "fault", "No such kind of document.", "Begin with one that is known.", "document: polcy.v1"),
    Code("PW202", "unknown-field", "fault", "A field unknown in its place.", "Mend its name.", "tilte: Made up"),
    Code("PW203", "missing-field", "fault", "A field that is needed is not there.", "Add it.", "{id: one, codes: []}"),
    Code("PW204", "type", "fault", "A value of another type than its field's.", "Write that type.", "title: 552"),
    Code("PW205", "format", "fault", "A date or time that is none.", "Write 2025-12-16.", "known_from: 16/12/2025"),
    Code("PW206", "value", "fault", "A value that is none of those known.", "Choose one of them.", "impact: Huge"),
    Code("PW207", "name", "fault", "A key that is none of those known.", "Choose one.", "texts: {policy_chnged: ...}"),
    Code(
        "PW208",
        "shape",
        "fault",
        "Something does not fit its schema in another way.",
        "See the field's description in the schema, which editors show.",
        "policy: '  '",
    ),
    Code("PW209", "condition", "fault", "A condition is a mapping of facts.", "Write {stage: drafted}.", "when: []"),
    Code(
        "PW210",
        "unknown-fact",
        "fault",
        "A condition asks for a fact that does not exist.",
        "Use one of the facts in rules/README.md.",
        "when: {naratve: product}",
    ),
    Code(
        "PW211",
        "unknown-operator",
        "fault",
        "A fact is compared in a way that it has not.",
        "Use one of the fact's own operators.",
        "when: {units: {more_than: 3}}",
    ),
    Code(
        "PW212",
        "operand",
        "fault",
        "A fact is compared with a value that it never has.",
        "Write one that it can have.",
        "when: {narrative: prodct}",
    ),
    Code(
        "PW213",
        "never-unknown",
        "fault",
        "A fact is asked to be known or unknown that always is known here.",
        "Declare it under unknown, or take the question away.",
        "when: {clinical_context: {known: false}}",
    ),
)
