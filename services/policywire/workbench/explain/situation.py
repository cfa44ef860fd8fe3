"""What is explained: one item with the member's agreements, and the diagnoses that its claim has beside the item's own.

Knows items and agreements in the form in which they are decided; does not know where they come from.
"""

from msgspec import Struct

from policywire.decision.agreement import Agreement
from policywire.decision.item import Item


class Situation(Struct, frozen=True, kw_only=True):
    """One line or procedure as it is decided, and what a change of it may draw on."""

    item: Item
    agreements: tuple[Agreement, ...] = ()
    diagnoses: tuple[str, ...] = ()
    """Every diagnosis of the claim, in normal form; the item has those that it points at."""
    ended: str | None = None
    """``voided``, ``cancelled``, ``no_show``: the claim or appointment no longer stands."""
