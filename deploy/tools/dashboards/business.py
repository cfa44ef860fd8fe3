"""What compliance, billing and scheduling look at: dollars, denials, alerts, and whether the senders say enough."""

from typing import Final

from deploy.tools.dashboards.panel import SCOPE, Dashboard, Row, Step, bars, plot, stat, table

_CURRENT: Final = f'policywire_determinations_total{{status="current",{SCOPE}}}'
_DENIED: Final = _CURRENT.replace("{", '{outcome=~"not_medically_necessary|experimental_investigational",')
_DAY_OF_LISTED: Final = f"sum by (fact) (increase(policywire_listed_lines_total{{{SCOPE}}}[1d])) > 0"
_DAY_OF_LACKING: Final = f"sum by (fact) (increase(policywire_listed_lines_without_total{{{SCOPE}}}[1d]))"
_NEAR: Final = f'policywire_open_alerts{{severity="critical",days="0-3",{SCOPE}}}'

GLANCE: Final = Row(
    "At a glance",
    4,
    (
        stat(
            "Dollars at risk",
            "Denied claim lines and booked services without an agreement that holds: nobody will pay them unless "
            "something is done. Of what is remembered, in lanes that are counted.",
            f"sum(policywire_exposure_dollars{{{SCOPE}}}) or vector(0)",
            unit="currencyUSD",
            width=6,
            runbook="business.md",
        ),
        stat(
            "Critical, in the next three days",
            "Open critical alerts about services of today and the next three days. After the service no agreement can "
            "be signed any more. Yellow at the first; red where the alert begins.",
            f"sum({_NEAR}) or vector(0)",
            width=6,
            steps=(Step(1, "yellow"), Step(10, "red")),
            runbook="business.md",
        ),
        stat(
            "Denials expected, last day",
            "Determinations that a payer will deny: not medically necessary, or experimental.",
            f"sum(increase({_DENIED}[1d])) or vector(0)",
            width=6,
        ),
        stat(
            "Lanes counted",
            "Dollars and alerts are whole when every lane is counted; after a restart that takes a moment. Red: the "
            "figures on this page are too small.",
            f"sum(policywire_lane_totals_complete{{{SCOPE}}}) / max(policywire_lanes{{{SCOPE}}})",
            unit="percentunit",
            width=6,
            highest=1,
            words={"1": "all of them"},
            runbook="lanes.md",
        ),
    ),
)

EXPOSURE: Final = Row(
    "Dollars at risk",
    8,
    (
        plot(
            "By policy",
            "Dollars at risk, and the threshold of the compliance alert (policywire:exposure_threshold:dollars).",
            (f"sum by (payer, policy) (policywire_exposure_dollars{{{SCOPE}}})", "{{payer}} {{policy}}"),
            ("policywire:exposure_threshold:dollars", "threshold"),
            unit="currencyUSD",
            width=14,
            runbook="business.md",
        ),
        bars(
            "Now",
            "Dollars at risk by policy, the largest first.",
            f"sort_desc(sum by (payer, policy) (policywire_exposure_dollars{{{SCOPE}}}))",
            "{{payer}} {{policy}}",
            unit="currencyUSD",
            width=10,
            runbook="business.md",
        ),
    ),
)

DETERMINATIONS: Final = Row(
    "Determinations",
    8,
    (
        plot(
            "By outcome",
            "Determinations of the last hour. Withdrawn ones are not counted here.",
            (
                f"sum by (outcome) (increase({_CURRENT}[1h]))",
                "{{outcome}}",
            ),
            stacked=True,
        ),
        plot(
            "Withdrawn",
            "Determinations of the last hour that no longer hold, because a claim was replaced, voided or a service "
            "cancelled.",
            (
                f'sum(increase(policywire_determinations_total{{status="withdrawn",{SCOPE}}}[1h]))',
                "withdrawn",
            ),
        ),
        table(
            "By policy and version, last day",
            "Which version of which policy decided how. A version that should be over and still decides has "
            "late claims.",
            f"sum by (payer, policy, version, outcome) (increase({_CURRENT}[1d])) > 0",
            names={
                "payer": "Payer",
                "policy": "Policy",
                "version": "In force from",
                "outcome": "Outcome",
                "Value": "Determinations",
            },
        ),
    ),
)

ALERTS: Final = Row(
    "Alerts",
    8,
    (
        plot(
            "Open, by severity",
            "Alerts about members that are open now.",
            (f"sum by (severity) (policywire_open_alerts{{{SCOPE}}})", "{{severity}}"),
            width=6,
            stacked=True,
            runbook="business.md",
        ),
        bars(
            "Open, by days until the service",
            "Those of 0-3 days are for the front desk today; those past need billing.",
            f"sum by (days, severity) (policywire_open_alerts{{{SCOPE}}})",
            "{{days}} days, {{severity}}",
            width=6,
            runbook="business.md",
        ),
        bars(
            "Open, by kind",
            "What the alerts are about: which work waits, whatever its severity.",
            f"sum by (kind) (policywire_open_alerts{{{SCOPE}}})",
            "{{kind}}",
            width=6,
        ),
        plot(
            "Opened and resolved",
            "Alerts of the last hour. More opened than resolved day after day: nobody works them off.",
            (f"sum by (status) (increase(policywire_alerts_total{{{SCOPE}}}[1h]))", "{{status}}"),
            width=6,
        ),
    ),
)

SENDERS: Final = Row(
    "What the senders leave out",
    8,
    (
        plot(
            "Claim lines without a fact",
            "Share of the lines with a listed code, over a day. Without pointers every diagnosis of the claim counts, "
            "without a taxonomy nothing settles an unknown context, without a narrative an unlisted code goes "
            "to review.",
            (f"{_DAY_OF_LACKING} / ({_DAY_OF_LISTED})", "{{fact}}"),
            ("policywire:missing_fact_threshold:ratio", "threshold, {{fact}}"),
            unit="percentunit",
            highest=1,
            runbook="senders.md",
        ),
        plot(
            "Agreements heard of",
            "Of the last day. When they cease, every denied service reads as without an agreement.",
            (f"sum by (event_type) (increase(policywire_agreements_total{{{SCOPE}}}[1d]))", "{{event_type}}"),
            runbook="senders.md",
        ),
        plot(
            "Listed codes of unknown payers",
            "Codes of the last hour that some policy lists, under a payer id that no profile has: denials that are "
            "missed. Anything but 0 needs a payer id in the rules.",
            (f"sum(increase(policywire_unmapped_listed_codes_total{{{SCOPE}}}[1h]))", "codes"),
            runbook="senders.md",
            steps=(Step(1, "yellow"),),
        ),
        plot(
            "Lines of no policy",
            "Lines and procedures of the last hour that no policy of their payer names: no determination.",
            (f"sum(increase(policywire_undecided_lines_total{{{SCOPE}}}[1h]))", "lines"),
            width=12,
        ),
        plot(
            "Listed claim lines",
            "Of the last hour, for which a fact is wanted: what the shares beside are shares of.",
            (f"sum by (fact) (increase(policywire_listed_lines_total{{{SCOPE}}}[1h]))", "{{fact}}"),
            width=12,
        ),
    ),
)

BUSINESS: Final = Dashboard(
    "policywire-business",
    "policywire: dollars, denials and alerts",
    "What is at risk, what will be denied, what should be acted on, and what the senders leave out. No name is here.",
    "1m",
    "now-24h",
    (GLANCE, EXPOSURE, DETERMINATIONS, ALERTS, SENDERS),
)
