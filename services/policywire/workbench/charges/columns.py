"""The canonical columns of a charge or an order: their names, what they hold, and what senders call them.

Knows names only; not how a file is read or a cell judged. Names are matched without case, blanks and punctuation, so
``Proc Code``, ``PROC_CODE`` and ``procCode`` are the same header.
"""

import re
from typing import Final, Literal

from msgspec import Struct

Kind = Literal["text", "payer", "code", "day", "money", "units", "whole", "list", "pointers", "subject"]
"""How a cell is read; ``subject`` is that of the column that tells claims from appointments."""


class Column(Struct, frozen=True, gc=False):
    """One canonical column."""

    name: str
    kind: Kind
    known_as: tuple[str, ...] = ()
    """Other headers that mean it, folded."""


COLUMNS: Final = (
    Column("claim_id", "text", ("claimnumber", "claimno", "claim", "icn", "encounterid", "accountnumber", "orderid")),
    Column("line_number", "whole", ("line", "lineno", "linenumber", "servicelinenumber", "seq")),
    Column("payer_id", "payer", ("payer", "payerid", "payercode", "insurancepayerid", "primarypayerid")),
    Column("line_of_business", "text", ("lob", "plantype", "productline", "claimfilingcode", "financialclass")),
    Column("member_id", "text", ("member", "memberno", "membernumber", "subscribermemberid", "mrn")),
    Column("billing_provider_npi", "text", ("billingnpi", "billingprovider", "groupnpi")),
    Column("rendering_provider_npi", "text", ("renderingnpi", "renderingprovider", "servicingnpi", "performingnpi")),
    Column("rendering_taxonomy", "text", ("taxonomy", "taxonomycode", "renderingprovidertaxonomy", "providertaxonomy")),
    Column("ordering_provider_npi", "text", ("orderingnpi", "orderingprovider", "referringnpi")),
    Column("specialty", "text", ("providerspecialty", "specialtydescription")),
    Column("practice_line", "text", ("serviceline", "department", "departmentname", "costcenter", "practice")),
    Column("diagnoses", "list", ("diagnosis", "diagnosiscodes", "dxcodes", "icd10", "icd", "dx")),
    Column("diagnosis_pointers", "pointers", ("pointers", "dxpointers", "dxptr", "diagnosispointer")),
    Column("procedure_code", "code", ("cpt", "cptcode", "hcpcs", "hcpcscode", "procedure", "proccode")),
    Column("modifiers", "list", ("modifier", "mods", "mod")),
    Column("units", "units", ("unit", "quantity", "qty", "serviceunits")),
    Column(
        "charge_amount",
        "money",
        ("charge", "charges", "billedamount", "amount", "totalcharge", "chargeamt", "estimatedchargeamount"),
    ),
    Column("service_date", "day", ("dateofservice", "dos", "servicedatefrom", "dosfrom", "fromdate", "svcdate")),
    Column("service_date_end", "day", ("dateofserviceend", "servicedatethrough", "servicedateto", "dosto", "todate")),
    Column("narrative", "text", ("linenote", "notes", "note")),
    Column("kind", "subject", ("recordkind",)),
)
"""In the order in which files are written."""

BY_NAME: Final = {each.name: each for each in COLUMNS}
REQUIRED: Final = ("payer_id", "procedure_code", "charge_amount", "service_date")
"""What every charge must say."""
REQUIRED_OF_ORDERS: Final = ("payer_id", "procedure_code", "service_date")
"""What every booked procedure must say; a charge of it is an estimate."""
NUMBERED: Final = {"diagnoses": ("dx", "diagnosis", "icd", "diag"), "modifiers": ("mod", "modifier")}
"""Lists may be spread over numbered columns: ``dx1`` to ``dx12``, ``Modifier 1`` to ``Modifier 4``."""


def folded(header: str) -> str:
    """A header without case, blanks and punctuation."""
    return re.sub(r"[^a-z0-9]+", "", header.casefold())
