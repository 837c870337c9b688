"""Records as documents: names for numbers, times for seconds. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from api import schemas
from api.settings import Settings
from carbonledger import numbered
from carbonledger.accounting import exact
from carbonledger.periods import rfc3339
from ledger_node.queries.artefacts import Artefact
from ledger_node.queries.records import Kept

ZERO: Final = "0" * 64


def time(seconds: Any) -> str:
    """RFC 3339 of seconds."""
    return rfc3339(int(seconds) * 1000)


def time_or_none(seconds: Any) -> str | None:
    """RFC 3339, None for 0."""
    return time(seconds) if int(seconds) else None


def id_or_none(identifier: str) -> str | None:
    """None for the zero word."""
    return None if identifier == ZERO else identifier


def text_of(word: str) -> str:
    """A name on the chain, from its word in hex; the hex itself where it is none."""
    raw = bytes.fromhex(word).rstrip(b"\0")
    if raw and all(0x20 <= byte <= 0x7E for byte in raw):
        return raw.decode("ascii")
    return word if raw else ""


def grams(value: Any) -> schemas.Amount:
    """An emission."""
    return schemas.Amount(value=str(value), unit="g")


def member_kinds(bits: int) -> list[str]:
    """Names of the bits of `kinds`."""
    return [name for bit, name in numbered.MEMBER_KINDS.items() if bits & bit]


def member(record: Kept, settings: Settings, years: Sequence[int] | None = None) -> schemas.Member:
    """A member, with the name that this node knows it by."""
    known = settings.names.get(record.id)
    name = (
        None
        if known is None
        else schemas.MemberName(
            credit_code=known.credit_code, zh=known.zh, en=known.en, confirmed=known.is_of(record["nameDigest"])
        )
    )
    return schemas.Member(
        id=record.id,
        kinds=member_kinds(record["kinds"]),
        status=numbered.MEMBER_STATUS.get(record["status"], str(record["status"])),
        province=text_of(record["province"]),
        since=time(record["since"]),
        name=name,
        years=None if years is None else list(years),
    )


def key(record: Kept) -> schemas.Key:
    """A key."""
    return schemas.Key(
        key_id=record.id,
        member=record["member"],
        purpose=numbered.KEY_PURPOSES.get(record["purpose"], str(record["purpose"])),
        subject=record["subject"],
        algorithm=numbered.ALGORITHMS.get(record["algorithm"], str(record["algorithm"])),
        valid_from=time(record["validFrom"]),
        valid_to=time_or_none(record["validTo"]),
        compromised_since=time_or_none(record["compromisedSince"]),
    )


def device(record: Kept, named: Mapping[str, tuple[str, str]] | None = None) -> schemas.Device:
    """A device; `named` maps ids to (identifier, unit's identifier) as a bundle discloses them."""
    identifier, unit = (named or {}).get(record.id, (None, None))
    return schemas.Device(
        id=record.id,
        member=record["member"],
        unit=record["unit"],
        identifier=identifier,
        unit_identifier=unit,
        kind=numbered.DEVICE_KINDS.get(record["kind"], str(record["kind"])),
        key_id=record["keyId"],
        measure=numbered.MEASURES.get(record["measure"], str(record["measure"])),
        register_type=numbered.REGISTER_TYPES.get(record["registerType"], str(record["registerType"])),
        rated_max=record["ratedMax"],
        accuracy_class=record["accuracyClass"],
        modulus=record["modulus"],
        calibration=record["calibration"],
        calibration_to=time_or_none(record["calibrationTo"]),
        installed_from=time(record["installedFrom"]),
        removed_at=time_or_none(record["removedAt"]),
        replaces=id_or_none(record["replaces"]),
    )


def log(record: Kept, settings: Settings) -> schemas.Log:
    """A log."""
    mirror = settings.mirror_of(record.id)
    return schemas.Log(
        id=record.id,
        origin=mirror[0] if mirror else None,
        member=record["member"],
        gateway=record["gateway"],
        witness_quorum=record["witnessQuorum"],
        size=int(record["size"]),
        root=record["root"],
        anchored_at=time_or_none(record["anchoredAt"]),
        anchors=record["anchors"],
        status=numbered.LOG_STATUS.get(record["status"], str(record["status"])),
        checkpoint=f"/v1/logs/{record.id}/checkpoint" if mirror else None,
    )


def anchor(record: Kept) -> schemas.Anchor:
    """An anchor."""
    return schemas.Anchor(
        size=int(record["size"]),
        root=record["root"],
        previous_size=int(record["previousSize"]),
        time=time(record["time"]),
        block=int(record["block"]),
    )


def artefact(found: Artefact) -> schemas.ArtefactLink:
    """A link to an artefact."""
    href = {
        "report": f"/v1/reports/{found.subject}/bundle",
        "findings": f"/v1/reports/{found.subject}/findings",
        "control-plan": f"/v1/control-plans/{found.subject}/document",
    }.get(found.kind, f"/v1/artefacts/{found.sha256}")
    return schemas.ArtefactLink(
        kind=found.kind,
        sha256=found.sha256,
        size=found.size,
        public=found.public,
        verdict=found.verdict,
        href=href,
    )


def report_status(record: Kept) -> str:
    """Name of a report's status."""
    return numbered.REPORT_STATUS.get(record["status"], str(record["status"]))


def report(
    record: Kept,
    *,
    in_force: bool,
    emission: bool,
    replaced_by: str | None = None,
    bundle: schemas.ArtefactLink | None = None,
    findings: schemas.ArtefactLink | None = None,
) -> schemas.Report:
    """A report; without `emission` its figure is left out."""
    return schemas.Report(
        id=record.id,
        member=record["member"],
        year=record["year"],
        status=report_status(record),
        in_force=in_force,
        rule_set=record["ruleSetId"],
        emission=grams(record["emission"]) if emission else None,
        filed_at=time(record["filedAt"]),
        late=bool(record["late"]),
        preparer=record["preparer"],
        verifier=id_or_none(record["verifier"]),
        verified_at=time_or_none(record["verifiedAt"]),
        regulator=id_or_none(record["regulator"]),
        decided_at=time_or_none(record["decidedAt"]),
        replaces=id_or_none(record["replaces"]),
        replaced_by=replaced_by,
        log=schemas.LogHead(id=record["logId"], size=int(record["logSize"]), root=record["logRoot"]),
        bundle=bundle,
        findings_digest=id_or_none(record["findingsDigest"]),
        findings=findings,
    )


def control_plan(record: Kept) -> schemas.ControlPlan:
    """A version of a control plan."""
    return schemas.ControlPlan(
        id=record.id,
        member=record["member"],
        year=record["year"],
        version=record["version"],
        digest=record["planDigest"],
        status=numbered.PLAN_STATUS.get(record["status"], str(record["status"])),
        filed_at=time(record["filedAt"]),
        replaces=id_or_none(record["replaces"]),
        change_digest=id_or_none(record["changeDigest"]),
        reviewer=id_or_none(record["reviewer"]),
        reviewed_at=time_or_none(record["reviewedAt"]),
        reason_digest=id_or_none(record["reasonDigest"]),
        href=f"/v1/control-plans/{record.id}/document",
    )


def month(record: Kept) -> schemas.Month:
    """A month's evidence."""
    return schemas.Month(
        id=record.id,
        year=record["year"],
        month=record["month"],
        commitment=record["commitment"],
        filed_at=time(record["filedAt"]),
        late=bool(record["late"]),
        preparer=record["preparer"],
        replaces=id_or_none(record["replaces"]),
    )


def line(report_id: str, filed: Mapping[str, Any], units: Mapping[str, str]) -> schemas.Line:
    """A line of the event ReportFiled; `units` maps codes to base units, as far as they are known."""
    code = text_of(filed["code"])
    tiers = int(filed["tiers"])
    words = list(filed["parameters"])
    while words and words[-1] == ZERO:
        words.pop()
    names = [numbered.TIERS.get(tiers >> (8 * i) & 0xFF, "unknown") for i in range(len(words))]
    values = [word if name == "default" else str(int(word, 16)) for name, word in zip(names, words, strict=True)]
    value, unit = str(filed["quantity"]), units.get(code)
    return schemas.Line(
        report=report_id,
        code=code,
        item=filed["item"],
        quantity=None if unit is None else schemas.Amount(value=value, unit=unit),
        quantity_base=value,
        tiers=names,
        parameters=values,
    )


def factor(record: Kept) -> schemas.Factor:
    """A factor."""
    return schemas.Factor(
        id=record.id,
        guideline=text_of(record["guideline"]),
        version=text_of(record["version"]),
        row=text_of(record["row"]),
        value=exact.fixed_text(int(record["value"])),
        unit=text_of(record["unit"]),
        year_from=record["yearFrom"],
        year_to=record["yearTo"] or None,
        data_year=record["dataYear"] or None,
        evidence=numbered.EVIDENCE.get(record["evidence"], str(record["evidence"])),
        source_digest=record["sourceDigest"],
    )


def rule_set(record: Kept) -> schemas.RuleSet:
    """A rule set."""
    return schemas.RuleSet(
        id=record.id,
        key=text_of(record["key"]),
        year_from=record["yearFrom"],
        year_to=record["yearTo"] or None,
        status=numbered.RULE_SET_STATUS.get(record["status"], str(record["status"])),
        form_digest=record["formDigest"],
        href=f"/v1/rule-sets/{record.id}/document",
    )


def written(record: Kept) -> schemas.WrittenRecord:
    """A record as it was written."""
    return schemas.WrittenRecord(kind=record.kind, id=record.id, block=record.block_number, fields=dict(record.fields))
