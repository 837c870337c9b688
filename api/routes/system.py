"""The node itself: is it there, can it answer, what does it count."""

from __future__ import annotations

import time
from collections.abc import Iterable

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from api import schemas
from api.answers import answer
from api.routes.common import bytes_of, router
from api.service import Service
from ledger_node.queries import records


def of(service: Service, registry: CollectorRegistry) -> APIRouter:
    """The router."""
    found = router("system", prefix="")
    registry.register(_View(service))

    @found.get("/healthz", operation_id="getHealth", response_model=schemas.Health)
    def get_health(request: Request) -> Response:
        """200 while the process answers; what is wrong is said in it."""
        return answer(request, health(service), headers={"Cache-Control": "no-store"})

    @found.get("/readyz", operation_id="getReadiness", response_model=schemas.Health)
    def get_readiness(request: Request) -> Response:
        """200 if the database answers and has a block; 503 else."""
        now = health(service)
        status = 503 if now.status == "unavailable" else 200
        return answer(request, now, status=status, headers={"Cache-Control": "no-store"})

    @found.get(
        "/metrics",
        operation_id="getMetrics",
        response_class=Response,
        responses=bytes_of("text/plain", "Prometheus text format"),
    )
    def get_metrics(request: Request) -> Response:
        """Counters of requests, and how far the view is."""
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")

    return found


def health(service: Service) -> schemas.Health:
    """How the service stands."""
    try:
        with service.engine.connect() as connection:
            head = records.head(connection)
    except SQLAlchemyError:
        return schemas.Health(
            status="unavailable", block=None, head_age_s=None, reasons=["The database does not answer."]
        )
    if head is None:
        return schemas.Health(status="unavailable", block=None, head_age_s=None, reasons=["The view has no block yet."])
    age = max(0, service.now() - head[1])
    old = age > service.settings.head_age_alarm_s
    reasons = [f"The last block is {age} s old."] if old else []
    return schemas.Health(status="degraded" if old else "ok", block=head[0], head_age_s=age, reasons=reasons)


class _View(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterable[Metric]:
        began = time.perf_counter()
        now = health(self._service)
        yield GaugeMetricFamily(
            "api_view_block", "Last block in the view", value=-1 if now.block is None else now.block
        )
        age = -1 if now.head_age_s is None else now.head_age_s
        yield GaugeMetricFamily("api_view_head_age_seconds", "Age of the last block in the view", value=age)
        took = time.perf_counter() - began
        yield GaugeMetricFamily("api_view_query_seconds", "Time that the view took to answer", value=took)
