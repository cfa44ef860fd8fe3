"""Synthetic charge lines, booked procedures and agreements as rows: two years of a made-up group of practices.

The same count, seed and mix give the same rows for ever. Knows what can be wrong with a row or an agreement; the group
(:mod:`policywire.workbench.generate.group`) bills, :mod:`policywire.workbench.generate.charge_files` writes files.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import Final

from policywire.workbench.generate.charge_rows import FIRST_DAY, LAST_DAY, Charge, ChargeMix, SignedAgreement
from policywire.workbench.generate.group import Group
from policywire.workbench.generate.pieces import refuse_impossible
from policywire.workbench.generate.practice import CIGNA, ELSEWHERE, LISTED

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "Charge",
    "ChargeMix",
    "SignedAgreement",
    "generate_agreements",
    "generate_charges",
    "generate_orders",
]

_ORDER_AHEAD_DAYS: Final = 84


def generate_charges(count: int, seed: int, mix: ChargeMix | None = None) -> Iterator[Charge]:
    """Synthetic charge lines in the order of their posting, claim by claim.

    Args:
        count: how many lines, the bad ones included.
        seed: the same seed, count and mix give the same rows.
        mix: what they are like.

    Raises:
        BadInput: the mix asks for what cannot be.
    """
    mix = mix or ChargeMix()
    refuse_impossible(None, mix.start, mix.end, hits=mix.hits, bad=mix.bad, untidy=mix.untidy)
    random = Random(seed)  # noqa: S311  synthetic data, no secret
    group = Group(count, seed, mix, random)
    made = 0
    while made < count:
        for charge in group.claim(made):
            if made == count:
                return
            yield _spoiled(charge, made) if mix.bad and random.random() < mix.bad else charge
            made += 1


def generate_orders(count: int, seed: int, mix: ChargeMix | None = None) -> Iterator[Charge]:
    """Synthetic booked procedures of the twelve weeks after the mix's last day, half of them with a listed code."""
    mix = mix or ChargeMix()
    ahead = ChargeMix(hits=0.5, start=mix.end + timedelta(1), end=mix.end + timedelta(_ORDER_AHEAD_DAYS))
    for number, charge in enumerate(generate_charges(count, seed + 1_000_003, ahead)):
        yield charge._replace(
            claim_id=charge.claim_id.replace("CLM", "ORD"),
            charge_amount=None if number % 7 == 0 else charge.charge_amount,
            service_date=max(charge.service_date, ahead.start.isoformat()),
            service_date_end=None,
            kind="appointment",
        )


def generate_agreements(charges: Iterable[Charge], seed: int, share: float = 0.35) -> Iterator[SignedAgreement]:
    """Synthetic agreements for a share of the listed lines, every third of them one that does not hold."""
    random = Random(seed + 7)  # noqa: S311  synthetic data, no secret
    number = 0
    for charge in charges:
        code = charge.procedure_code.strip().upper()
        if charge.service_date == _NO_SUCH_DAY:
            continue
        if code in LISTED and charge.payer_id and random.random() < share:
            agreement = _agreement(f"AGR-{seed}-{number:07}", charge, code, number)
            # Every second one that is signed on the day of service says that it was before the service.
            is_confirmed = number % (2 * _MANNERS) == _ON_THE_DAY
            yield agreement._replace(confirmed_before_service=is_confirmed)
            number += 1


_NO_SUCH_DAY: Final = "2025-13-45"
"""The date of service of a line that is no good."""
_MANNERS: Final = 18
_ON_THE_DAY: Final = 12


def _agreement(name: str, charge: Charge, code: str, number: int) -> SignedAgreement:
    day = date.fromisoformat(charge.service_date)
    first, last, signed = day.isoformat(), (day + timedelta(30)).isoformat(), day - timedelta(9)
    codes, revoked, payer_id = (code,), None, charge.payer_id or CIGNA
    match number % _MANNERS:
        case 0:
            payer_id = ELSEWHERE[0]
        case 3:
            codes = ("29881",)
        case 6:
            first = (day + timedelta(1)).isoformat()
        case 9:
            signed = day + timedelta(2)
        case 12:  # _ON_THE_DAY
            signed = day
        case 15:
            revoked = f"{day - timedelta(1)}T12:00:00-05:00"
    at = f"{signed}T09:30:00-05:00"
    return SignedAgreement(
        name, payer_id, charge.member_id, codes, first, last, at, confirmed_before_service=False, revoked_at=revoked
    )


def _spoiled(charge: Charge, number: int) -> Charge:
    """The line with one fault of each kind in turn."""
    match number % 6:
        case 0:
            return charge._replace(procedure_code="see note")
        case 1:
            return charge._replace(service_date=_NO_SUCH_DAY)
        case 2:
            return charge._replace(charge_amount="(120.00)")
        case 3:
            return charge._replace(payer_id=None)
        case 4:
            return charge._replace(units="several")
        case _:
            return charge._replace(charge_amount=None)
