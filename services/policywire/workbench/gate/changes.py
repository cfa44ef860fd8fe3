"""Changes a line that is being drawn so that one comparison of its message comes true, or may.

Knows which field of a line stands behind which field of a message; does not know what is aimed at
(:mod:`policywire.workbench.gate.lines`).
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from policywire.workbench.gate.logic import Compare
from policywire.workbench.gate.reading import Reader
from policywire.workbench.gate.vocabulary import Vocabulary, whole_category

Fields = dict[str, Any]
"""Of a line, by name."""

OF_CLAIMS: Final = ("drafted", "submitted")


class Changes:
    """Changes lines under one policy."""

    def __init__(self, vocabulary: Vocabulary, reader: Reader) -> None:
        self._vocabulary = vocabulary
        self._reader = reader
        self._ways: dict[str, Callable[[Compare, Fields, Random], None]] = {
            "context": self._context,
            "diagnosis": self._diagnosis,
            "diagnosis_begins": self._diagnosis,
            "diagnoses": self._diagnosis,
            "taxonomy": self._taxonomy,
            "taxonomy_begins": self._taxonomy,
            "modifier": self._modifier,
            "modifiers": self._modifier,
            "narrative": self._narrative,
            "business": self._business,
            "stage": self._stage,
            "units": self._number,
            "has": self._number,
            "cents": self._number,
        }
        """By the field of the message, without the number of its operand."""

    def meet(self, wanted: Compare, fields: Fields, random: Random) -> None:
        """Change what stands behind a comparison; one about days, codes or the payer is left as it is."""
        way = self._ways.get(wanted.field) or self._ways.get(wanted.field.rpartition("_")[0])
        if way is not None:
            way(wanted, fields, random)
            # The diagnoses may be others, and others in number.
            fields["diagnosis_pointers"] = ()

    def _context(self, wanted: Compare, fields: Fields, random: Random) -> None:
        context = str(wanted.value) if wanted.operator == "eq" else None
        fields["diagnoses"] = self._vocabulary.shown_by(random, context)
        others = (None, fields["rendering_taxonomy"], *self._vocabulary.taxonomies)
        fields["rendering_taxonomy"] = random.choice(others)

    def _diagnosis(self, wanted: Compare, fields: Fields, random: Random) -> None:
        operand = self._reader.operand_of(wanted.field)
        if operand is None or wanted.value != 1:
            fields["diagnoses"] = self._vocabulary.shown_by(random)
        else:
            whole = whole_category(operand)
            fields["diagnoses"] = (*fields["diagnoses"][:2], whole + random.choice(("", "1")), whole)

    def _taxonomy(self, wanted: Compare, fields: Fields, random: Random) -> None:
        operand = self._reader.operand_of(wanted.field)
        if operand is not None and wanted.value == 1:
            fields["rendering_taxonomy"] = operand + random.choice(("", "0X"))
        elif operand is None and wanted.operator == "eq":
            fields["rendering_taxonomy"] = wanted.value or None
        else:
            fields["rendering_taxonomy"] = random.choice((None, *self._vocabulary.taxonomies))

    def _modifier(self, wanted: Compare, fields: Fields, random: Random) -> None:
        operand = self._reader.operand_of(wanted.field)
        if operand is not None and wanted.value == 1:
            fields["modifiers"] = (*fields["modifiers"][:1], operand)
            fields["stage"] = random.choice(OF_CLAIMS)
        else:
            fields["modifiers"] = tuple(random.sample(self._vocabulary.modifiers, random.randint(0, 1)))

    def _narrative(self, wanted: Compare, fields: Fields, random: Random) -> None:
        fields["narrative"] = self._vocabulary.narrative(random, str(wanted.value) if wanted.operator == "eq" else None)

    def _business(self, wanted: Compare, fields: Fields, random: Random) -> None:
        words = self._vocabulary
        exactly = wanted.operator == "eq"
        fields["line_of_business"] = words.business_of(str(wanted.value), random) if exactly else words.business(random)

    def _stage(self, wanted: Compare, fields: Fields, random: Random) -> None:
        fields["stage"] = wanted.value if wanted.operator == "eq" else random.choice((*OF_CLAIMS, "scheduled"))

    def _number(self, wanted: Compare, fields: Fields, random: Random) -> None:
        absent = wanted.field == "has_charge" and wanted.value == 0
        fields["units"] = random.choice(self._vocabulary.units)
        fields["charge_amount"] = random.choice(self._vocabulary.charges)
        # Only an appointment has no charge.
        fields["stage"] = "scheduled" if absent else random.choice((*OF_CLAIMS, fields["stage"]))
