"""How complete the events of a batch are: what senders leave out of lines whose decision asks for it.

Knows which facts are worth asking a sender for; decides nothing. Only events that concern a policy come here.
"""

from policywire.model.codes import procedure_code
from policywire.model.events import AgreementRevoked, AgreementSigned, AnyEvent, ClaimContent, Provider, ServiceLine
from policywire.rulebook.checks import tests_in
from policywire.rulebook.rulebook import CompiledPolicy, Rulebook
from policywire.stream.tally import Tally


class Completeness:
    """Counts what one batch's events have and lack.

    Args:
        rulebook: that decides the batch.
        tally: gets the counts.
    """

    def __init__(self, rulebook: Rulebook, tally: Tally) -> None:
        self._rulebook = rulebook
        self._tally = tally
        self._reads: dict[tuple[str, str], bool] = {}

    def look(self, event: AnyEvent) -> None:
        """Count an event that was accepted."""
        if isinstance(event, ClaimContent):
            listed = self._rulebook.index.get(event.payer_id)
            if listed:
                for line in event.lines:
                    policies = listed.get(procedure_code(line.procedure_code))
                    if policies is not None:
                        self._look_at_line(event, line, policies)
        elif isinstance(event, AgreementSigned | AgreementRevoked):
            self._tally.agreements[str(event.__struct_config__.tag)] += 1

    def _look_at_line(self, event: ClaimContent, line: ServiceLine, policies: tuple[CompiledPolicy, ...]) -> None:
        self._count("diagnosis_pointers", has=bool(line.diagnosis_pointers))
        self._count("taxonomy", has=_names_taxonomy(event.rendering_provider))
        if self._reads_narrative(event.payer_id, procedure_code(line.procedure_code), policies):
            self._count("narrative", has=line.narrative is not None and bool(line.narrative.strip()))

    def _count(self, fact: str, *, has: bool) -> None:
        self._tally.listed_lines[fact] += 1
        if not has:
            self._tally.lines_without[fact] += 1

    def _reads_narrative(self, payer_id: str, code: str, policies: tuple[CompiledPolicy, ...]) -> bool:
        key = (payer_id, code)
        known = self._reads.get(key)
        if known is None:
            known = self._reads[key] = reads_narrative(policies, code)
        return known


def reads_narrative(policies: tuple[CompiledPolicy, ...], code: str) -> bool:
    """Whether a rule for the code, in whichever version, asks what the narrative says."""
    return any(
        test.fact == "narrative"
        for policy in policies
        for version in policy.versions
        for rule in version.rules.get(code, ())
        for test in tests_in(rule.condition)
    )


def _names_taxonomy(provider: Provider | None) -> bool:
    return provider is not None and provider.taxonomy is not None and bool(provider.taxonomy.strip())
