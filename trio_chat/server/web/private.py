"""What only administrators are shown: metrics, how the server is, the dashboard's numbers."""

from __future__ import annotations

from http import HTTPStatus

import trio

from trio_chat.server import report
from trio_chat.server.readiness import Readiness
from trio_chat.server.readings import Readings
from trio_chat.server.web.messages import Response, json, live, text
from trio_chat.server.web.site import Show


def private(
    readings: Readings, readiness: Readiness, *, metrics: bool, dashboard: bool
) -> dict[str, Show]:
    """Return what is shown at which address: that of `[web] metrics`, and of `[web] dashboard`."""

    async def show_metrics() -> Response:
        # Whoever wants none does not pay for it.
        from trio_chat.server.web.metrics import render

        await trio.lowlevel.checkpoint()
        kind, body = render(readings)
        return live(kind, body)

    async def show_health() -> Response:
        await trio.lowlevel.checkpoint()
        return text(HTTPStatus.OK, "the server is up")

    async def show_readiness() -> Response:
        reason = await readiness.why_not()
        if reason:
            return text(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        return text(HTTPStatus.OK, "the server is ready")

    async def show_numbers() -> Response:
        await trio.lowlevel.checkpoint()
        return json(report.document(readings))

    found: dict[str, Show] = {}
    if metrics:
        found |= {"/metrics": show_metrics, "/healthz": show_health, "/readyz": show_readiness}
    if dashboard:
        found["/dashboard.json"] = show_numbers
    return found
