"""PW1xx: how a file is written. Knows words only."""

from typing import Final

from policywire.workbench.lint.catalogue.code import Code

WRITING: Final = (
    Code("PW101", "yaml", "fault", "The file is not YAML.", "Mend it at the place named, or just before.", "codes: ["),
    Code(
        "PW102",
        "encoding",
        "fault",
        "The file is not UTF-8, so its letters are not what they seem.",
        "Save it as UTF-8.",
        "title: R\\xe9gime, saved as Latin-1",
    ),
    Code(
        "PW103",
        "byte-order-mark",
        "fault",
        "The file begins with a byte order mark, which belongs to no YAML document.",
        "Save it as UTF-8 without one.",
        "\\ufeffdocument: policy.v1",
    ),
    Code(
        "PW104",
        "tab",
        "fault",
        "A tab: YAML does not indent with tabs, and editors show them at different widths.",
        "Indent and align with blanks.",
        "\\tcodes: []",
    ),
    Code(
        "PW105",
        "too-large",
        "fault",
        "The file is larger than any document that people write.",
        "Split the document, or check that it is the right file.",
        "a file of three megabytes",
    ),
    Code(
        "PW106",
        "empty",
        "fault",
        "Nothing where something is needed: an empty file, list, text, or a case that expects nothing.",
        "Give at least one, or take the field away.",
        "codes: []",
    ),
    Code(
        "PW107",
        "documents",
        "fault",
        "Several YAML documents in one file.",
        "Give each a file of its own.",
        "document: policy.v1\n---\ndocument: policy.v1",
    ),
    Code(
        "PW108",
        "directive",
        "fault",
        "A YAML directive, which changes how the rest is read.",
        "Take the % line away.",
        "%YAML 1.1",
    ),
    Code("PW109", "tag", "fault", "A YAML tag, which changes what a value is.", "Take it away.", "policy: !!str 552"),
    Code(
        "PW110",
        "anchor",
        "fault",
        "A YAML anchor: what a document says must stand where it is read.",
        "Take it away, and write the value out where it is used.",
        'codes: &knee ["0565T"]',
    ),
    Code("PW111", "alias", "fault", "A YAML alias.", "Write the value out here.", "codes: *knee"),
    Code("PW112", "merge-key", "fault", "A YAML merge key.", "Write the fields out here.", "<<: {outcome: review}"),
    Code("PW113", "key", "fault", "A key that is not plain text.", "Use a word as the key.", "[a, b]: review"),
    Code(
        "PW114",
        "duplicate-key",
        "fault",
        "A field given twice; most readers would silently take the last.",
        "Keep one of them.",
        "outcome: review\noutcome: covered",
    ),
    Code(
        "PW115",
        "unquoted-code",
        "fault",
        "A code or id without quotes: YAML takes 38230 for a number and 1e2 for another code.",
        'Quote it, as "38230".',
        "codes: [38230]",
    ),
)
