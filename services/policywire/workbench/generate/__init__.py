"""Synthetic events: nobody's data, shaped like everybody's. The same seed and settings give the same bytes for ever.

``practice`` holds what practices bill, as tables; ``pieces`` what events of both topics are made of. ``claims`` writes
the one topic, ``scheduling`` with ``bookings`` and ``agreements`` the other. ``bad``, ``bad_claims`` and
``bad_scheduling`` spoil some.
"""

from policywire.workbench.generate.bad import BadKind
from policywire.workbench.generate.bad_claims import BAD_CLAIM_KINDS
from policywire.workbench.generate.bad_scheduling import BAD_SCHEDULING_KINDS
from policywire.workbench.generate.claims import ClaimMix, generate_claims
from policywire.workbench.generate.pieces import Published
from policywire.workbench.generate.scheduling import BOOKINGS_AND_ENDINGS, SchedulingMix, generate_scheduling

__all__ = [
    "BAD_CLAIM_KINDS",
    "BAD_SCHEDULING_KINDS",
    "BOOKINGS_AND_ENDINGS",
    "BadKind",
    "ClaimMix",
    "Published",
    "SchedulingMix",
    "generate_claims",
    "generate_scheduling",
]
