"""Synthetic events: nobody's data, shaped like everybody's. The same seed and settings give the same bytes for ever.

``practice`` holds what practices bill, as tables; ``claims`` writes events from them; ``bad`` spoils some.
"""

from policywire.workbench.generate.bad import BAD_KINDS, BadKind
from policywire.workbench.generate.claims import ClaimMix, Published, generate_claims

__all__ = ["BAD_KINDS", "BadKind", "ClaimMix", "Published", "generate_claims"]
