"""Which ``POLICYWIRE_`` variables there are, and what is said of one that there is not. Knows names alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from policywire.rulebook.nearest import nearest

PREFIX: Final = "POLICYWIRE_"

_ALONE: Final = ("SETTINGS", "SECRETS_DIR", "CACHE", "SEARCH_CACHE", "AUTHOR", "BROKER__JAR_REPOSITORY")
"""What the product reads beside the groups of settings."""

_OF_COMPOSE: Final = ("VERSION", "REVISION")
"""docker-compose.yml takes them from the shell, in which a command may run too."""

_LINK: Final = re.compile(r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
"""Kubernetes puts these into every pod for a service named policywire or policywire-..., unless enableServiceLinks is
false: our chart says false, another's pod may not."""

_LINK_ADDRESS: Final = re.compile(r"(\w+_)?PORT")
"""A link too, with an address such as tcp://10.0.0.1:9464; a bare number is a mistyped POLICYWIRE_HEALTH__PORT."""


def unknown_variables(environment: Mapping[str, str], settings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """One line for each ``POLICYWIRE_`` variable that nothing reads; values are left out, for they may be secrets.

    Args:
        environment: names and values; case does not matter in names, as it does not when settings are read.
        settings: the names of every group's settings, by group.
    """
    known = [*_ALONE, *(f"{group}__{name}".upper() for group, names in settings.items() for name in names)]
    groups = tuple(f"{group}__".upper() for group in settings)
    for name, value in sorted(environment.items()):
        rest = name.upper().removeprefix(PREFIX)
        if not name.upper().startswith(PREFIX) or rest.startswith(groups) or rest in {*_ALONE, *_OF_COMPOSE}:
            continue
        if "__" not in rest and (_LINK.fullmatch(rest) or (_LINK_ADDRESS.fullmatch(rest) and "://" in value)):
            continue
        yield f"{name}: no such setting{meant(rest, known)}"


def meant(word: str, known: Sequence[str]) -> str:
    """``; did you mean ...?`` of a variable's name without its prefix; nothing when none is near."""
    near = nearest(word, known)
    return f"; did you mean {PREFIX}{near}?" if near else ""
