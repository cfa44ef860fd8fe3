"""Generated events and ways to spoil them, as text on the wire. All synthetic: no such member, claim or provider."""

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Json = Any


@dataclass(frozen=True)
class Raw:
    """Text that stands in the JSON as it is: numbers that Python would write otherwise, broken literals."""

    text: str


@dataclass(frozen=True)
class Repeated:
    """An object with keys more than once, in this order."""

    pairs: tuple[tuple[str, Json], ...]


def render(value: Json, separators: tuple[str, str] = (",", ":"), *, escape: bool = False) -> str:
    """The value as JSON text; with ``escape`` every letter o in a string is written as an escape."""

    def text(part: Json) -> str:
        match part:
            case Raw():
                return part.text
            case dict():
                return text(Repeated(tuple(part.items())))
            case Repeated():
                members = (f"{text(key)}{separators[1]}{text(member)}" for key, member in part.pairs)
                return "{" + separators[0].join(members) + "}"
            case list():
                return "[" + separators[0].join(map(text, part)) + "]"
            case str() if escape:
                return json.dumps(part).replace("o", r"\u006f")
            case _:
                return json.dumps(part, ensure_ascii=False)

    return text(value)


texts = st.sampled_from(
    ["M-77", "é", "x" * 40, "\U0001f9b4", "two words", 'say "no"', "back\\slash", "{[", "occurred_at"]
)
ids = st.sampled_from(["M-77", "CLM-1", "62308", "é-1", "\U0001f9b4", " "])
years = st.sampled_from([1900, 1999, 2000, 2024, 2026, 2100, 2199])
dates = st.builds(
    "{:04}-{:02}-{:02}".format, years, st.integers(min_value=1, max_value=12), st.integers(min_value=1, max_value=28)
)
instants = st.builds(
    "{}{}{:02}:{:02}:{:02}{}{}".format,
    dates,
    st.sampled_from("TTTt"),
    st.integers(min_value=0, max_value=23),
    st.integers(min_value=0, max_value=59),
    st.integers(min_value=0, max_value=59),
    st.sampled_from(["", "", "", ".5", ".123", ".123456789", ".9999999999999"]),
    st.sampled_from(["Z", "Z", "Z", "z", "+00:00", "-00:00", "-05:00", "+23:59", "+05:30"]),
)
money = st.sampled_from(["0.00", "0.99", "4200.00", "999999999999.99"])
codes = st.sampled_from(["0565T", " 0717t ", "38230", "x", "é"])
ordinals = st.integers(min_value=1, max_value=999_999)
providers = st.fixed_dictionaries({}, optional={"npi": st.none() | texts, "taxonomy": st.none() | texts})
diagnoses = st.lists(st.sampled_from(["M17.11", "c9100", ""]), min_size=0, max_size=4)


@st.composite
def service_lines(draw: st.DrawFn, number: int, diagnosis_count: int) -> Json:
    """A line that follows the contract."""
    line = {
        "line_number": number,
        "procedure_code": draw(codes),
        "charge_amount": draw(money),
        "service_date": draw(dates),
    }
    optional: dict[str, Json] = {
        "service_date_end": st.none() | st.just(line["service_date"]),
        "modifiers": st.none() | st.lists(texts, max_size=2),
        "units": st.none() | st.sampled_from([0, 1, 2.5, 9_999_999]),
        "narrative": st.none() | texts,
    }
    if diagnosis_count:
        optional["diagnosis_pointers"] = st.lists(st.integers(min_value=1, max_value=diagnosis_count), max_size=3)
    return line | draw(st.fixed_dictionaries({}, optional=optional))


@st.composite
def claim_events(draw: st.DrawFn) -> Json:
    """A claim event that follows the contract, in an order of keys of its own."""
    kind = draw(st.sampled_from(["claim.drafted", "claim.submitted", "claim.replaced", "claim.voided"]))
    event: dict[str, Json] = {
        "event_id": draw(ids),
        "event_type": kind,
        "occurred_at": draw(instants),
        "claim_id": draw(ids),
        "member_id": draw(ids),
    }
    if kind != "claim.voided":
        found = draw(st.none() | diagnoses)
        numbers = draw(st.lists(ordinals, min_size=1, max_size=4, unique=True))
        event |= {"payer_id": draw(ids), "lines": [draw(service_lines(n, len(found or ()))) for n in numbers]}
        event |= {"diagnoses": found} if found is not None or draw(st.booleans()) else {}
        optional: dict[str, st.SearchStrategy[Json]] = {"rendering_provider": st.none() | providers}
        optional |= {name: st.none() | texts for name in ("line_of_business", "billing_provider_npi")}
        event |= draw(st.fixed_dictionaries({}, optional=optional))
    return dict(draw(st.permutations(list(event.items()))))


@st.composite
def scheduling_events(draw: st.DrawFn) -> Json:
    """A scheduling event that follows the contract."""
    ending = ["appointment.cancelled", "appointment.completed", "appointment.no_show"]
    content = ["appointment.booked", "appointment.rescheduled"]
    kind = draw(st.sampled_from([*ending, *content, "agreement.signed", "agreement.revoked"]))
    optional: dict[str, st.SearchStrategy[Json]]
    event: dict[str, Json] = {
        "event_id": draw(ids),
        "event_type": kind,
        "occurred_at": draw(instants),
        "member_id": draw(ids),
    }
    event["agreement_id" if kind.startswith("agreement") else "appointment_id"] = draw(ids)
    if kind in content:
        event |= {"payer_id": draw(ids), "service_date": draw(dates)}
        event |= {"procedure_codes": draw(st.lists(codes, min_size=1, max_size=3))}
        optional = {"estimated_charge_amount": st.none() | money, "diagnoses": st.none() | diagnoses}
        optional["narrative"] = st.none() | texts
        event |= draw(st.fixed_dictionaries({}, optional=optional))
    elif kind == "agreement.signed":
        first, last = sorted([draw(dates), draw(dates)])
        event |= {"payer_id": draw(ids), "service_date_from": first, "service_date_through": last}
        event |= {"procedure_codes": draw(st.lists(codes, max_size=2)), "signed_at": draw(instants)}
        optional = {"confirmed_before_service": st.none() | st.booleans(), "estimated_cost_amount": st.none() | money}
        event |= draw(st.fixed_dictionaries({}, optional=optional))
    elif kind == "agreement.revoked":
        event |= draw(st.fixed_dictionaries({}, optional={"revoked_at": st.none() | instants}))
    return dict(draw(st.permutations(list(event.items()))))


ODD_NUMBERS = (
    *("0", "-0", "-0.0", "1.0", "1e0", "10.0e-1", "1.5", "-1", "999999.0", "1000000", "9999999", "9999999.1", "1e400"),
    *("-1e400", "1e-400", "9" * 10_000, "-" + "9" * 10_000, "9" * 18, "1.00000000000000000000001", "1E2"),
)
ODD_INSTANTS = (
    *("2026-01-05 14:03:00Z", "2026-01-05T14:03:00+0500", "2026-01-05T14:03:60Z", "2016-12-31T23:59:60Z"),
    *(
        "2026-01-05T24:00:00Z",
        "2026-01-05T14:03Z",
        "2026-01-05T14:03:00",
        "2026-01-05T14:03:00.Z",
        "0000-01-01T00:00:00Z",
    ),
    *("2026-01-05T14:03:00+24:00", "2026-01-05T14:03:00+05:60", "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z"),
    *("0001-01-01T00:00:00Z", "1000-01-01T00:00:00Z", "1800-01-01T00:00:00+01:00"),
    *("2199-12-31T23:59:59.9999999Z", "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "2026-01-05 14:03:00.5+0500"),
    *(
        "2026-01-05T14:03:00Z\n",
        "2026-01-05T14:03:00+05",
        "\u0662026-01-05T14:03:00Z",
        "2026-01-05 14:03:00z",
        "1767621780",
    ),
)
ODD_DATES = (
    *(
        "0001-01-01",
        "1000-01-01",
        "1800-01-01",
        "2026-02-29",
        "2024-02-29",
        "2100-02-29",
        "0000-01-01",
        "9999-12-31",
        "1899-12-31",
        "2200-01-01",
        "2026-1-3",
    ),
    *("2026-01-03 ", "2026-01-03\n", "20260103", "2026-01-03T00:00:00Z", "2026-13-01", "\u0662026-01-03", "1900-01-01"),
)
ODD_MONEY = (
    *("4200", "4200.0", "4200.000", "-1.00", "+1.00", "01.00", "00.00", ".00", "1,000.00", " 1.00", "1.00\n", "1_0.00"),
    *("\u0664.00", "1e3", "NaN", "9999999999999.00", "1.\u0660\u0660", "1..0", "0.001"),
)
ODD_TEXTS = ("", " ", "\x00", "\u2028", "x" * 1_000, "claim.submitted", "agreement.signed", "claim.exploded")

odd = (
    st.sampled_from(ODD_INSTANTS + ODD_DATES + ODD_MONEY + ODD_TEXTS)
    | st.sampled_from(ODD_NUMBERS).map(Raw)
    | st.sampled_from([None, True, False, [], {}, [None], [1, "a"], {"npi": 5}])
    | st.integers(min_value=-2, max_value=12)
)
fitting = {
    "occurred_at": st.sampled_from(ODD_INSTANTS),
    "signed_at": st.sampled_from(ODD_INSTANTS),
    "revoked_at": st.sampled_from(ODD_INSTANTS),
    "service_date": st.sampled_from(ODD_DATES),
    "service_date_end": st.sampled_from(ODD_DATES) | dates,
    "service_date_from": st.sampled_from(ODD_DATES) | dates,
    "service_date_through": st.sampled_from(ODD_DATES) | dates,
    "charge_amount": st.sampled_from(ODD_MONEY),
    "estimated_charge_amount": st.sampled_from(ODD_MONEY),
    "estimated_cost_amount": st.sampled_from(ODD_MONEY),
    "line_number": st.sampled_from(ODD_NUMBERS).map(Raw) | st.integers(min_value=0, max_value=3),
    "units": st.sampled_from(ODD_NUMBERS).map(Raw),
    "diagnosis_pointers": st.lists(
        st.integers(min_value=0, max_value=5) | st.sampled_from(ODD_NUMBERS).map(Raw), max_size=3
    ),
}
"""What is odd for a field of that name in particular."""


def nested(depth: int) -> Json:
    """Objects and arrays in one another, ``depth`` of them."""
    return Raw(
        "[" * (depth - depth // 2) + '{"a":' * (depth // 2) + "1" + "}" * (depth // 2) + "]" * (depth - depth // 2)
    )


unknown = st.builds(nested, st.sampled_from([1, 28, 29, 30, 31, 32, 40, 300])) | odd


@st.composite
def spoiled(draw: st.DrawFn, event: Json) -> Json:
    """The event with one thing changed somewhere: a value, a key lost, a key of the sender's own, a key twice."""
    if isinstance(event, dict) and event:
        return draw(spoiled_object(event))
    if isinstance(event, list) and event:
        return draw(spoiled_array(event))
    return draw(odd)


@st.composite
def spoiled_object(draw: st.DrawFn, event: dict[str, Json]) -> Json:
    """An object with one thing changed in it or further in."""
    key = draw(st.sampled_from(sorted(event)))
    inner = event[key]
    others = {name: member for name, member in event.items() if name != key}
    deeper = ["inside"] * 6 if isinstance(inner, dict | list) and inner else []
    match draw(st.sampled_from(["change", "fit", "fit", "fit", "lose", "twice", "own", *deeper])):
        case "inside":
            changed = event | {key: draw(spoiled(inner))}
        case "change":
            changed = event | {key: draw(odd)}
        case "fit":
            changed = event | {key: draw(fitting.get(key, odd))}
        case "lose":
            changed = others
        case "twice":
            first, last = draw(st.permutations([draw(fitting.get(key, odd)), inner]))
            return Repeated(((key, first), *others.items(), (key, last)))
        case _:
            name = draw(st.sampled_from(["x", "occurred_at_utc", "signed_at", "narrative", "é", "lines"]))
            changed = {"x": draw(unknown)} | event if name in event else event | {name: draw(unknown)}
    return changed


@st.composite
def spoiled_array(draw: st.DrawFn, items: list[Json]) -> Json:
    """An array with one item changed or repeated."""
    position = draw(st.integers(min_value=0, max_value=len(items) - 1))
    deeper = ["inside"] * 3 if isinstance(items[position], dict | list) else []
    match draw(st.sampled_from(["again", "change", *deeper])):
        case "inside":
            item = draw(spoiled(items[position]))
        case "again":
            return [*items, items[position]]
        case _:
            item = draw(odd)
    return [*items[:position], item, *items[position + 1 :]]


@st.composite
def wires(draw: st.DrawFn, events: st.SearchStrategy[Json]) -> bytes:
    """An event, good or spoiled up to three times, as the bytes of a record."""
    event = draw(events)
    # Mostly one thing: a second fault would hide that the first one was let pass.
    for _ in range(draw(st.sampled_from([0, 1, 1, 1, 1, 2, 3]))):
        event = draw(spoiled(event))
    separators = draw(st.sampled_from([(",", ":"), (",", ":"), (", ", ": "), (" ,\n", " :\t")]))
    text = render(event, separators, escape=draw(st.sampled_from([False, False, False, True])))
    return text.encode("utf-8", "surrogatepass")
