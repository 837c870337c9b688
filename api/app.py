"""The application: a function of its settings. Nothing happens at import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, TextIO

import structlog
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from starlette.staticfiles import StaticFiles

from api import problems
from api.access import MAY, ROLES
from api.chain_tools import ChainTools
from api.gate import Gate
from api.problems import Problem
from api.routes import (
    alerts,
    assessment,
    compute,
    credentials,
    events,
    evidence,
    footprints,
    forecasts,
    ledger,
    loans,
    logs,
    market,
    members,
    pact,
    pages,
    quota,
    region,
    reports,
    rules,
    runs,
    seeing,
    system,
    webhook_pages,
    webhooks,
    writing,
)
from api.schemas import ProblemDocument
from api.service import Service
from api.settings import Settings

STATIC: Final = Path(__file__).parent / "static"
DESCRIPTION: Final = (
    "Members, logs, reports and rules of a carbon ledger, as the chain holds them; bundles that verify offline. "
    "Readings never enter here: they go to the oracle node beside the meter."
)
TAGS: Final = (
    ("members", "Members of the consortium, their keys and meters"),
    ("logs", "Logs: heads, anchors, tiles, proofs"),
    ("reports", "Annual reports, their months, lines and bundles"),
    ("ledger", "An enterprise and a year as one document"),
    ("rules", "Factors and rule sets"),
    ("compute", "Calculating and verifying"),
    ("forecast", "A member's emissions to the end of next year"),
    ("quota", "Units, obligations, certificates, outlook, collateral, reductions"),
    ("writing", "Handing in bundles and signed acts"),
    ("footprints", "Product carbon footprints: computing and publishing"),
    ("pact", "PACT 3: exchange of product carbon footprints"),
    ("evidence", "Control plans, findings of verifiers, and what documents support"),
    ("market", "Trading: instruments, quotes, trades, days, orders"),
    ("loans", "How an enterprise stands for its banks, portfolios, disclosures of supported loans"),
    ("assessment", "Codes, grades, peer statistics, inspections"),
    ("credentials", "Certificates as Verifiable Credentials, their status, their issuer"),
    ("seeing", "Being told: access log, events"),
    ("webhooks", "Being told by webhook: where, of what, and how it went"),
    ("region", "Regional views: totals, structure, ranking"),
    ("alerts", "Alerts: what holds, and who has seen it"),
    ("system", "Health and metrics"),
)


def create_app(
    settings: Settings, engine: Engine, chain: ChainTools | None = None, *, journal: Any | None = None
) -> FastAPI:
    """The service over a ledger node's database (migrated already).

    `chain` is asked for rule sets and carries acts; `journal` is a structlog logger, by default one of JSON lines to
    standard output is made.
    """
    app = FastAPI(
        title="carbonledger",
        version=settings.version,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        openapi_tags=[{"name": name, "description": said} for name, said in TAGS],
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    service = Service(settings, engine, chain)
    registry = CollectorRegistry()
    problems.install(app)
    routers = [module.of(service) for module in (members, logs, reports, ledger, rules, compute, writing, seeing)]
    routers += [footprints.of(service), pact.of(service), evidence.of(service)]
    routers += [region.of(service), alerts.of(service), forecasts.of(service)]
    routers += [loans.of(service), market.of(service)]
    routers += [quota.of(service)]
    routers += [assessment.of(service)]
    routers += [events.of(service), webhooks.of(service), runs.of(service)]
    routers += [credentials.of(service), credentials.of_root(service)]
    routers += [system.of(service, registry), pages.of(service, app), webhook_pages.of(service)]
    operations = set()
    for router in routers:
        app.include_router(router)
        operations |= {str(getattr(route, "operation_id", None)) for route in router.routes}
    if operations != set(MAY):
        raise ValueError(f"the access table and the routes differ: {sorted(operations ^ set(MAY))}")
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(Gate, service=service, registry=registry, journal=journal or json_journal())
    _answer_people(app)
    _describe(app)
    app.state.service = service
    return app


def json_journal(stream: TextIO | None = None) -> Any:
    """A logger of one JSON object a line, to a stream or to standard output."""
    return structlog.wrap_logger(
        structlog.PrintLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def openapi_bytes(app: FastAPI) -> bytes:
    """The OpenAPI document as it is committed and served."""
    return (json.dumps(app.openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _answer_people(app: FastAPI) -> None:
    """Problems of pages become pages, where a browser asks for HTML."""
    handler = app.exception_handlers[Problem]

    @app.exception_handler(Problem)
    async def problem(request: Request, error: Problem) -> Response:
        path = request.url.path
        wants_page = "text/html" in request.headers.get("accept", "") and not path.startswith(
            ("/v1/", "/3/", "/static/")
        )
        if wants_page:
            return app.state.renderer.problem(request, error)  # type: ignore[no-any-return]
        return await handler(request, error)  # type: ignore[no-any-return, misc]


def _describe(app: FastAPI) -> None:
    """The OpenAPI document: who may call each operation, and how a key is sent."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document = made()
        document.setdefault("components", {})["securitySchemes"] = {
            "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key, `cl_<id>_<secret>`"}
        }
        schemas = document["components"].setdefault("schemas", {})
        schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
        schemas["PactError"] = {
            "type": "object",
            "title": "PactError",
            "properties": {name: {"type": "string"} for name in ("code", "message", "error", "error_description")},
        }
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for methods in document["paths"].values():
            for operation in methods.values():
                allowed = MAY[operation["operationId"]]
                keyed: list[dict[str, list[str]]] = [{"apiKey": []}]
                operation["security"] = [{}, *keyed] if "public" in allowed else keyed
                operation["x-roles"] = [role for role in ROLES if role in allowed]
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _without_null(parameter["schema"])
        app.openapi_schema = document
        return document

    app.openapi = openapi  # type: ignore[method-assign]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that may be left out: nothing in an address or a header can say null."""
    kinds: list[dict[str, Any]] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {name: value for name, value in schema.items() if name != "anyOf"} | kinds[0]
