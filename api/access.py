"""Who may call what, in one table; what is not in it is denied. And who may read a private artefact, on what basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from sqlalchemy import Connection

from carbonledger.sharing import scope
from ledger_node.queries import grants, records
from ledger_node.queries.artefacts import Artefact

Role = Literal["public", "enterprise", "verifier", "bank", "auditor", "regulator", "operator"]
Basis = Literal["public", "owner", "statutory", "grant"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
KEYED: Final[frozenset[Role]] = frozenset(ROLES) - {"public"}
EVERYONE: Final[frozenset[Role]] = frozenset(ROLES)
MEMBERS: Final[frozenset[Role]] = KEYED - {"operator"}
TRADERS: Final[frozenset[Role]] = frozenset({"enterprise", "bank"})
"""Who holds units may trade; staff of regulators, verifiers and exchanges may not."""
STATUTORY: Final[frozenset[Role]] = frozenset({"regulator", "verifier"})

MAY: Final[Mapping[str, frozenset[Role]]] = {
    # members, and what they hold
    "listMembers": EVERYONE,
    "getMember": EVERYONE,
    "listMemberKeys": KEYED,
    "listMemberDevices": KEYED,
    "getDevice": KEYED,
    # logs: heads, tiles and proofs give no reading away
    "listLogs": EVERYONE,
    "getLog": EVERYONE,
    "listLogAnchors": EVERYONE,
    "getLogCheckpoint": EVERYONE,
    "getLogTile": EVERYONE,
    "getInclusionProof": EVERYONE,
    "getConsistencyProof": EVERYONE,
    # what was filed
    "listActivity": KEYED,
    "listReports": EVERYONE,
    "getReport": EVERYONE,
    "listReportMonths": KEYED,
    "getReportBundle": EVERYONE,  # the bundle itself by `basis_of`
    "getReportDocument": EVERYONE,  # as the bundle that it is made of
    "getLedger": EVERYONE,  # what a reader sees of it by `sees_details`
    "getArtefact": EVERYONE,  # by `basis_of`
    # rules
    "listFactors": EVERYONE,
    "getFactor": EVERYONE,
    "listRuleSets": EVERYONE,
    "getRuleSet": EVERYONE,
    "getRuleSetDocument": EVERYONE,
    # computing
    "calculate": EVERYONE,
    "getActivitySchema": EVERYONE,
    "assessCode": EVERYONE,
    "assessGrade": EVERYONE,
    "assessPcaf": EVERYONE,
    "getCodeSchema": EVERYONE,
    "getGradeSchema": EVERYONE,
    "getPcafSchema": EVERYONE,
    "allocate": EVERYONE,
    "getAllocationSchema": EVERYONE,
    "forecast": EVERYONE,
    "getForecastSchema": EVERYONE,
    "verifyBundle": EVERYONE,
    "getPolicy": EVERYONE,
    # writing
    "createDisclosure": MEMBERS,
    "submitAct": MEMBERS,
    "getAct": KEYED,
    # product footprints, and their exchange by PACT 3
    "calculateFootprint": EVERYONE,
    "getFootprintSchema": EVERYONE,
    "publishFootprints": frozenset({"enterprise"}),
    "getFootprintDocument": frozenset({"enterprise"}),
    "createPactToken": EVERYONE,  # who has client credentials
    "listFootprints": MEMBERS,  # what was published to them
    "getFootprint": MEMBERS,
    "postPactEvent": MEMBERS,
    "listPactEvents": MEMBERS,
    # control plans, findings, documents
    "getReportFindings": EVERYONE,  # by `basis_of`
    "createReportFindings": frozenset({"verifier"}),
    "listControlPlans": KEYED,
    "getControlPlan": KEYED,
    "getControlPlanDocument": KEYED,  # by `basis_of`
    "createControlPlanDocument": frozenset({"enterprise"}),
    "getControlPlanSchema": EVERYONE,
    "listDocumentUses": STATUTORY,  # across enterprises: for those who look for double use
    # the market
    "listInstruments": EVERYONE,
    "getQuotes": EVERYONE,
    "listTrades": EVERYONE,  # the parties by `api.market.trade`
    "listTradingDays": EVERYONE,
    "streamMarket": EVERYONE,
    "placeOrder": TRADERS,
    "cancelOrder": TRADERS,
    "listOrders": TRADERS,
    "getOrder": TRADERS | {"regulator"},
    # units and years of obligation: what is held by `api.sight`, whether a year is met is public
    "listHoldings": KEYED,  # the member itself, statutory roles, and by its consent
    "getLot": KEYED,  # the lot; its holders likewise
    "listLotHistory": KEYED,  # likewise
    "getTitle": KEYED,  # likewise, and a bank with units of the lot in pledge
    "listDisposals": KEYED,  # likewise, by consent
    "getCertificate": EVERYONE,  # who has its id may show it to anybody
    "listObligations": EVERYONE,
    "listCollateral": KEYED,  # the bank itself, and statutory roles
    "getMemberOutlook": KEYED,  # the enterprise itself, and statutory roles
    "enterPlanningQuota": frozenset({"enterprise"}),
    "computeOutlook": EVERYONE,
    "getOutlookSchema": EVERYONE,
    "computeReduction": EVERYONE,
    "getReductionSchema": EVERYONE,
    # codes and grades: a code is there to be shown, why it is so is its subject's
    "listCodes": EVERYONE,
    "getCode": EVERYONE,
    "listAssessments": EVERYONE,
    "listGrades": EVERYONE,
    "listStatistics": EVERYONE,
    "listAssessmentSets": EVERYONE,
    "getAssessmentSet": EVERYONE,
    "getExplained": KEYED,  # by `basis_of`
    "getAssessmentBundle": KEYED,  # likewise
    "listInspections": frozenset({"regulator"}),
    "listSpotChecks": frozenset({"regulator"}),
    "createAssessmentInputs": frozenset({"regulator"}),
    "createAssessmentRun": frozenset({"regulator"}),
    "listAssessmentRuns": frozenset({"regulator"}),
    "getAssessmentRun": frozenset({"regulator"}),
    # seeing and being told
    "listAccess": KEYED,
    "listNotifications": MEMBERS,
    "listDuties": MEMBERS,  # its own
    "streamRecords": EVERYONE,  # which of them by `api.sight`
    "listEvents": EVERYONE,  # likewise
    "streamEvents": EVERYONE,  # likewise
    # webhooks: a member's own, for its role
    "createWebhook": MEMBERS,
    "listWebhooks": MEMBERS,
    "getWebhook": MEMBERS,
    "deleteWebhook": MEMBERS,
    "rotateWebhookSecret": MEMBERS,
    "enableWebhook": MEMBERS,
    "pauseWebhook": MEMBERS,
    "listWebhookDeliveries": MEMBERS,
    "redeliverWebhook": MEMBERS,
    "acknowledgeNotification": MEMBERS,
    # loans, and how an enterprise stands
    "getStanding": MEMBERS,  # what of it by `api.standing`
    "listLoans": MEMBERS,  # which of them by `api.sight`
    "getLoan": MEMBERS,  # likewise
    "listMemberAccesses": MEMBERS,  # the member's own, and regulators'
    "answerPortfolio": MEMBERS,  # what of each enterprise as of its standing
    "discloseLoans": EVERYONE,
    "getLoanDisclosureSchema": EVERYONE,
    "getLoanDisclosure": EVERYONE,  # who holds the document knows its digest
    # certificates: whoever has the id of one may show it to anybody
    "getCredential": EVERYONE,
    "getCredentialQr": EVERYONE,
    "getStatusList": EVERYONE,
    "getIssuer": EVERYONE,
    "listCredentials": KEYED,  # the member itself, and statutory roles
    # the node itself
    "getHealth": EVERYONE,
    "getReadiness": EVERYONE,
    "getMetrics": EVERYONE,
    # regional views and alerts
    "getRegion": EVERYONE,  # the public sees no part of fewer members than the rules say
    "listRegionRanking": frozenset({"regulator", "verifier", "auditor"}),
    "listAlertRules": EVERYONE,
    "listAlerts": KEYED - {"operator"},  # an enterprise its own; the statutory readers all
    "getMemberForecast": KEYED,  # the enterprise itself, and statutory roles
    "acknowledgeAlert": frozenset({"enterprise", "regulator"}),
    # pages
    "pageStart": EVERYONE,
    "pageSignIn": KEYED,  # a browser asks its reader for the key here, and sends it from then on
    "pageFind": EVERYONE,
    "pageLedger": EVERYONE,
    "pageReport": EVERYONE,
    "pageQuota": EVERYONE,  # holdings as in `listHoldings`
    "pageVerify": EVERYONE,
    "pageMarket": EVERYONE,
    "pageApi": EVERYONE,
    "pageRegion": EVERYONE,
    "pageForecast": KEYED,  # as `getMemberForecast`
    "pageAlerts": KEYED - {"operator"},
    "pageCode": EVERYONE,
    "pageInspections": frozenset({"regulator"}),
    "pageBanks": EVERYONE,
    "pageStanding": MEMBERS,
    "pageAccesses": MEMBERS,
    "pageCheck": EVERYONE,
    "pageDisclosure": EVERYONE,
    "pageNotices": EVERYONE,  # what is in it for the key that is given
    "pageNoticesList": MEMBERS,
    "pageWebhooks": EVERYONE,  # the form for a key
    "pageWebhooksList": MEMBERS,
    "pageWebhookDeliveries": MEMBERS,
    "getDocs": EVERYONE,
    "getOpenApi": EVERYONE,
}
"""Operation id → roles."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `member` is the id (hex) of the member for whom a key acts, None for others."""

    name: str
    role: Role
    member: str | None = None

    @property
    def reader(self) -> str:
        """How the access log names this caller."""
        return self.member or self.name


PUBLIC: Final = Caller("public", "public")


def may(operation: str, role: Role) -> bool:
    """Whether a role may call an operation; False for an operation that is not in the table."""
    return role in MAY.get(operation, frozenset())


def basis_of(connection: Connection, caller: Caller, artefact: Artefact) -> Basis | None:
    """On what basis a caller may read an artefact; None if on none.

    A grant is judged at the time of the last block in the view, as the contracts and the oracle nodes judge it.
    """
    if artefact.public:
        return "public"
    if caller.member is not None and caller.member == artefact.member:
        return "owner"
    if caller.role in STATUTORY:
        return "statutory"
    head = records.head(connection)
    if caller.member is None or artefact.year is None or head is None:
        return None
    wanted = scope(bytes.fromhex(artefact.member), artefact.year).hex()
    found = grants.in_force(connection, artefact.member, caller.member, wanted, head[1])
    return None if found is None else "grant"


def sees_emission(caller: Caller, status: str) -> bool:
    """Members of the chain see every result that was filed; others see it once it is approved."""
    return caller.role != "public" or status == "approved"


def sees_parties(caller: Caller, *parties: str) -> bool:
    """The parties of a trade see each other, and regulators both."""
    return caller.role == "regulator" or (caller.member is not None and caller.member in parties)
