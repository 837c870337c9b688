"""A footprint as a ProductFootprint of PACT 3 (Technical Specifications for PCF Data Exchange 3.0.3).

Field names, which of them are required, and their forms are the specification's. Decimals are strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from carbonledger.accounting import exact
from carbonledger.periods import month_bounds, rfc3339
from carbonledger.product.document import Document, Part
from carbonledger.product.result import Footprint, ProductFootprint, decimal, percent

SPEC_VERSION: Final = "3.0.3"
VALID_YEARS: Final = 3
"""After the end of the reference period, where no other validity is declared (PACT 3.0, *Validity Period*)."""

_GEOGRAPHY: Final = {
    "country": "geographyCountry",
    "region": "geographyRegionOrSubregion",
    "subdivision": "geographyCountrySubdivision",
}
_COMPONENTS: Final = {
    "fossil": "fossilGhgEmissions",
    "land_use_change": "landUseChangeGhgEmissions",
    "land_management": "landManagementBiogenicCO2Emissions",
    "removals": "landManagementBiogenicCO2Removals",
    "biogenic_non_co2": "biogenicNonCO2Emissions",
    "uptake": "biogenicCO2Uptake",
}
_VERIFICATION: Final = {
    "comments": "comments",
    "completed_at": "completedAt",
    "coverage": "coverage",
    "provider": "providerName",
    "standard": "standardName",
}


def footprint_id(digest: bytes, product: str) -> str:
    """Id of a product's footprint in a document: the same content has the same id (UUID version 8, RFC 9562 5.8)."""
    raw = bytearray(sha256(b"carbonledger/footprint/v1\0" + digest + product.encode()).digest()[:16])
    raw[6] = raw[6] & 0x0F | 0x80
    raw[8] = raw[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(raw)))


def validity(read: Document) -> tuple[str, str]:
    """First and last moment at which the footprint may be used: the end of the reference period, three years on."""
    end = datetime.fromtimestamp(month_bounds(read.period.year, read.period.last_month)[1] / 1000, UTC)
    later = datetime(end.year + VALID_YEARS, end.month, min(end.day, 28), end.hour, tzinfo=UTC)
    return _time(end), _time(later.replace(day=end.day) if end.month != 2 else later)


def product_footprint(
    result: Footprint, found: ProductFootprint, *, created: int, status: str = "Active", preceding: Sequence[str] = ()
) -> dict[str, Any]:
    """The JSON of one product's footprint; `created` in seconds."""
    read, product = result.document, found.product
    first, last = validity(read)
    value: dict[str, Any] = {
        "id": footprint_id(result.digest, product.name),
        "specVersion": SPEC_VERSION,
        "created": rfc3339(created * 1000),
        "status": status,
        "validityPeriodStart": first,
        "validityPeriodEnd": last,
        "companyName": read.company.name,
        "companyIds": list(read.company.ids),
        "productDescription": product.description,
        "productIds": list(product.ids),
        "productNameCompany": product.trade_name,
        "pcf": _pcf(result, found),
    }
    if preceding:
        value["precedingPfIds"] = list(preceding)
    if product.classifications:
        value["productClassifications"] = list(product.classifications)
    if read.comment:
        value["comment"] = read.comment
    return value


def _pcf(result: Footprint, found: ProductFootprint) -> dict[str, Any]:
    read, product = result.document, found.product
    start = month_bounds(read.period.year, read.period.first_month)[0]
    end = month_bounds(read.period.year, read.period.last_month)[1]
    value: dict[str, Any] = {
        "declaredUnitOfMeasurement": product.declared_unit,
        "declaredUnitAmount": product.declared_amount,
        "productMassPerDeclaredUnit": _decimal(product.mass_per_unit),
        "referencePeriodStart": rfc3339(start),
        "referencePeriodEnd": rfc3339(end),
        **{_GEOGRAPHY[name]: place for name, place in read.geography.items()},
        "boundaryProcessesDescription": read.boundary,
        "pcfExcludingBiogenicUptake": decimal(found.per_unit["excluding"], read.decimals),
        "pcfIncludingBiogenicUptake": decimal(found.per_unit["including"], read.decimals),
        "fossilCarbonContent": _decimal(product.fossil_carbon),
        **{field: decimal(found.per_unit[name], read.decimals) for name, field in _COMPONENTS.items()},
        "packagingEmissionsIncluded": False,
        "ccsTechnologicalCO2CaptureIncluded": False,
        "ipccCharacterizationFactors": list(read.characterization),
        "crossSectoralStandards": list(read.standards),
        "exemptedEmissionsPercent": _decimal(read.exempted_percent),
        "exemptedEmissionsDescription": read.exempted_description,
        "allocationRulesDescription": " ".join(_allocation(divided.part) for divided in result.parts),
    }
    if product.biogenic_carbon is not None:
        value["biogenicCarbonContent"] = _decimal(product.biogenic_carbon)
    sources = {
        (item.input.reference["name"], item.input.reference["version"])
        for item in found.bought
        if item.input.source == "secondary"
    }
    sources |= {source for line in result.plant.lines for source in line.published}
    if sources:
        value["secondaryEmissionFactorSources"] = [{"name": n, "version": v} for n, v in sorted(sources)]
    if found.primary_share is not None:
        value["primaryDataShare"] = percent(found.primary_share)
    if found.quality is not None:
        value["dqi"] = {f"{name}DQR": percent(rating) for name, rating in found.quality.items()}
    if read.verification is not None:
        value["verification"] = {_VERIFICATION[name]: text for name, text in read.verification.items()}
    return value


def _allocation(part: Part) -> str:
    names = ", ".join(part.shares)
    how = "declared shares" if part.key == "shares" else {"value": "economic value"}.get(part.key, part.key)
    return f"{part.name}: by {how} over {names} ({part.reason})."


def _decimal(value: Fraction) -> str:
    """As it is where a decimal says it, else half up to twelve digits."""
    text = exact.text(value)
    if "/" not in text:
        return text
    return decimal(exact.divide(value.numerator * 10**12, value.denominator, "half-up"), 12)


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
