"""Editions that were published: what the topics hold now, and what publications put in force. Writes nothing.

Knows the history of publications through :mod:`policywire.workbench.publishing.history`; knows no comparison.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policywire.errors import BadInput
from policywire.rulebook.history import History
from policywire.rulebook.publication import NAME
from policywire.stream.settings import load_settings
from policywire.workbench.publishing.history import read_history


def documents_named(name: str, kafka: Mapping[str, Any], now: datetime) -> dict[str, bytes]:
    """The documents of a published edition, by key.

    Args:
        name: ``topic``, ``publication:<number>`` or ``revision:<revision or its beginning>``.
        kafka: where the topics are, in the words of the worker's settings.
        now: at which ``topic`` is looked at.

    Raises:
        BadInput: there is no such edition, or nothing is published.
        PolicywireError: the topics cannot be read.
    """
    history = asyncio.run(read_history(load_settings({"kafka": kafka}), now))
    if name == "topic":
        documents = history.states[-1].in_force(now) if history.states else {}
        if not documents:
            raise BadInput(f"{NAME} holds no documents. Put some there with `policywire rules publish`.")
        return documents
    return history.documents(_number(name, history))


def _number(name: str, history: History) -> int:
    kind, _, wanted = name.partition(":")
    if kind == "publication":
        if not wanted.isascii() or not wanted.isdigit():
            raise BadInput(f"{name}: a publication has a number. policywire rules publications lists all of them.")
        return int(wanted)
    digits = wanted.removeprefix("sha256:")
    found = [each for each in history.publications if (each.revision or "").removeprefix("sha256:").startswith(digits)]
    if not found or not digits:
        raise BadInput(f"no publication has the {name}. policywire rules publications lists all of them.")
    if len({each.revision for each in found}) > 1:
        raise BadInput(f"several publications have revisions that begin like {name}; write more of it.")
    return found[-1].number
