"""Random histories of synthetic members, made to collide: few ids, few days, equal instants in different offsets.

Within what order can be asked of: each claim and appointment has one payer, and listed codes in all of its contents or
in none, because a content that no policy lists leaves no trace while its subject is unknown.
"""

import random
from typing import Any

Event = dict[str, Any]

LISTED = ("0565T", "0566T", "0717T", "0718T", "20999", "20999", "38230", "38232")
UNLISTED = ("99213", "20930", "20931", "20934", "20935")
# Both versions' boundaries, and 2026-02-20 with what is 180 and 181 days before it.
DAYS = (
    "2025-08-23",
    "2025-08-24",
    "2020-03-14",
    "2020-03-15",
    "2025-12-15",
    "2025-12-16",
    "2026-01-10",
    "2026-01-10",
    "2026-01-11",
    "2026-02-20",
)
INSTANTS = (
    "2025-12-20T10:00:00Z",
    "2026-01-09T23:30:00-05:00",
    "2026-01-10T04:30:00Z",
    "2026-01-10T04:30:00.000Z",
    "2026-01-10T12:00:00+09:30",
    "2026-01-11T00:10:00+02:00",
    "2026-01-10T22:10:00Z",
    "2026-02-06T00:00:00Z",
    "2026-02-17T08:00:00.250Z",
)
SIGNED = (*("2025-12-14T22:00:00-05:00",) * 3, "2025-12-16T08:00:00-05:00", "2026-01-10T23:00:00-09:00")
"""Before nearly every service, or on the very day of some."""
REVOKED = (None, None, *INSTANTS, *("2025-12-17T20:00:00-05:00",) * 5)
"""The last before the services of 2026."""
DIAGNOSES = (
    *(
        "M17.11",
        "m1711",
        "C91.00",
        "c4a.9",
        "C7B.00",
        "D3A.00",
        "D3A",
        "D45",
        "D62",
        "D63.1",
        "D64.81",
        "D64.9",
        "D61.9",
    ),
    *("D61.9", "D72.829", "D72.9", "D70.1", "D86.0", "D86", "D89.9", "M84.50XA", "M32.9", "M1A.0710", "T14.8"),
    *("T14.90XA", "T14", " m17.11 "),
    *("S04.01XA", "S06.0X0A", "S14.1", "S83.2", "S37.0", "S7", "E75.22", "E75.3", "E7152", "T86.09", "T86.5", "T86.1"),
    *("Z52.3", "Z52.008", "Z52.001", "Z94.84", "Z00.00", "R52", "Z48.290", "Z48.280", "Q78.2", "D10.0", "D49.9"),
)
TAXONOMIES = (None, None, "207X00000X", " 207rh0003x ", "2081P2900X", "208D00000X", "207RX0202X", "208VP0014X", "")
LINES_OF_BUSINESS = (None, "commercial", " PPO", "Self_Funded", "ci", "12", "HM", "medicare", "MA", "16", "h m o", "")
NARRATIVES = (
    *(
        None,
        "",
        "  ",
        "BMAC injection",
        "tibial non-union, BMAC injection",
        "no stem-cell product used",
        "non stem cell",
    ),
    *(
        "graft only; no; BMAC left knee",
        "never any kind of lipoaspirate",
        "denies prior MSC",
        "exosomes",
        "Wharton's jelly",
    ),
    *("no adipose tissue. SVF given", "not\nMSCs", "without use of bone marrow concentrate", "umbilical cord blood"),
    *("excision of scar", "amniotic membrane, neither MSC nor ADRC", "concentrated bone  marrow", "CELLULAR", "---"),
)
PAYERS: tuple[tuple[str, ...], ...] = (
    *[("62308", "62308", "62308", "CIGNA2")] * 13,
    *[("SYN01",)] * 5,
    ("60054",),
    ("60054",),
)
"""Ids of one payer: of one that has two, of another with the same policy, of one that nobody knows."""
ANY_PAYER = (*["62308"] * 5, "CIGNA2", "SYN01")
STATED = {
    "claim": ("claim.drafted", "claim.submitted", "claim.submitted", "claim.replaced"),
    "appointment": ("appointment.booked", "appointment.booked", "appointment.rescheduled"),
    "agreement": ("agreement.signed",),
}
ENDED = {
    "claim": ("claim.voided",),
    "appointment": ("appointment.cancelled", "appointment.completed", "appointment.completed", "appointment.no_show"),
    "agreement": ("agreement.revoked",),
}


class Histories:
    """Makes one history after the other from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 (test data)

    def history(self) -> list[Event]:
        """A handful to a score of events of one or two members, in the order of making."""
        subjects = self._subjects()
        count = self.random.randint(2, 16)
        names = self.random.sample(range(100, 999), count)
        return [self._event(self.random.choice(subjects), f"e-{name}") for name in names]

    def shuffled(self, events: list[Event]) -> list[Event]:
        """The same events in another order."""
        return self.random.sample(events, len(events))

    def with_repeats(self, events: list[Event]) -> list[Event]:
        """The same events with some given again, anywhere after their first time."""
        given = list(events)
        for event in self.random.sample(events, (len(events) + 1) // 2):
            given.insert(self.random.randint(given.index(event) + 1, len(given)), event)
        return given

    def _subjects(self) -> list[tuple[str, str, str, tuple[str, ...], bool]]:
        """(kind, member, id, payer ids to choose from, whether its contents list codes of the policy)."""
        subjects: list[tuple[str, str, str, tuple[str, ...], bool]] = []
        for _ in range(self.random.randint(1, 6)):
            kind = self.random.choice(("claim", "appointment", "agreement"))
            payers = self.random.choice(PAYERS)
            identity = f"{kind}-{self.random.randint(1, 2)}"
            member = self.random.choice(("M-1", "M-1", "M-1", "M-2"))
            if not any(each[1:3] == (member, identity) for each in subjects):
                subjects.append((kind, member, identity, payers, self.random.random() < 0.9))
        return subjects

    def _event(self, subject: tuple[str, str, str, tuple[str, ...], bool], event_id: str) -> Event:
        kind, member, identity, payers, lists = subject
        ends = self.random.random() < (0.4 if kind == "agreement" else 0.25)
        event = {
            "event_id": event_id,
            "event_type": self.random.choice((ENDED if ends else STATED)[kind]),
            "occurred_at": self.random.choice(INSTANTS),
            "member_id": member,
            f"{kind}_id": identity,
        }
        if ends:
            return event | self._revoked() if kind == "agreement" else event
        event["payer_id"] = self.random.choice(payers)
        return event | {"claim": self._claim, "appointment": self._visit, "agreement": self._agreement}[kind](
            lists=lists
        )

    def _revoked(self) -> Event:
        return {"revoked_at": self.random.choice(REVOKED)}

    def _claim(self, *, lists: bool) -> Event:
        diagnoses = self._diagnoses()
        codes = [self._code(listed=lists)] + [self._code(listed=lists and self.random.random() < 0.5) for _ in range(2)]
        numbers = self.random.sample((1, 2, 3), self.random.randint(1, 3))
        day = self.random.choice(DAYS)
        lines = [self._line(code, number, day, len(diagnoses)) for code, number in zip(codes, numbers, strict=False)]
        return self._common() | {"diagnoses": diagnoses or None, "lines": lines}

    def _line(self, code: str, number: int, day: str, diagnoses: int) -> Event:
        """Mostly of the claim's day, as lines are: what is billed together meets."""
        first, last = sorted(
            (day if self.random.random() < 0.6 else self.random.choice(DAYS), self.random.choice(DAYS))
        )
        pointers = self.random.choices(range(1, diagnoses + 1), k=self.random.randint(0, 2)) if diagnoses else None
        return {
            "line_number": number,
            "procedure_code": code,
            "charge_amount": self.random.choice(("4200.00", "0.00", "999999999999.99")),
            "service_date": first,
            "service_date_end": last if self.random.random() < 0.15 else self.random.choice((None, first)),
            "diagnosis_pointers": pointers,
            "narrative": self.random.choice(NARRATIVES),
        }

    def _visit(self, *, lists: bool) -> Event:
        codes = [self._code(listed=lists)] + [self._code(listed=lists) for _ in range(self.random.randint(0, 2))]
        return self._common() | {
            "service_date": self.random.choice(DAYS),
            "procedure_codes": codes,
            "diagnoses": self._diagnoses(),
            "estimated_charge_amount": self.random.choice((None, "6500.00")),
            "narrative": self.random.choice(NARRATIVES),
        }

    def _agreement(self, *, lists: bool) -> Event:
        """Half of them hold for most services, so that what makes one fail is often the only thing that is wrong."""
        wide = self.random.random() < 0.5
        first, last = sorted(self.random.choices(DAYS, k=2))
        return {
            "payer_id": self.random.choice(ANY_PAYER if wide else (*ANY_PAYER, "60054")),
            "procedure_codes": sorted(set(LISTED)) if wide else self.random.sample(sorted(set(LISTED)), 4 * lists),
            "service_date_from": "2025-12-16" if wide else first,
            "service_date_through": "2026-02-28" if wide else last,
            "signed_at": self.random.choice(SIGNED if wide else INSTANTS),
            "confirmed_before_service": self.random.choice((True, False, None)),
        }

    def _common(self) -> Event:
        return {
            "line_of_business": self.random.choice(LINES_OF_BUSINESS) if self.random.random() < 0.4 else None,
            "rendering_provider": {"taxonomy": self.random.choice(TAXONOMIES)},
            "ordering_provider_npi": self.random.choice((None, "1245319599")),
        }

    def _code(self, *, listed: bool) -> str:
        code = self.random.choice(LISTED if listed else UNLISTED)
        return self.random.choice((code, code, f" {code.lower()} "))

    def _diagnoses(self) -> list[str]:
        return self.random.sample(DIAGNOSES, self.random.choice((0, 1, 1, 2, 3)))
