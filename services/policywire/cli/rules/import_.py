"""``policywire rules import``. Knows the terminal; the workbench reads the list and makes the documents."""

from hashlib import file_digest
from pathlib import Path
from typing import Any, Final

import click

from policywire.cli.rules.authored import about_policy, asking, chosen, day, payer_of, print_texts
from policywire.cli.rules.imported import Made, print_made
from policywire.cli.rules.shown import JSON, print_json, today
from policywire.errors import BadInput
from policywire.model.records import Outcome
from policywire.rulebook.document import Citation, PolicyDocument
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.authoring.added_versions import Addition, plan_versions
from policywire.workbench.authoring.code_list import COLUMNS, Reading
from policywire.workbench.authoring.code_list_import import (
    CodeList,
    Handling,
    Imported,
    import_list,
    names_in,
    take_list,
)
from policywire.workbench.authoring.naming import unused
from policywire.workbench.authoring.new_policy import Plan, plan_policy
from policywire.workbench.authoring.rejected_rows import RejectedRows
from policywire.workbench.authoring.rules_folder import Folder, open_folder, write
from policywire.workbench.authoring.statuses import CHOICES, WORDS
from policywire.workbench.authoring.terms import Terms, policy_of
from policywire.workbench.tables.columns import find_columns, folded
from policywire.workbench.tables.sheet import Sheet, read_sheet

_HEADERS: Final = frozenset(folded(name) for what, names in COLUMNS.items() for name in (what, *names))
_OUTCOME: Final = click.Choice([each.value for each in CHOICES])


@click.command("import")
@click.argument("listing", metavar="CODELIST", type=click.Path(path_type=Path))
@about_policy
@click.option("--effective-from", type=click.DateTime(["%Y-%m-%d"]), help="First day of rows that give none.")
@click.option("--sheet", help="The sheet of an XLSX [default: the only one that is not empty].")
@click.option("--column", "columns", multiple=True, metavar="WHAT=NAME",
              help=f"Which column is what, as code=Proc. WHAT: {', '.join(COLUMNS)}.")  # fmt: skip
@click.option("--status", "statuses", multiple=True, metavar="WORDS=OUTCOME",
              help="What a status means, as 'Not covered'=not_medically_necessary.")  # fmt: skip
@click.option("--outcome", type=_OUTCOME, help="The outcome of rows that give no status.")
@click.option("--dates", type=click.Choice(["mdy", "dmy", "iso"]),
              help="What comes first in 01/02/2026 [default: such a date is refused].")  # fmt: skip
@click.option("--retrieved", type=click.DateTime(["%Y-%m-%d"]), help="When the list was read [default: today].")
@click.option("--as-listed", is_flag=True, help="Take a status that holds in some context only for every line.")
@click.option("--add-version", is_flag=True, help="Add to a policy that is there; its remarks and layout stay.")
@click.option("--strict", is_flag=True, help="Write nothing when a row cannot be used or codes contradict each other.")
@click.option("--rejects", type=click.Path(path_type=Path, dir_okay=False),
              help="Where rows that cannot be used are put [default: a CSV file beside the policy].")  # fmt: skip
@JSON
def import_(listing: Path, *, dry_run: bool, as_json: bool, strict: bool, **given: Any) -> None:
    """Make a policy, with cases, from a payer's list of codes: CSV in any delimiter and encoding, XLSX, or JSON.

    Each row has a code (or several), and may have an indication, a status, notes, dates, a condition and a handoff.
    Codes of one indication, status and condition become a rule. Dates of rows become versions: wherever a code comes
    or goes, another one begins. A row that leaves a doubt, such as a code that lost its zeros, never becomes a code: it
    is kept under quarantined_rows and, with every reason, in a CSV file beside the policy. A status that holds in some
    context only is never turned into a condition by guess: its lines go to review, and the rule says what it needs.
    A code with two statuses goes to review too, and is kept under source_conflicts.

    Ends with status 0 when the documents are written (or, with --dry-run, printed), 1 when --strict refused them, 2
    when the list or an option is not usable.

    \b
    Example:
      policywire rules import mm0552.csv --payer cigna --policy "MM 0552" --effective-from 2025-12-16
      policywire rules import 2027.xlsx --sheet Codes --payer cigna --policy "MM 0552" --effective-from 2027-01-01 \\
        --status "Not covered"=not_medically_necessary --add-version
    """  # noqa: D301  click's mark for text that is not to be wrapped
    folder = open_folder(given["folder"], today())
    sheet = read_sheet(listing, given["sheet"], lambda text: folded(text) in _HEADERS | _named(given))
    how = _reading(sheet, given)
    with RejectedRows(sheet) as rejected:
        found = take_list(sheet, how, rejected)
        made = _made(folder, sheet, given, found, rejected)
        refused = strict and bool(rejected.count or made.imported.conflicting_codes)
        if not dry_run and not refused:
            # First what may be anywhere and so may fail: documents that are there name it.
            if rejected.count:
                rejected.save(made.rejects_file)
            write(made.plan.texts, made.plan.replaced)
        if as_json:
            print_json(made.report(is_written=not dry_run and not refused))
        elif dry_run:
            print_texts(made.plan)
        else:
            print_made(made, is_written=not refused)
    raise SystemExit(1 if refused else 0)


def _named(given: dict[str, Any]) -> frozenset[str]:
    return frozenset(folded(each.partition("=")[2]) for each in given["columns"])


def _pairs(option: str, written: tuple[str, ...], what: str) -> dict[str, str]:
    pairs = {}
    for each in written:
        left, equals, right = each.rpartition("=") if option == "--status" else each.partition("=")
        if not equals or not left.strip() or not right.strip():
            raise BadInput(f"{option} {each}: it is not {what}.")
        pairs[left.strip()] = right.strip()
    return pairs


def _reading(sheet: Sheet, given: dict[str, Any]) -> Reading:
    columns = _pairs("--column", given["columns"], "WHAT=NAME, as code=Proc")
    for what in columns:
        if what not in COLUMNS:
            raise BadInput(f"--column {what}: there is nothing called so. Known are: {', '.join(COLUMNS)}.")
    statuses = dict(WORDS)
    for words, outcome in _pairs("--status", given["statuses"], "WORDS=OUTCOME").items():
        if outcome not in _OUTCOME.choices:
            raise BadInput(f"--status {words}={outcome}: no such outcome. Known are: {', '.join(_OUTCOME.choices)}.")
        statuses[folded(words)] = Outcome(outcome)
    needed = ("code",) if given["outcome"] else ("code", "status")
    return Reading(
        columns=find_columns(sheet.header, COLUMNS, given=columns, needed=needed, where=str(sheet.path)),
        statuses=statuses,
        dates=given["dates"],
        outcome=Outcome(given["outcome"]) if given["outcome"] else None,
        effective_from=day(given["effective_from"]),
    )


def _made(folder: Folder, sheet: Sheet, given: dict[str, Any], found: CodeList, rejected: RejectedRows) -> Made:
    asked = asking(given["ask"])
    asked.all_of({"--payer": given["payer"], "--policy": given["policy"]})
    key = asked.need("--payer", given["payer"], "The payer's short key, such as cigna")
    if not given["add_version"]:
        _refuse_again(folder, key, given["policy"])
    payer, is_new = payer_of(folder, asked, key, given["payer_name"], given["payer_ids"])
    policy = asked.need("--policy", given["policy"], "The policy's id as the payer writes it")
    there = folder.policy(key, policy) if given["add_version"] else None
    before = there[1] if there else None
    terms = _terms(folder, payer, policy, given, _citation(sheet.path, given, before))
    place = there[0].parent if there else folder.place_of(key, policy)
    rejects_file = given["rejects"] or place / f"rejected-rows-{str(terms.citation.sha256)[:8]}.csv"
    if rejects_file.exists() and rejects_file.samefile(sheet.path):
        raise BadInput(f"--rejects {rejects_file} is the list itself, and would be lost. Name another file.")
    quarantined = tuple(rejected.quarantined(terms.citation.id, rejects_file.name))
    how = Handling(str(sheet.path), names_in(before), given["as_listed"])
    imported = import_list(found, terms, quarantined, today(), how)
    return Made(
        sheet=sheet,
        found=found,
        rejected=rejected,
        rejects_file=rejects_file,
        sha256=str(terms.citation.sha256),
        before=before,
        imported=imported,
        plan=_plan(folder, terms, imported, payer if is_new else None, is_added=given["add_version"]),
    )


def _refuse_again(folder: Folder, payer: str, policy: str | None) -> None:
    """Say what to do with a mended list before anything of the payer is found wrong."""
    there = folder.policy(payer, policy) if policy else None
    if there:
        raise BadInput(
            f"{policy} of {payer} is there already: {there[0]}. "
            "For codes of a later date: policywire rules import --add-version. "
            "To take the list again once its rows are mended: if nobody has edited the policy since, remove the folder "
            f"{there[0].parent} and import the mended list again."
        )


def _citation(path: Path, given: dict[str, Any], before: PolicyDocument | None) -> Citation:
    with path.open("rb") as opened:
        sha256 = file_digest(opened, "sha256").hexdigest()
    return Citation(
        id=unused("code-list", {each.id for each in before.citations} if before else set()),
        title=given["source_title"] or f"List of codes {path.name}",
        source=given["source"] or f"The file {path.name}; who wrote it is still to be filled in.",
        kind=given["source_kind"] or "secondary",
        retrieved=day(given["retrieved"]) or today(),
        sha256=sha256,
    )


def _terms(folder: Folder, payer: PayerDocument, policy: str, given: dict[str, Any], citation: Citation) -> Terms:
    return Terms(
        payer=payer.payer,
        payer_name=payer.name,
        policy=policy,
        title=given["title"] or f"{payer.name} policy {policy}",
        lines_of_business=(payer.default_line_of_business,),
        citation=citation,
        **chosen(folder, given),
    )


def _plan(folder: Folder, terms: Terms, imported: Imported, new_payer: PayerDocument | None, *, is_added: bool) -> Plan:
    if is_added:
        added = Addition(
            versions=imported.versions,
            citation=terms.citation,
            conflicts=imported.conflicts,
            quarantined=imported.quarantined,
            remarks=imported.remarks,
        )
        return plan_versions(folder, terms.payer, terms.policy, added)
    document = policy_of(terms, imported.versions, imported.conflicts, imported.quarantined)
    remarks = {
        ("versions", number, *path): text for number, each in imported.remarks.items() for path, text in each.items()
    }
    return plan_policy(folder, document, new_payer, remarks)
