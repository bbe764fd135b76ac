"""Logs and metrics of the gateway: ids, names of ours and numbers, never what anybody wrote."""

from __future__ import annotations

from dataclasses import replace

import pytest
import structlog
from llmock.pytest_plugin import LLMock
from prometheus_client import REGISTRY, generate_latest

from shared.errors import ModelUnavailable
from shared.llm.contract import ChatRequest
from shared.llm.errors import ParameterRefused
from shared.logging import ALLOWED_FIELDS
from tests.unit.llm.engine.making import catalogue, context, deployment, make_gateway

SECRET = "Zulmira Canário"
REQUEST = ChatRequest([{"role": "user", "content": SECRET}])


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_each_attempt_is_counted_once(llmock: LLMock) -> None:
    llmock.fail(503, retry_after=0.01)
    gateway = make_gateway(catalogue(1, contado=deployment(llmock.base_url())))
    before = counted("plantao_llm_cost_microusd_total", deployment="contado")
    reply = await gateway.complete(REQUEST, context())
    for outcome in ("overloaded", "ok"):
        assert counted("plantao_llm_attempts_total", deployment="contado", outcome=outcome) == 1
    spent = counted("plantao_llm_cost_microusd_total", deployment="contado") - before
    assert spent == reply.cost_microusd > 0
    tokens = counted("plantao_llm_tokens_total", deployment="contado", direction="completion")
    assert tokens == reply.usage.completion_tokens
    async for _ in gateway.stream(REQUEST, context()):
        pass
    assert counted("plantao_llm_first_piece_seconds_count", deployment="contado") == 1


async def test_nothing_that_was_written_is_told(llmock: LLMock) -> None:
    llmock.fail(500, times=None, message=f"cannot read {SECRET}", retry_after=0.01)
    gateway = make_gateway(catalogue(1, calado=deployment(llmock.base_url())))
    with structlog.testing.capture_logs() as lines:
        with pytest.raises(ModelUnavailable) as caught:
            await gateway.complete(REQUEST, context())
        with pytest.raises(ParameterRefused):
            await gateway.complete(replace(REQUEST, parameters={"inventado": SECRET}), context())
    assert {line["event"] for line in lines} == {"model_attempt_failed", "model_passed_over"}
    for line in lines:
        assert line.keys() - {"log_level"} <= ALLOWED_FIELDS
    assert "Canário" not in str(lines)
    assert "Canário" not in str(caught.value)
    assert "Canário" not in generate_latest().decode()
