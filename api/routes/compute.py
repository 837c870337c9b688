"""Pure functions over HTTP: calculating an activity document, verifying a bundle; and what this node suggests."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from api import schemas
from api.answers import answer
from api.problems import Problem
from api.routes.common import bytes_of, router
from api.service import Body, Service
from carbonledger import jcs
from carbonledger.accounting import inputs
from carbonledger.accounting.calculate import calculate as compute
from carbonledger.accounting.schema import activity_document
from carbonledger.allocation import library as plans
from carbonledger.allocation.allocate import allocate as distribute
from carbonledger.allocation.schema import allocation_document
from carbonledger.assessment.doors import DOORS, Door
from carbonledger.forecast.forecast import forecast
from carbonledger.forecast.schema import forecast_document
from carbonledger.handed import verify_handed
from carbonledger.policy import Policy

Trust = Literal["own", "none"]
RULES_HEADER: Final = "Carbonledger-Rules"
_WHOSE: Final = "Whether the rule set is published on the chain, or comes with the package only"
JSON_TYPES: Final = frozenset({"", "application/json", "application/octet-stream"})


def of(service: Service) -> APIRouter:
    """The router."""
    found = router("compute")
    schema = activity_document(service.rule_sets)
    allocation_plans = plans.rule_sets()
    allocation_schema = allocation_document(allocation_plans)
    forecast_schema = forecast_document()

    @found.post(
        "/calculate",
        operation_id="calculate",
        response_class=Response,
        responses={
            200: {
                "description": "Statement of result (docs/formats/rule-set.md)",
                "content": _STATEMENT,
                "headers": {RULES_HEADER: {"description": _WHOSE, "schema": {"enum": ["published", "packaged"]}}},
            }
        },
        openapi_extra=json_body(_for_openapi(schema), "Activity document"),
    )
    def calculate(request: Request, body: Body) -> Response:
        """Grams of CO2e from activity data, by a published rule set: what `carbonledger calculate` answers.

        A rule set or factor that the chain publishes is the chain's; the package's stand beside them.
        """
        require_json(request)
        with service.engine.connect() as connection:
            known = service.published.current(connection, lambda: service.contract(connection, "RuleSetRegistry"))
        document = inputs.parse(body)
        name = document.value.get("rule_set") if isinstance(document.value, dict) else None
        statement = compute(document, known.rule_sets(name), known.factors)
        whose = "published" if known.is_published(statement.rules.id) else "packaged"
        return Response(statement.json(), media_type="application/json", headers={RULES_HEADER: whose})

    @found.get(
        "/calculate/schema",
        operation_id="getActivitySchema",
        responses={200: {"description": "JSON Schema of the activity document", "content": _ANY}},
    )
    def get_activity_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of the activity document."""
        return answer(request, json.dumps(schema).encode(), media_type="application/schema+json")

    for door in DOORS:
        _assessment(found, door)

    @found.post(
        "/forecast",
        operation_id="forecast",
        response_class=Response,
        responses={200: {"description": "The forecast with its back-test (docs/forecast.md)", "content": _STATEMENT}},
        openapi_extra=json_body(_for_openapi(forecast_schema), "Forecast document"),
    )
    def forecast_series(request: Request, body: Body) -> Response:
        """Year-end and next-year emissions, the day a quota is used up: what `carbonledger forecast` answers."""
        require_json(request)
        return Response(forecast(body).json(), media_type="application/json")

    @found.get(
        "/forecast/schema",
        operation_id="getForecastSchema",
        responses={200: {"description": "JSON Schema of the forecast document", "content": _ANY}},
    )
    def get_forecast_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of the forecast document."""
        return answer(request, json.dumps(forecast_schema).encode(), media_type="application/schema+json")

    @found.post(
        "/allocate",
        operation_id="allocate",
        response_class=Response,
        responses={200: {"description": "Result of allocation (docs/formats/allocation.md)", "content": _STATEMENT}},
        openapi_extra=json_body(_for_openapi(allocation_schema), "Allocation document"),
    )
    def allocate(request: Request, body: Body) -> Response:
        """Tonnes of allowances by a published plan, step by step: what `carbonledger allocate` answers."""
        require_json(request)
        return Response(distribute(body, allocation_plans).json(), media_type="application/json")

    @found.get(
        "/allocate/schema",
        operation_id="getAllocationSchema",
        responses={200: {"description": "JSON Schema of the allocation document", "content": _ANY}},
    )
    def get_allocation_schema(request: Request) -> Response:
        """JSON Schema (2020-12) of the allocation document."""
        return answer(request, json.dumps(allocation_schema).encode(), media_type="application/schema+json")

    @found.post(
        "/verify",
        operation_id="verifyBundle",
        response_model=schemas.Verification,
        openapi_extra=json_body({}, "A bundle or certificate, as it is (docs/formats): any bytes get an answer"),
    )
    def verify_bundle(
        request: Request,
        body: Body,
        policy: Annotated[Trust, Query(description="`own`: what this node trusts; `none`: no policy")] = "own",
    ) -> Response:
        """Verify a bundle or certificate. Who distrusts this node verifies in the browser at /verify, or offline."""
        require_json(request)
        trusted = service.policy if policy == "own" else None
        return answer(
            request, verification(verify_handed(body, trusted).to_json()), headers={"Cache-Control": "no-store"}
        )

    @found.get(
        "/policy",
        operation_id="getPolicy",
        responses=bytes_of("application/toml", "The policy that this node suggests (docs/formats/policy.md)")
        | {200: {"description": "The policy that this node suggests", "content": _POLICY}},
    )
    def get_policy(
        request: Request,
        format: Annotated[Literal["toml", "json"], Query(description="TOML as the command takes it, or JSON")] = "toml",
    ) -> Response:
        """Whom this node suggests to trust. Read it before you do: it is the one thing that no proof can give."""
        if service.settings.policy is None or service.policy is None:
            raise Problem("not-found", "This node suggests no policy.")
        if format == "json":
            return answer(request, jcs.encode(policy_value(service.policy)))
        headers = {"Content-Disposition": 'attachment; filename="policy.toml"'}
        return answer(request, service.settings.policy, media_type="application/toml", headers=headers)

    return found


def _assessment(found: APIRouter, door: Door) -> None:
    """`POST /{name}` and `GET /{name}/schema` of one assessment: what `carbonledger {name}` answers."""
    schema = door.schema()
    form = {key: value for key, value in schema.items() if key not in ("$id", "$schema")}

    @found.post(
        f"/{door.name}",
        operation_id=f"assess{door.name.capitalize()}",
        description=f"Computes {door.about}: what `carbonledger {door.name}` answers (docs/assessment.md).",
        response_class=Response,
        responses={200: {"description": "The result with its explanation", "content": _STATEMENT}},
        openapi_extra=json_body(form, schema["title"]),
    )
    def compute_assessment(request: Request, body: Body) -> Response:
        require_json(request)
        return Response(door.compute(body).json(), media_type="application/json")

    @found.get(
        f"/{door.name}/schema",
        operation_id=f"get{door.name.capitalize()}Schema",
        description=f"JSON Schema (2020-12) of the input of `POST /v1/{door.name}`.",
        responses={200: {"description": "JSON Schema", "content": _ANY}},
    )
    def get_assessment_schema(request: Request) -> Response:
        return answer(request, json.dumps(schema).encode(), media_type="application/schema+json")


_ANY: Final[dict[str, Any]] = {"application/schema+json": {"schema": {}}}
_STATEMENT: Final[dict[str, Any]] = {"application/json": {"schema": {"type": "object"}}}
_POLICY: Final[dict[str, Any]] = {
    "application/toml": {"schema": {"type": "string"}},
    "application/json": {"schema": {"type": "object"}},
}


def json_body(schema: dict[str, Any], description: str) -> dict[str, Any]:
    """Documentation of a body that is read as bytes."""
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def require_json(request: Request) -> None:
    """Problem 415 for a body of a type that is not read here."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES or request.headers.get("content-encoding", "identity") != "identity":
        raise Problem("media-type", "The body is of another type.", expected="application/json", found=media_type[:80])


def verification(value: dict[str, Any]) -> schemas.Verification:
    """The answer of the verifier as a document."""
    return schemas.Verification.model_validate(value)


def policy_value(policy: Policy) -> dict[str, Any]:
    """The tables and keys of the TOML, as JSON: what the page verifies with."""
    value: dict[str, Any] = {"version": 1}
    if policy.chain is not None:
        value["chain"] = {
            "id": policy.chain.id,
            "genesis": policy.chain.genesis.hex(),
            "directory": policy.chain.directory.hex(),
            "engine": policy.chain.engine,
            "operator": policy.chain.operator.hex() if policy.chain.operator else "",
            "validators": [address.hex() for address in policy.chain.validators],
        }
    if policy.logs:
        value["log"] = [
            {"origin": log.origin, "ed25519": log.ed25519.format(), "eip712": log.eip712.format()}
            for log in policy.logs
        ]
    if policy.witnesses is not None:
        keys = [key.format() for key in policy.witnesses.keys]
        value["witnesses"] = {"quorum": policy.witnesses.quorum, "keys": keys}
    if policy.regulators is not None:
        value["regulator"] = {"members": sorted(member.hex() for member in policy.regulators)}
    return value


def _for_openapi(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions in place, as references of OpenAPI go from the document's root."""
    definitions = schema.get("$defs", {})

    def inlined(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return inlined(definitions[value["$ref"].removeprefix("#/$defs/")])
            return {key: inlined(item) for key, item in value.items() if key not in ("$defs", "$id", "$schema")}
        return [inlined(item) for item in value] if isinstance(value, list) else value

    found: dict[str, Any] = inlined(schema)
    return found
