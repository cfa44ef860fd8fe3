"""How complete a batch's events are: what senders leave out of lines whose decision asks for it.

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
    """

    def __init__(self, rulebook: Rulebook) -> None:
        self._index = rulebook.index
        self._reads: dict[tuple[str, str], bool] = {}
        self._agreements: list[str] = []
        self._lines = self._without_pointers = self._without_taxonomy = 0
        self._narrated = self._without_narrative = 0

    def look(self, event: AnyEvent) -> None:
        """Count an event that was accepted."""
        if isinstance(event, ClaimContent):
            listed = self._index.get(event.payer_id)
            if listed:
                before = self._lines
                for line in event.lines:
                    code = procedure_code(line.procedure_code)
                    if code in listed:
                        self._look_at_line(line, event.payer_id, code, listed[code])
                if not _names_taxonomy(event.rendering_provider):
                    self._without_taxonomy += self._lines - before
        elif isinstance(event, AgreementSigned | AgreementRevoked):
            self._agreements.append(str(event.__struct_config__.tag))

    def _look_at_line(self, line: ServiceLine, payer_id: str, code: str, policies: tuple[CompiledPolicy, ...]) -> None:
        self._lines += 1
        if not line.diagnosis_pointers:
            self._without_pointers += 1
        reads = self._reads.get((payer_id, code))
        if reads is None:
            reads = self._reads[payer_id, code] = reads_narrative(policies, code)
        if reads:
            self._narrated += 1
            if line.narrative is None or not line.narrative.strip():
                self._without_narrative += 1

    def add_to(self, tally: Tally) -> None:
        """Add what was counted, once."""
        tally.agreements.update(self._agreements)
        for fact, wanted, without in (
            ("diagnosis_pointers", self._lines, self._without_pointers),
            ("taxonomy", self._lines, self._without_taxonomy),
            ("narrative", self._narrated, self._without_narrative),
        ):
            tally.listed_lines[fact] += wanted
            tally.lines_without[fact] += without


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
