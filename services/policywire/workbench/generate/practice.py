"""What practices bill, as tables: specialties with their everyday services, and the situations that MM 0552 speaks of.

Knows code numbers, rough charges and how often things happen; made up, not taken from anybody's claims. Knows no event.
"""

from typing import Final, NamedTuple


class Service(NamedTuple):
    """A procedure code, what it is charged at (whole dollars, from and to), and its modifiers."""

    code: str
    dollars_min: int
    dollars_max: int
    modifiers: tuple[str, ...] = ()


class Specialty(NamedTuple):
    """Everyday work of one kind of practice; ``weight`` is its share of claims in percent."""

    weight: int
    taxonomies: tuple[str, ...]
    diagnoses: tuple[str, ...]
    services: tuple[Service, ...]


VISITS: Final = (
    Service("99213", 95, 160),
    Service("99214", 140, 240, ("25",)),
    Service("99203", 120, 230),
    Service("99204", 180, 340),
)

SPECIALTIES: Final = (
    Specialty(
        34,
        ("207Q00000X", "207R00000X", "363LF0000X"),
        ("I10", "E11.9", "E78.5", "J06.9", "Z00.00", "K21.9", "F41.1", "R53.83", "N39.0", "Z23"),
        (
            *VISITS,
            Service("99396", 180, 290),
            Service("36415", 8, 20),
            Service("85025", 15, 40),
            Service("90471", 25, 45),
        ),
    ),
    Specialty(
        18,
        ("207X00000X", "207XX0005X", "207XS0114X"),
        ("M17.11", "M17.12", "M75.111", "M25.561", "S83.241A", "M23.221", "M16.11", "M54.50"),
        (
            *VISITS,
            Service("20610", 110, 260, ("RT",)),
            Service("73562", 60, 140),
            Service("29881", 2400, 5200, ("LT",)),
            Service("27447", 9000, 21000, ("RT",)),
        ),
    ),
    Specialty(
        14,
        ("225100000X", "225X00000X"),
        ("M54.50", "M25.511", "M62.81", "R26.89", "S93.401D"),
        (Service("97110", 45, 80, ("GP",)), Service("97140", 40, 75, ("GP", "59")), Service("97161", 90, 170, ("GP",))),
    ),
    Specialty(
        9,
        ("2085R0202X", "2085R0204X"),
        ("R10.9", "M25.561", "R91.1", "S06.0X0A", "R07.9"),
        (Service("73721", 450, 1300, ("26",)), Service("71046", 40, 110, ("26",)), Service("72148", 480, 1400)),
    ),
    Specialty(
        7,
        ("207RC0000X",),
        ("I25.10", "I48.91", "I50.22", "R00.2"),
        (*VISITS, Service("93000", 30, 85), Service("93306", 600, 1500)),
    ),
    Specialty(
        5,
        ("207RH0003X", "207RX0202X"),
        ("C50.911", "C34.11", "C90.00", "C91.00", "D50.9", "Z51.11"),
        (*VISITS, Service("96413", 320, 680), Service("85025", 15, 40), Service("38222", 600, 1300)),
    ),
    Specialty(
        5,
        ("208VP0014X", "2081P2900X"),
        ("M54.16", "G89.4", "M47.816", "M79.18"),
        (*VISITS, Service("64483", 500, 1300, ("RT",)), Service("62323", 450, 1100), Service("20553", 120, 260)),
    ),
    Specialty(
        4,
        ("207P00000X",),
        ("R07.9", "S61.011A", "R10.31", "J18.9"),
        (Service("99283", 300, 700), Service("99285", 700, 1900, ("25",)), Service("12001", 180, 420)),
    ),
    Specialty(
        4,
        ("103TC0700X", "2084P0800X"),
        ("F33.1", "F41.1", "F43.10"),
        (Service("90837", 130, 230), Service("90834", 100, 180), Service("99214", 140, 240)),
    ),
)

ELSEWHERE: Final = ("60054", "87726", "61101", "SYN01")
"""Payer ids that no shipped profile has."""
CIGNA: Final = "62308"
LINES_OF_BUSINESS: Final = (
    *(("commercial",) * 22),
    *((None,) * 8),
    *(("ppo", "PPO ", "hmo", "epo", "exchange", "self_funded", "CI", "12", "HM") * 2),
    "medicare_advantage",
    "medicaid",
)
"""As senders write a Cigna member's, None where they write none: two in fifty are outside the policy's scope."""


class Situation(NamedTuple):
    """A claim that has a listed code.

    Attributes:
        name: what it is about.
        weight: how often, among all of them.
        diagnoses: the claim's.
        services: its lines.
        pointers: each line's diagnosis pointers; none: no line names any.
        narratives: one of them goes on each line of the unlisted code; None: that line has no narrative.
        taxonomy: the rendering provider's.
        span: first and last day of service of the listed line, where they are not left to chance.
    """

    name: str
    weight: int
    diagnoses: tuple[str, ...]
    services: tuple[Service, ...]
    pointers: tuple[int, ...] = ()
    narratives: tuple[str | None, ...] = (None,)
    taxonomy: str = "207X00000X"
    span: tuple[str, str | None] | None = None


LISTED: Final = frozenset({"0565T", "0566T", "0717T", "0718T", "20999", "38230", "38232"})
UNLISTED: Final = "20999"

_VISIT = Service("99214", 140, 240, ("25",))
_GUIDANCE = Service("76942", 150, 380)
_UNLISTED = Service(UNLISTED, 2500, 9500)
_KNEE = (Service("0565T", 1800, 5200, ("RT",)), Service("0566T", 1500, 4800, ("RT",)))
_SHOULDER = (Service("0717T", 2200, 6800, ("LT",)), Service("0718T", 1900, 5600, ("LT",)))
_DONOR_HARVEST = Service("38230", 2600, 6100)
_OWN_HARVEST = Service("38232", 2400, 5900)
_GRAFT = Service("20930", 400, 1100)

SITUATIONS: Final = (
    Situation("knee implant", 20, ("M17.11", "M25.561"), (*_KNEE, _VISIT), (1,)),
    Situation("knee implant alone", 10, ("M17.12",), (_KNEE[1],), (1,)),
    Situation("knee implant with a graft", 4, ("M17.11",), (_KNEE[0], _GRAFT), (1,)),
    Situation("rotator cuff", 14, ("M75.111",), (*_SHOULDER, _GUIDANCE), (1,)),
    Situation("rotator cuff alone", 6, ("m75112",), (_SHOULDER[0],), (1,), taxonomy="2081S0010X"),
    Situation("marrow harvest, orthopaedic", 8, ("M16.11", "M87.051"), (_OWN_HARVEST, _VISIT), (1, 2)),
    Situation("marrow harvest, leukaemia", 5, ("C91.00",), (_DONOR_HARVEST,), (1,), taxonomy="207RH0003X"),
    Situation("marrow harvest, myeloma", 4, ("C90.00", "Z94.84"), (_OWN_HARVEST,), taxonomy="207RX0202X"),
    Situation("marrow harvest, donor", 2, ("Z52.3",), (_DONOR_HARVEST,), (1,), taxonomy="207RH0000X"),
    Situation("marrow harvest, both contexts", 2, ("C90.00", "M17.11"), (_OWN_HARVEST,), (1, 2)),
    Situation("marrow harvest, no context", 2, ("R53.83",), (_OWN_HARVEST,), (1,), taxonomy="208D00000X"),
    Situation("marrow harvest, by taxonomy", 2, (), (_OWN_HARVEST,)),
    Situation(
        "unlisted, names a product",
        7,
        ("M17.11",),
        (_UNLISTED, _VISIT),
        (1,),
        (
            "BMAC injection right knee under ultrasound",
            "Intra-articular injection of mesenchymal stem cells",
            "Tibial non-union, bone marrow aspirate concentrate",
            "stromal vascular fraction (SVF), left shoulder",
        ),
    ),
    Situation(
        "unlisted, only hints",
        3,
        ("M75.121",),
        (_UNLISTED,),
        (1,),
        ("Amniotic tissue injection", "Adipose graft to tendon"),
    ),
    Situation("unlisted, no narrative", 3, ("M25.511",), (_UNLISTED,), (1,), (None, "", "   ")),
    Situation(
        "unlisted, something else",
        3,
        ("M77.11",),
        (_UNLISTED,),
        (1,),
        ("Open debridement of extensor tendon", "Removal of deep hardware; no stem cell product used"),
    ),
    Situation(
        "unlisted beside a listed code", 2, ("M17.11",), (_KNEE[0], _UNLISTED), (1,), ("Regenerative cells injection",)
    ),
    Situation("days on both sides of a change", 1, ("M17.11",), (_KNEE[0],), (1,), span=("2025-12-14", "2025-12-17")),
    Situation("before the first version", 1, ("M17.11",), (_KNEE[0],), (1,), span=("2020-03-02", None)),
)
