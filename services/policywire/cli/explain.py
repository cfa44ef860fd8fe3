"""``policywire explain``: one line, why and why not. Knows the terminal; the workbench explains."""

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, get_args

import click
import msgspec

from policywire.cli.charges import mapping_options_with
from policywire.cli.rules.shown import JSON, today
from policywire.errors import BadInput
from policywire.model.records import Stage
from policywire.rulebook.load import load_rulebook
from policywire.rulebook.rulebook import Rulebook
from policywire.workbench.check import rules_folder
from policywire.workbench.explain.described import Described, described_events
from policywire.workbench.explain.explanation import Explanation, OtherAnswer, PolicyAnswer, explain
from policywire.workbench.explain.recorded import Wanted, read_events, situation_of
from policywire.workbench.explain.situation import Situation
from policywire.workbench.plain_words import FACTS, PRIOR_AUTHORIZATION, outcome_in_words, window_in_words

if TYPE_CHECKING:
    from policywire.workbench.charges.mapping import ChargeMapping

_DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--events", type=click.File("rb"), help="A file of events, or - for standard input.")
@click.option("--claim", "claim_id", help="Which claim of the events, where there are several.")
@click.option("--line", "line_number", type=click.IntRange(1), help="Which line of the claim.")
@click.option("--appointment", "appointment_id", help="Which appointment of the events, instead of a claim.")
@click.option("--member", "member_id", help="Whose, where several members have a claim of that id.")
@click.option(
    "--charges", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of charges, with --row."
)
@click.option("--row", type=click.IntRange(1), help="Which row of it, as policywire audit numbers them.")
@click.option("--agreements", multiple=True, help="Files of agreements, beside --charges.")
@mapping_options_with("charges")
@click.option("--payer-id", help="As senders write it. With this, --code and --on no events are needed.")
@click.option("--code", help="The procedure code; of an appointment's events, which one.")
@click.option("--on", type=_DAY, help="The date of service.")
@click.option("--through", type=_DAY, help="The last day of a span.")
@click.option("--diagnosis", "diagnoses", multiple=True, help="A diagnosis of the claim, in order; give as many.")
@click.option("--pointer", "pointers", multiple=True, type=click.IntRange(1), help="Which of them the line points at.")
@click.option("--narrative", help="The line's narrative.")
@click.option("--taxonomy", help="The rendering provider's taxonomy code.")
@click.option("--line-of-business", help="As the sender writes it.")
@click.option("--modifier", "modifiers", multiple=True, help="A modifier; give as many.")
@click.option("--units", type=click.FloatRange(0), help="Number of units.")
@click.option("--charge", help="The line's charge, such as 4200.00.")
@click.option("--stage", type=click.Choice(get_args(Stage)), default="submitted", show_default=True)
@click.option("--agreement-signed", type=_DAY, help="The member signed an agreement on this day.")
@click.option("--agreement-code", "agreement_codes", multiple=True, help="What it lists [default: the code].")
@click.option("--agreement-confirmed", is_flag=True, help="It was confirmed as signed before the service.")
@click.option("--agreement-revoked", type=_DAY, help="The member took it back on this day.")
@click.option("--rules", type=click.Path(path_type=Path), help="Folder of documents [default: ./rules, or what ships].")
@JSON
@click.pass_context
def command(  # noqa: PLR0913  the line comes from one of three places
    ctx: click.Context,
    /,
    *,
    events: BinaryIO | None,
    charges: Path | None,
    mapping: "ChargeMapping | None",
    rules: Path | None,
    as_json: bool,
    **_: object,
) -> None:
    """Explain one claim line or booked procedure: why, why not, who pays, and what would flip the answer.

    The line comes from a file of events (--events, with --claim and --line where there are several), from a file of
    charges (--charges with --row; needs the extra: pip install 'policywire[workbench]'), or from options.
    The smallest changes that would flip the answer are found by deciding each: the nearest date of service, the
    agreement, other diagnoses, the narrative, the line of business, the taxonomy, modifiers, units; single ones first,
    then pairs.

    It tells what the published policy answers. It is no advice to write something untrue into a claim.

    Exit status: 0 when a policy speaks of the line, 1 when none does (it says why), 2 for arguments, events or rules
    that cannot be used.

    \b
    Example:
      policywire explain --payer-id 62308 --code 0565T --on 2026-01-05 --charge 4200.00
      policywire explain --payer-id 62308 --code 20999 --on 2026-01-05 --narrative "BMAC injection, knee"
      policywire explain --events claim.jsonl --claim CLM-1 --line 1 --json
    """  # noqa: D301  click's \b keeps the example's lines
    rulebook = load_rulebook(rules_folder(rules))
    described = _described(ctx.params)
    if sum(each is not None for each in (described, events, charges)) != 1:
        raise BadInput("Give --events, or --charges and --row, or --payer-id, --code and --on: one of them.")
    if described is not None:
        situation = situation_of(described_events(described), Wanted(), rulebook)
    elif events is not None:
        situation = _recorded(events.read(), ctx.params, rulebook)
    else:
        situation = _charged(charges, mapping, ctx.params, rulebook)
    explanation = explain(situation, rulebook, today())
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(explanation), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(explanation)))
    raise SystemExit(0 if explanation.answers else 1)


def _described(options: Mapping[str, Any]) -> Described | None:
    """The line that options describe, or None when they describe none."""
    needed = {"payer_id": "--payer-id", "code": "--code", "on": "--on"}
    if options["payer_id"] is None and options["on"] is None:
        return None
    missing = [option for name, option in needed.items() if options[name] is None]
    if missing:
        raise BadInput(f"A line without events needs {', '.join(missing)} too.")
    days = {name: _date(options[name]) for name in ("on", "through", "agreement_signed", "agreement_revoked")}
    others = {field: options[field] for field in Described.__struct_fields__ if field not in days}
    return msgspec.convert({**others, **days}, Described)


def _date(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _recorded(content: bytes, options: Mapping[str, Any], rulebook: Rulebook) -> Situation:
    recorded = read_events(content)
    for each in recorded.refused:
        click.echo(f"policywire: not used: {each}", err=True)
    names = ("claim_id", "line_number", "appointment_id", "member_id")
    wanted = Wanted(procedure_code=options["code"], **{name: options[name] for name in names})
    return situation_of(recorded.events, wanted, rulebook)


def _charged(
    charges: Path | None, mapping: "ChargeMapping | None", options: Mapping[str, Any], rulebook: Rulebook
) -> Situation:
    from policywire.workbench.explain.charged import charged  # noqa: PLC0415  of the extra

    assert charges is not None  # noqa: S101  it is given
    assert mapping is not None  # noqa: S101  it comes with the file
    if options["row"] is None:
        raise BadInput("Say with --row which row of the charges is meant.")
    return charged(charges, options["row"], options["agreements"], mapping, rulebook)


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"{explanation.procedure_code} on {explanation.date_of_service}, payer id {explanation.payer_id}"
    if explanation.ended is not None:
        yield f"It is {explanation.ended.replace('_', ' ')}: this is what was to be expected of it."
    if explanation.why_none is not None:
        yield explanation.why_none
    for answer in explanation.answers:
        yield ""
        yield from _answer(answer)
    if any(answer.others for answer in explanation.answers):
        yield ""
        yield explanation.integrity


def _answer(answer: PolicyAnswer) -> Iterator[str]:
    yield f"{answer.payer_name}, {answer.policy}: {answer.title}"
    yield f"Answer: {answer.reason}."
    if answer.version is not None:
        yield f"  Version {answer.version}, for services {window_in_words(answer.version, answer.effective_through)}."
    if answer.rule is not None:
        yield f"Why: rule {answer.rule}. {answer.rationale}"
    if answer.flags:
        yield f"  Flags: {', '.join(answer.flags)}."
    if answer.facts:
        yield "Read as:"
        yield from (_fact(fact.fact, fact.value, fact.how) for fact in answer.facts)
    if answer.tried:
        yield "Why not otherwise:" if answer.rule is not None else "Why:"
        yield from (f"  {tried.rule}: {tried.because}." for tried in answer.tried)
    yield from _consequences(answer)
    yield from _others(answer)


def _fact(fact: str, value: str, how: str) -> str:
    name = FACTS.get(fact, fact)
    told = value if value.startswith(name) else f"{name} is {value}"
    return f"  {told}{f' ({how})' if how else ''}."


def _consequences(answer: PolicyAnswer) -> Iterator[str]:
    denial = answer.expected_denial
    if answer.liable is not None:
        problem = f" ({answer.agreement_problem.replace('_', ' ')})" if answer.agreement_problem else ""
        yield f"Who pays: the {answer.liable}; agreement {answer.agreement}{problem}."
    if denial is not None:
        remarks = f" with {', '.join(denial.rarc)}" if denial.rarc else ""
        yield f"  Expect {denial.group_code} {denial.carc}{remarks}; {denial.appeal.replace('_', ' ')}."
        if answer.exposure_amount not in (None, "0.00"):
            yield f"  Exposure ${answer.exposure_amount}."
    yield f"Prior authorization: {PRIOR_AUTHORIZATION[answer.prior_authorization]}."
    yield f"Next: {answer.next_action_text}"


def _others(answer: PolicyAnswer) -> Iterator[str]:
    yield ""
    if not answer.others:
        yield f"Nothing that was tried flips this answer ({answer.changes_tried:,} changes, alone and in pairs)."
        return
    if not answer.all_pairs_tried:
        yield "There are more changes than are tried in pairs: what two of them together would flip may be missing."
    yield f"What would flip it, the smallest first ({answer.changes_tried:,} changes tried, alone and in pairs):"
    for number, other in enumerate(answer.others, 1):
        yield f"{number:3}. If {' and '.join(other.changes)}: {_told(other)}."
        if other.too_late:
            yield "     It can no longer be had: it had to be signed before the service."


def _told(other: OtherAnswer) -> str:
    if other.outcome is None:
        return "this policy would say nothing"
    outcome = outcome_in_words(other.outcome)
    pays = f", and the {other.liable} would owe the cost" if other.liable else ""
    flags = f" ({', '.join(other.flags)})" if other.flags else ""
    return f"{outcome}{flags}{pays}"
