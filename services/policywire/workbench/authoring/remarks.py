"""What new documents say to somebody who does not program: a remark above each part, in plain words.

Knows fields of documents and words; knows no value.
"""

from typing import Final

from policywire.workbench.authoring.yaml_text import Remarks

ABOUT_PAYER: Final = "The payer: every id that senders use for it, and how what they write as line of business is read."
ABOUT_POLICY: Final = (
    "A payer's coverage policy: what becomes of a claim line, by its code and its date of service.\n"
    "Everything here is a prediction from the source named under citations. Write labels in your own words: procedure "
    "descriptors and remittance texts are licensed and do not belong here. After a change: policywire rules check, "
    "policywire rules test."
)
ABOUT_CASES: Final = (
    "Claim lines and what must come out of each. All lines are synthetic. Made with the policy: add the lines that you "
    "know to be difficult. A case that no longer holds says what a change has changed."
)
ABOUT_WATCH: Final = "How alerts speak, as it ships with policywire."

PAYER: Final[Remarks] = {
    ("payer",): "The short key by which policies name this payer.",
    ("payer_ids",): "As claims have them, each in quotation marks. Check them against your own clearinghouse.",
    ("lines_of_business",): "Our word, then what senders write for it. What is not here goes to review.",
    ("default_line_of_business",): "Our word for a claim that says none.",
}

VERSION: Final[Remarks] = {
    ("known_from",): "The day from which this version can have been known: by its first day at the latest.",
    ("position",): (
        "The payer's position as a whole: not_medically_necessary, experimental_investigational, covered or "
        "criteria_required."
    ),
    ("prior_authorization",): "Whether there is a way to ask first: no_pathway, required, not_required or unknown.",
    ("denial",): (
        "How a denial is expected to read, and what to do then. bucket is the work queue; carc and rarc are numbers on "
        "the remittance: check them against your own. appeal: confirm_first until you know that the position is "
        "categorical (then do_not_appeal), or may_appeal."
    ),
    ("rules",): (
        "In order: the first rule that names the code, and whose condition (when) holds, decides. Codes stand in "
        "quotation marks. A condition may read: when: {clinical_context: oncology}, or when: {modifiers: [RT, LT]}."
    ),
}

POLICY: Final[Remarks] = {
    ("payer",): "The key of the payer's profile (payer.yaml), and the policy's id as the payer writes it.",
    ("scope",): "Whose claims the policy is about; others go to review.",
    (
        "change_type",
    ): "What the latest change was (New, Modified, Retired), and how much it matters (High, Medium, Low).",
    ("known_from",): "The day from which this state of the document can have been known.",
    ("citations",): "Where it is written. primary: the payer's own text; secondary: somebody writing about it.",
    ("source_conflicts",): "Where the source contradicts itself, and what the rules follow until somebody settles it.",
    ("quarantined_rows",): "Rows of the source that cannot be used. They are no codes; ask whoever keeps the source.",
    ("versions",): "Oldest first. The date of service chooses the version.",
    **{("versions", 0, *path): text for path, text in VERSION.items()},
}

CASES: Final[Remarks] = {
    (
        "cases",
    ): "name: a sentence. line: the claim line. expect: what must come out; what is not named is not looked at.",
}
