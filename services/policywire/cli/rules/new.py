"""``policywire rules new``. Knows the terminal; the workbench makes the documents."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from policywire.cli.rules.authored import (
    Asking,
    about_policy,
    asking,
    chosen,
    day,
    many,
    payer_of,
    print_plan,
    print_texts,
    print_warnings,
)
from policywire.cli.rules.shown import JSON, print_json, today
from policywire.model.records import Outcome
from policywire.rulebook.document import Citation
from policywire.workbench.authoring.new_policy import Plan, codes_of, plan_policy
from policywire.workbench.authoring.rules_folder import Folder, open_folder, write
from policywire.workbench.authoring.scaffold import UNSTATED_INDICATION, UNSTATED_SOURCE, RuleAnswers, scaffold
from policywire.workbench.authoring.statuses import CHOICES
from policywire.workbench.authoring.terms import Terms
from policywire.workbench.check import fault_report


@click.command()
@about_policy
@click.option("--code", "codes", multiple=True, metavar="CODE", help="A procedure code; may be repeated.")
@click.option("--indication", help="What is done for what, in own words.")
@click.option("--outcome", type=click.Choice([each.value for each in CHOICES]), help="What becomes of such a line.")
@click.option("--handoff", help="With other_policy: who decides instead.")
@click.option("--effective-from", type=click.DateTime(["%Y-%m-%d"]), help="The first date of service.")
@click.option("--effective-through", type=click.DateTime(["%Y-%m-%d"]), help="The last one [default: open].")
@click.option("--retrieved", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the source was read.")
@JSON
def new(*, folder: Path, ask: bool | None, dry_run: bool, as_json: bool, **given: Any) -> None:
    """Begin a policy: its document with one rule, and cases that cover it.

    What is not given is asked for on a terminal. The documents say above each part what belongs there; codes, dates
    and the outcome are enough to begin with. Nothing that is there is overwritten, and the folder stays sound.

    Ends with status 0 when the documents are written (or, with --dry-run, printed), 2 when something is not given,
    is not usable, or is there already.

    \b
    Example:
      policywire rules new --payer acme --payer-name "Acme Health" --payer-id 99999 --policy "AH 12" \\
        --title "Cold therapy" --code 0565T --code 0566T --indication "cooling after surgery" \\
        --outcome not_medically_necessary --effective-from 2026-01-01
    """  # noqa: D301  click's mark for text that is not to be wrapped
    opened = open_folder(folder, today())
    plan, codes = _plan(opened, asking(ask), given)
    if not dry_run:
        write(plan.texts)
    if as_json:
        print_json(_report(plan, codes, is_written=not dry_run))
    elif dry_run:
        print_texts(plan)
    else:
        print_plan(plan)
        print_warnings(plan.warnings)
        told = f"{many(len(codes), 'procedure code')}, {many(plan.cases, 'case')}"
        click.echo(f"{told}. Next: policywire rules test {folder}")


def _plan(folder: Folder, asked: Asking, given: dict[str, Any]) -> tuple[Plan, tuple[str, ...]]:
    needed = ("payer", "policy", "codes", "outcome", "effective_from")
    asked.all_of({_option(name): given[name] for name in needed})
    key = asked.need("--payer", given["payer"], "The payer's short key, such as cigna")
    payer, is_new = payer_of(folder, asked, key, given["payer_name"], given["payer_ids"])
    policy = asked.need("--policy", given["policy"], "The policy's id as the payer writes it")
    answers = _answers(asked, given)
    terms = Terms(
        payer=key,
        payer_name=payer.name,
        policy=policy,
        title=asked.need("--title", given["title"], "Its title", f"{payer.name} policy {policy}"),
        lines_of_business=(payer.default_line_of_business,),
        citation=_citation(asked, given),
        **chosen(folder, given),
    )
    document = scaffold(terms, answers, today())
    return plan_policy(folder, document, payer if is_new else None, {}), codes_of(document.versions)


def _option(name: str) -> str:
    return "--" + name.removesuffix("s").replace("_", "-")


def _answers(asked: Asking, given: dict[str, Any]) -> RuleAnswers:
    codes = given["codes"] or asked.need("--code", None, "Its procedure codes, with blanks between them").split()
    outcome = asked.choice("--outcome", given["outcome"], "The outcome", tuple(each.value for each in CHOICES))
    handoff = given["handoff"]
    if outcome == Outcome.OTHER_POLICY.value:
        handoff = asked.need("--handoff", handoff, "Who decides instead")
    first: datetime | None = given["effective_from"]
    return RuleAnswers(
        codes=tuple(code for each in codes for code in each.replace(",", " ").split()),
        outcome=Outcome(outcome),
        effective_from=asked.day("--effective-from", day(first), "The first date of service"),
        effective_through=day(given["effective_through"]),
        indication=asked.need(
            "--indication", given["indication"], "What is done for what, in own words", UNSTATED_INDICATION
        ),
        handoff=handoff,
    )


def _citation(asked: Asking, given: dict[str, Any]) -> Citation:
    retrieved: date | None = day(given["retrieved"])
    return Citation(
        id="source",
        title=asked.need(
            "--source-title", given["source_title"], "What the source is called", "The payer's policy text"
        ),
        source=asked.need("--source", given["source"], "Where the source is to be found", UNSTATED_SOURCE),
        kind=given["source_kind"] or "primary",
        retrieved=retrieved,
    )


def _report(plan: Plan, codes: tuple[str, ...], *, is_written: bool) -> dict[str, Any]:
    return {
        "written": is_written,
        "policy_file": str(plan.policy_file),
        "files": [str(path) for path in plan.texts],
        "procedure_codes": list(codes),
        "cases": plan.cases,
        "warnings": [fault_report(each) for each in plan.warnings],
    }
