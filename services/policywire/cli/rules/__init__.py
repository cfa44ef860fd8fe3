"""``policywire rules``: what a policy analyst works with. Knows each subcommand's name, place and line of help."""

import click

from policywire.cli.lazy import LazyGroup, Subcommands

SUBCOMMANDS: Subcommands = {
    "approve": ("policywire.cli.rules.approve:approve", "Approve of a folder so that somebody else may publish it."),
    "check": ("policywire.cli.rules.check:check", "Check every document of a folder."),
    "diff": ("policywire.cli.rules.diff:diff", "Compare two editions in answers, not in text."),
    "history": ("policywire.cli.rules.history:history", "Tell a policy's versions, changes, sources and publications."),
    "gate": ("policywire.cli.rules.gate:gate", "Decide every policy by two engines before it is published."),
    "import": ("policywire.cli.rules.import_:import_", "Make a policy from a list of codes (CSV, XLSX)."),
    "new": ("policywire.cli.rules.new:new", "Begin a policy with its cases from a few answers."),
    "publish": ("policywire.cli.rules.publish:publish", "Publish documents to workers that follow the topic."),
    "publications": ("policywire.cli.rules.publications:publications", "List what was published, by whom and why."),
    "rollback": ("policywire.cli.rules.rollback:rollback", "Put documents in force again that were before."),
    "schemas": ("policywire.cli.rules.schemas:schemas", "Write the schemas by which editors complete documents."),
    "test": ("policywire.cli.rules.test:test", "Run the cases beside the policies and the watch rules."),
}


@click.group(cls=LazyGroup, subcommands=SUBCOMMANDS)
def command() -> None:
    """Write, check, test, compare and publish policy documents."""
