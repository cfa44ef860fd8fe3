"""What policies are read with: payer profiles, clinical contexts and narrative terms, typed as an analyst writes them.

Knows the shape and meaning of each field; does not know files, nor the compiled form.
"""

from datetime import date
from typing import Annotated

from msgspec import Meta

from policywire.model.records import Flag
from policywire.rulebook.document import Closed, Document, Id, LineOfBusiness, Text


class PayerDocument(Document, frozen=True, kw_only=True, tag="payer.v1"):
    """A payer: its ids, and how to read what senders write as line of business (``payer.yaml``)."""

    payer: Annotated[Id, Meta(description="Short key that policies and determinations name.")]
    name: Annotated[Text, Meta(description="The payer's name as people know it.")]
    payer_ids: Annotated[
        tuple[Text, ...],
        Meta(min_length=1, description="Every id that senders use for this payer, each quoted."),
    ]
    lines_of_business: Annotated[
        dict[LineOfBusiness, tuple[Text, ...]],
        Meta(description="The profile's word, and what senders write for it; case and blanks do not matter."),
    ]
    default_line_of_business: Annotated[LineOfBusiness, Meta(description="The word when the sender wrote none.")]


class SignOff(Closed, frozen=True, kw_only=True):
    """Who approved clinical data, and when."""

    by: Annotated[Text, Meta(description="Name and role.")]
    on: Annotated[date, Meta(description="The day, YYYY-MM-DD.")]


class DiagnosisList(Closed, frozen=True, kw_only=True):
    """Diagnoses by category, code or range, less the exceptions."""

    include: Annotated[
        tuple[Text, ...],
        Meta(min_length=1, description="ICD-10-CM codes or beginnings of codes (E71.52), or ranges (C00-C96)."),
    ]
    exclude: Annotated[
        tuple[Text, ...],
        Meta(description="The same; a range here means its numbered categories only (S04-S06)."),
    ] = ()


class ContextClassText(Closed, frozen=True, kw_only=True):
    """One clinical class."""

    name: Annotated[
        Annotated[str, Meta(pattern=r"^[a-z][a-z_]{0,40}$")],
        Meta(description="The value of clinical_context; mixed is taken."),
    ]
    diagnoses: Annotated[DiagnosisList, Meta(description="The diagnoses that show the class.")]
    taxonomies: Annotated[
        tuple[Text, ...],
        Meta(description="NUCC codes, or beginnings, that suggest the class when no diagnosis shows one."),
    ] = ()


class ContextsDocument(Document, frozen=True, kw_only=True, tag="contexts.v1"):
    """How clinical_context is read from diagnoses and taxonomies (``contexts/*.yaml``)."""

    id: Annotated[Id, Meta(description="What policies refer to.")]
    signed_off: Annotated[SignOff | None, Meta(description="The clinician's approval; null: it is still due.")]
    by_taxonomy_flag: Annotated[Flag, Meta(description="Carried when only the taxonomy suggests the class.")]
    classes: Annotated[tuple[ContextClassText, ...], Meta(min_length=1, description="More than one shown: mixed.")]


class TermsDocument(Document, frozen=True, kw_only=True, tag="terms.v1"):
    """The phrases by which a narrative is read (``contexts/*.yaml``). Case and punctuation do not matter."""

    id: Annotated[Id, Meta(description="What policies refer to.")]
    signed_off: Annotated[SignOff | None, Meta(description="The clinician's approval; null: it is still due.")]
    product: Annotated[tuple[Text, ...], Meta(min_length=1, description="Phrases that name a product; whole words.")]
    hint: Annotated[tuple[Text, ...], Meta(description="Phrases that only hint at one.")] = ()
    negations: Annotated[tuple[Text, ...], Meta(description="Words before a phrase by which it does not count.")] = ()
    negation_reach: Annotated[
        Annotated[int, Meta(ge=0, le=20)],
        Meta(description="How many words before a phrase are looked at for a negation."),
    ] = 3
    negating_prefixes: Annotated[
        tuple[Text, ...],
        Meta(description="Words that negate only directly before a phrase."),
    ] = ()
