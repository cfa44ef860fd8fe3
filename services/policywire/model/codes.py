"""Codes as the field writes them: one normal form each, so that what senders pad or write small is the same code."""

import re

PROCEDURE_CODE = re.compile(r"[0-9]{4}[0-9A-Z]|[A-Z][0-9]{4}")
"""A CPT or HCPCS Level II code in normal form. Source: domain.md's shapes, which are CPT's and HCPCS's own."""


def procedure_code(text: str) -> str:
    """The normal form of a CPT or HCPCS code: no surrounding blanks, upper case."""
    return text.strip().upper()


def diagnosis(text: str) -> str:
    """The normal form of an ICD-10-CM code: no blanks around, no dot, upper case (``m17.11`` is ``M1711``)."""
    return text.strip().upper().replace(".", "")


def taxonomy(text: str) -> str:
    """The normal form of a NUCC taxonomy code: no surrounding blanks, upper case."""
    return text.strip().upper()


def is_procedure_code(code: str) -> bool:
    """Whether a code in normal form has the shape of a CPT or HCPCS code."""
    return PROCEDURE_CODE.fullmatch(code) is not None
