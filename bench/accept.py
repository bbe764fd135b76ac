"""POST until the row is durable, against an empty endpoint and against Dramatiq's send, on 64 connections."""

from __future__ import annotations

import statistics

from bench.http_load import rate
from bench.report import Line
from bench.rig import VHOST, Rig, answers, free_port, until

ROUNDS = 3
BODY = '{"texto":"olá"}'


def measure(rig: Rig) -> list[Line]:
    """The three servers stand side by side and take turns, so that a slow moment hits all of them."""
    empty, dramatiq, ours = free_port(), free_port(), free_port()
    rates: dict[str, list[float]] = {"empty": [], "dramatiq": [], "ours": []}
    with (
        rig.process("empty", "bench.servers", "empty", str(empty)),
        rig.process(
            "send",
            "bench.servers",
            "dramatiq",
            str(dramatiq),
            role="admin",
            RABBITMQ_URL=rig.rabbit.url("admin", VHOST),
        ),
        rig.process("api", "api.main", role="api", API_PORT=str(ours)),
    ):
        for port, path in ((empty, "/docs"), (dramatiq, "/docs"), (ours, "/livez")):
            until(lambda port=port, path=path: answers(port, path), f"server on {port}")  # type: ignore[misc]
        for port, path in ((empty, "/"), (dramatiq, "/"), (ours, "/api/vazio/")):
            rate(port, path, BODY, seconds=1.5)
        for _ in range(ROUNDS):
            rates["empty"].append(rate(empty, "/", BODY))
            rates["ours"].append(rate(ours, "/api/vazio/", BODY))
            rates["dramatiq"].append(rate(dramatiq, "/", BODY))
    median = {name: statistics.median(values) for name, values in rates.items()}
    detail = f"{median['ours']:.0f}/s of {median['empty']:.0f}/s empty"
    return [
        Line("accept ÷ empty endpoint", detail, median["ours"] / median["empty"], 0.40, at_least=True),
        Line(
            "accept ÷ Dramatiq send",
            f"{median['ours']:.0f}/s of {median['dramatiq']:.0f}/s sent",
            median["ours"] / median["dramatiq"],
            2.0,
            at_least=True,
        ),
    ]
