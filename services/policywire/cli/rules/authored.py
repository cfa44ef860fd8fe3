"""What ``rules new`` and ``rules import`` share: options about a policy and its payer, and how they ask for more.

Knows the terminal only.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import click
from msgspec import Struct

from policywire.errors import BadInput, Fault
from policywire.rulebook.document import PriorAuthorizationStance
from policywire.rulebook.reference import PayerDocument
from policywire.workbench.authoring.new_policy import Plan
from policywire.workbench.authoring.rules_folder import Folder
from policywire.workbench.authoring.scaffold import new_payer
from policywire.workbench.authoring.terms import Appeal

Command = TypeVar("Command", bound=Callable[..., Any])

WARNINGS_MAX: Final = 10
"""So many warnings are told: a list with bad rows has one for each of them."""

_ABOUT_POLICY: Final = (
    click.option("--rules", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("rules"),
                 show_default=True, help="The folder of documents; it is made when it is not there."),
    click.option("--payer", help="The payer's short key, such as cigna."),
    click.option("--payer-name", help="The payer's name; for a payer that the folder does not know."),
    click.option("--payer-id", "payer_ids", multiple=True, metavar="ID", help="An id that senders use; the same."),
    click.option("--policy", help="The policy's id as the payer writes it, such as 'MM 0552'."),
    click.option("--title", help="The policy's title."),
    click.option("--summary", help="What services it is about, in own words."),
    click.option("--specialty", "specialties", multiple=True, help="A specialty that it touches; may be repeated."),
    click.option("--impact", type=click.Choice(["High", "Medium", "Low"]), default="Medium", show_default=True),
    click.option("--known-from", type=click.DateTime(["%Y-%m-%d"]),
                 help="When it can have been known [default: its first day, or today if that is still to come]."),
    click.option("--prior-authorization", type=click.Choice(get_args(PriorAuthorizationStance)), default="unknown",
                 show_default=True, help="Whether there is a way to ask first."),
    click.option("--appeal", type=click.Choice(get_args(Appeal)), default="confirm_first", show_default=True,
                 help="What to do about a denial; do_not_appeal only where the position is categorical."),
    click.option("--contexts", help="Id of the document that gives clinical_context [default: the only one]."),
    click.option("--terms", help="Id of the document that reads narratives [default: the only one]."),
    click.option("--source-title", help="What the source is called."),
    click.option("--source", help="Where the source is to be found."),
    click.option("--source-kind", type=click.Choice(["primary", "secondary"]),
                 help="primary: the payer's own text [default: primary; of an imported list secondary]."),
    click.option("--ask/--no-ask", default=None, help="Ask for what is not given [default: on a terminal]."),
    click.option("--dry-run", is_flag=True, help="Print the documents and write nothing."),
)  # fmt: skip


def about_policy(command: Command) -> Command:
    """The options about a policy and its payer."""
    for option in reversed(_ABOUT_POLICY):
        command = option(command)
    return command


def day(given: datetime | None) -> date | None:
    """A date option's value."""
    return given.date() if given else None


class Asking(Struct, frozen=True):
    """Gets what is not given: by asking, or by saying which option to give."""

    is_asking: bool

    def need(self, option: str, given: str | None, question: str, default: str | None = None) -> str:
        """A text that must be there.

        Raises:
            BadInput: it is not given and nobody can be asked.
        """
        if given:
            return given
        if self.is_asking:
            return str(click.prompt(question, default=default, err=True)).strip()
        if default is not None:
            return default
        raise BadInput(f"{option} is needed: {question[0].lower()}{question[1:]}. Give it, or run it on a terminal.")

    def choice(self, option: str, given: str | None, question: str, choices: tuple[str, ...]) -> str:
        """One of a few words that must be there.

        Raises:
            BadInput: it is not given and nobody can be asked.
        """
        if given or not self.is_asking:
            return self.need(option, given, f"{question} ({', '.join(choices)})")
        return str(click.prompt(question, type=click.Choice(choices), err=True))

    def day(self, option: str, given: date | None, question: str) -> date:
        """A date that must be there.

        Raises:
            BadInput: it is not given and nobody can be asked.
        """
        if given is None and self.is_asking:
            answer: datetime = click.prompt(f"{question}, as 2026-01-01", type=click.DateTime(["%Y-%m-%d"]), err=True)
            return answer.date()
        if given is None:
            raise BadInput(f"{option} is needed: {question[0].lower()}{question[1:]}, as 2026-01-01.")
        return given

    def all_of(self, given: Mapping[str, object]) -> None:
        """Refuse at once whatever is not given, where nobody can be asked.

        Raises:
            BadInput: it names every option that is needed.
        """
        lacking = [option for option, value in given.items() if not value]
        if lacking and not self.is_asking:
            raise BadInput(f"{', '.join(lacking)}: needed. Give them, or run it on a terminal to be asked.")


def asking(ask: bool | None) -> Asking:  # noqa: FBT001  an option of three states
    """Whether to ask: as said, or where a person sits at both ends."""
    return Asking(ask if ask is not None else sys.stdin.isatty() and sys.stderr.isatty())


def payer_of(
    folder: Folder, asked: Asking, key: str, name: str | None, payer_ids: tuple[str, ...]
) -> tuple[PayerDocument, bool]:
    """The payer's profile, and whether it is new to the folder.

    Raises:
        BadInput: it is new, and its name or ids are not given.
    """
    if (found := folder.payer(key)) is not None:
        if name or payer_ids:
            raise BadInput(f"{found[0]} has the profile of {key}: leave --payer-name and --payer-id away, or edit it.")
        return found[1], False
    name = asked.need("--payer-name", name, f"The name of the payer {key}, new to {folder.root}")
    ids = payer_ids or tuple(asked.need("--payer-id", None, "Its payer ids, with commas between them").split(","))
    return new_payer(key, name, tuple(each.strip() for each in ids if each.strip())), True


def only(option: str, given: str | None, known: tuple[str, ...]) -> str | None:
    """A document that is named, or the only one that there is.

    Raises:
        BadInput: none has the name.
    """
    if given is not None and given not in known:
        raise BadInput(f"{option}: no document {given}. There are: {', '.join(known) or 'none'}.")
    return given or (known[0] if len(known) == 1 else None)


def chosen(folder: Folder, given: Mapping[str, Any]) -> dict[str, Any]:
    """What options say of a policy that nobody is asked for, as :class:`Terms` has it.

    Raises:
        BadInput: a document that is named is not there.
    """
    collection = folder.reading.collection if folder.reading else None
    contexts = tuple(each.id for each in collection.contexts.values()) if collection else ()
    narratives = tuple(each.id for each in collection.terms.values()) if collection else ()
    plain = ("summary", "specialties", "impact", "prior_authorization", "appeal")
    return {
        **{name: given[name] for name in plain},
        "known_from": day(given["known_from"]),
        "contexts": only("--contexts", given["contexts"], contexts),
        "terms": only("--terms", given["terms"], narratives),
    }


def print_texts(plan: Plan) -> None:
    """The documents that a plan would write; schemas and the words of alerts are only named."""
    for path, text in plan.texts.items():
        click.echo(f"# {path}" if path.suffix != ".json" else f"# {path}: as it ships with policywire")
        if path.suffix != ".json":
            click.echo(text)


def print_plan(plan: Plan) -> None:
    """What was written."""
    for path in plan.texts:
        if not path.name.endswith(".schema.json"):
            click.echo(f"Wrote {path}")
    if any(path.name.endswith(".schema.json") for path in plan.texts):
        click.echo("Wrote the schemas that editors complete by, in the folder that their first lines name.")


def print_warnings(warnings: Sequence[Fault]) -> None:
    """What the checker warns of; of many the first."""
    for warning in warnings[:WARNINGS_MAX]:
        click.echo(f"warning: {warning}")
    if len(warnings) > WARNINGS_MAX:
        click.echo(f"and {len(warnings) - WARNINGS_MAX} more warnings; policywire rules check shows them all.")


def many(number: int, noun: str) -> str:
    """A number of something: ``1 case``, ``2 cases``."""
    return f"{number} {noun}{'s' if number != 1 else ''}"
