"""What is said where no policy lists a code: the listed codes that look like it, and what that does not mean."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

NOT_COVERED: Final = "Not listed is not covered: it says only that these policies do not decide the code."
"""Said beside every code that no policy lists, so that nobody takes silence for a yes."""

_SHOWN: Final = 3
_CLOSE: Final = 0.85
"""A character lost or one too many still is; another code of five characters is not."""
_MISTYPED: Final = re.compile(r"[A-Z]?[0-9]{3,6}[A-Z]?")


def is_like_a_code(word: str) -> bool:
    """Whether a word is a code that lost a character, or has one too many: 0565, 565T."""
    return _MISTYPED.fullmatch(word.upper()) is not None


def alike(code: str, listed: Iterable[str]) -> str:
    """A question, with a blank before it, for the listed codes that may have been meant; empty where none is near."""
    close = get_close_matches(code.upper(), listed, n=_SHOWN, cutoff=_CLOSE)
    return f" Did you mean {' or '.join(close)}?" if close else ""
