"""How a bug is planted: a named part of the worker is replaced in its own process. Knows nothing of any bug."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct


class Bug(Struct, frozen=True):
    """A bug. ``what`` says what the worker does wrong; ``plant`` makes this process' worker do it."""

    what: str
    plant: Callable[[], None]


def put(owner: Any, name: str, by: object) -> None:
    """Plant something in the place of what is there; when it no longer is, the bug would be none.

    Raises:
        AttributeError: there is nothing of that name.
    """
    getattr(owner, name)
    setattr(owner, name, by)
