"""What a ledger node says of itself over HTTP: `/healthz` and `/metrics`, and its witness beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from ledger_node.commands.follow import Standing


def create_health(standing: Callable[[], Standing], witness: Starlette | None = None) -> Starlette:
    """The application. `/healthz` is 503 while the chain is not followed, 200 else, with the alarms in it.

    An old head is an alarm and no 503: restarting this node would not make the chain go on.
    """
    registry = CollectorRegistry()
    registry.register(_Metrics(standing))

    async def health(request: Request) -> Response:
        now = standing()
        following = now.turns > 0 and not now.failures
        status = "starting" if not now.turns else "failing" if now.failures else "degraded" if now.alarms else "ok"
        value = {
            "status": status,
            "at": now.at,
            "head": now.head,
            "head_age_s": now.head_age_s,
            "head_is_old": now.head_is_old,
            "failures": now.failures,
            "alarms": now.alarms,
        }
        return Response(msgspec.json.encode(value), 200 if following else 503, media_type="application/json")

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")

    routes: list[Route | Mount] = [
        Route("/healthz", health, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]
    if witness is not None:
        routes.append(Mount("/", app=witness))
    return Starlette(routes=routes)


class _Metrics(Collector):
    def __init__(self, standing: Callable[[], Standing]) -> None:
        self._standing = standing

    def collect(self) -> Iterable[Metric]:
        now = self._standing()
        yield GaugeMetricFamily("ledger_block", "Last block in the view", value=now.at)
        yield GaugeMetricFamily("ledger_chain_head", "Newest block of the chain", value=now.head)
        yield GaugeMetricFamily("ledger_chain_head_age_seconds", "Age of the newest block", value=now.head_age_s)
        yield GaugeMetricFamily("ledger_follow_failures", "Failed turns in a row", value=now.failures)
        yield GaugeMetricFamily("ledger_alarms", "Alarms now", value=len(now.alarms))
        yield CounterMetricFamily("ledger_blocks_taken_back", "Blocks lost to reorganisations", value=now.taken_back)
