"""Every provider's way to fail, met over real HTTP, becomes one of our words, and never the provider's text."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
from llmock.pytest_plugin import LLMock

from shared.llm.catalogue import Deployment
from shared.llm.contract import ChatRequest
from shared.llm.failures import Fault, FaultKind, MalformedToolArguments, classify
from shared.llm.ports import ModelClient
from shared.llm.providers import create_client
from shared.llm.retry_after import LONGEST_S, retry_after_seconds
from tests.unit.llm.wire.canned_server import canned, events

MOCKED = ("openai", "anthropic", "gemini", "mistral")
SECRET = "canário-no-erro"
ASK = ChatRequest([{"role": "user", "content": "olá"}])
TOOL = {
    "type": "function",
    "function": {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}},
}
STATUSES = {
    400: FaultKind.INVALID_REQUEST,
    401: FaultKind.AUTH,
    402: FaultKind.QUOTA,
    403: FaultKind.AUTH,
    404: FaultKind.NOT_FOUND,
    408: FaultKind.OVERLOADED,
    413: FaultKind.OVERFLOW,
    422: FaultKind.INVALID_REQUEST,
    429: FaultKind.RATE_LIMITED,
    500: FaultKind.OVERLOADED,
    503: FaultKind.OVERLOADED,
}


def client_of(provider: Any, url: str) -> ModelClient:
    return create_client(Deployment(provider=provider, model="m", base_url=url), transfer_allowed=False)


async def fault_of(client: ModelClient, *, streamed: bool, request: ChatRequest = ASK) -> Fault:
    try:
        if streamed:
            async for _ in client.stream(request):
                pass
        else:
            await client.complete(request)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is to be classified
        fault = classify(error)
        assert SECRET not in repr(fault)
        return fault
    raise AssertionError("it did not fail")


@pytest.fixture
async def client(request: pytest.FixtureRequest, llmock: LLMock) -> AsyncIterator[ModelClient]:
    made = client_of(request.param, llmock.base_url(request.param))
    yield made
    await made.close()


@pytest.mark.parametrize("client", MOCKED, indirect=True)
async def test_every_status_whole_and_streamed_and_asked_once(client: ModelClient, llmock: LLMock) -> None:
    found: dict[int, Any] = {}
    for status in STATUSES:
        for streamed in (False, True):
            llmock.reset()
            wanted = 7 if status in (429, 503) else None
            llmock.fail(status, message=SECRET, retry_after=wanted, times=None)
            fault = await fault_of(client, streamed=streamed)
            assert (fault.status, fault.retry_after) == (status, wanted)
            assert len(llmock.requests) == 1
            found[status] = fault.kind
    assert found == STATUSES


@pytest.mark.parametrize("client", MOCKED, indirect=True)
async def test_overflow_and_quota_are_told_apart_from_their_status(client: ModelClient, llmock: LLMock) -> None:
    llmock.context_overflow()
    assert (await fault_of(client, streamed=True)).kind is FaultKind.OVERFLOW
    llmock.fail(429, code="insufficient_quota", message="You exceeded your current quota.")
    assert (await fault_of(client, streamed=False)).kind is FaultKind.QUOTA


@pytest.mark.parametrize("client", MOCKED, indirect=True)
async def test_what_goes_wrong_inside_a_stream(client: ModelClient, llmock: LLMock) -> None:
    llmock.disconnect()
    assert (await fault_of(client, streamed=True)).kind is FaultKind.CONNECTION
    llmock.corrupt()
    assert (await fault_of(client, streamed=True)).kind is FaultKind.MALFORMED


@pytest.mark.parametrize("client", ["openai", "mistral"], indirect=True)
@pytest.mark.parametrize("streamed", [False, True])
async def test_arguments_that_are_no_json(client: ModelClient, llmock: LLMock, streamed: bool) -> None:
    llmock.break_tool_call()
    fault = await fault_of(client, streamed=streamed, request=ChatRequest(ASK.messages, [TOOL]))
    assert fault.kind is FaultKind.TOOL_ARGUMENTS


@pytest.mark.parametrize("provider", [*MOCKED, "ollama"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_nobody_listens(provider: str, streamed: bool) -> None:
    client = client_of(provider, "http://127.0.0.1:9")
    assert (await fault_of(client, streamed=streamed)).kind is FaultKind.CONNECTION
    await client.close()


def error_body(**error: Any) -> bytes:
    return json.dumps({"error": {"message": SECRET, **error}}).encode()


GEMINI_429 = {
    "code": 429,
    "status": "RESOURCE_EXHAUSTED",
    "details": [
        {"@type": "QuotaFailure", "violations": [{"quotaId": "GenerateRequestsPer{}PerProject"}]},
        {"@type": "RetryInfo", "retryDelay": "27s"},
    ],
}
AS_ANSWERED = [
    ("openai", 400, error_body(code="content_filter"), FaultKind.CONTENT_FILTER, None),
    ("openai", 307, b"", FaultKind.NOT_FOUND, None),
    ("openai_compatible", 400, error_body(type="BadRequestError", code=400), FaultKind.INVALID_REQUEST, None),
    ("openai_compatible", 400, error_body(code=400).replace(b"erro", b"maximum context length"),
     FaultKind.OVERFLOW, None),
    ("openai_compatible", 403, error_body(code=403, metadata={"reasons": ["violence"], "flagged_input": SECRET}),
     FaultKind.CONTENT_FILTER, None),
    ("anthropic", 400, error_body(type="invalid_request_error").replace(b"erro", b"credit balance is too low"),
     FaultKind.QUOTA, None),
    ("anthropic", 529, error_body(type="overloaded_error"), FaultKind.OVERLOADED, None),
    ("gemini", 400, error_body(code=400, status="INVALID_ARGUMENT", details=[{"reason": "API_KEY_INVALID"}]),
     FaultKind.AUTH, None),
    ("gemini", 429, json.dumps({"error": GEMINI_429}).replace("{}", "Minute").encode(), FaultKind.RATE_LIMITED, 27),
    ("gemini", 429, json.dumps({"error": GEMINI_429}).replace("{}", "Day").replace("PerDayPer", "PerDay").encode(),
     FaultKind.QUOTA, 27),
    ("ollama", 404, json.dumps({"error": SECRET}).encode(), FaultKind.NOT_FOUND, None),
    ("ollama", 500, json.dumps({"error": SECRET}).encode(), FaultKind.OVERLOADED, None),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "status", "body", "kind", "retry_after"), AS_ANSWERED)
@pytest.mark.parametrize("streamed", [False, True])
async def test_as_the_provider_says_it(
    provider: str, status: int, body: bytes, kind: FaultKind, retry_after: float | None, streamed: bool
) -> None:
    async with canned(body, status=status, kind="application/json", more="Location: http://127.0.0.1:9/\r\n") as url:
        client = client_of(provider, url)
        fault = await fault_of(client, streamed=streamed)
        await client.close()
    assert (fault.kind, fault.status, fault.retry_after) == (kind, status, retry_after)


IN_STREAM = [
    ("openai", events({"error": {"message": SECRET, "type": "server_error"}}), FaultKind.OVERLOADED),
    ("openai", events({"error": {"message": SECRET, "code": "context_length_exceeded"}}), FaultKind.OVERFLOW),
    ("anthropic", events({"type": "error", "error": {"type": "overloaded_error", "message": SECRET}}),
     FaultKind.OVERLOADED),
    ("gemini", events({"error": {"code": 503, "status": "UNAVAILABLE", "message": SECRET}}), FaultKind.OVERLOADED),
    ("gemini", events({"candidates": [{"finishReason": "MALFORMED_FUNCTION_CALL", "content": {"parts": []}}]}),
     FaultKind.TOOL_ARGUMENTS),
    ("ollama", json.dumps({"error": SECRET}).encode() + b"\n", FaultKind.OVERLOADED),
    ("ollama", b"<html>nada</html>\n", FaultKind.MALFORMED),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "body", "kind"), IN_STREAM)
async def test_an_error_inside_a_stream(provider: str, body: bytes, kind: FaultKind) -> None:
    async with canned(body) as url:
        client = client_of(provider, url)
        assert (await fault_of(client, streamed=True)).kind is kind
        await client.close()


@pytest.mark.parametrize(
    ("code", "kind"),
    [(402, FaultKind.QUOTA), (429, FaultKind.RATE_LIMITED), (502, FaultKind.OVERLOADED),
     ("context_length_exceeded", FaultKind.OVERFLOW), (None, FaultKind.MALFORMED)],
)  # fmt: skip
@pytest.mark.parametrize("streamed", [False, True])
async def test_an_error_where_an_answer_should_be(code: int | str | None, kind: FaultKind, streamed: bool) -> None:
    """OpenRouter has sent its 200 by then."""
    failed = {"error": {"message": SECRET, "code": code}}
    body = events(failed) if streamed else json.dumps(failed).encode()
    async with canned(body, kind="text/event-stream" if streamed else "application/json") as url:
        client = client_of("openai_compatible", url)
        assert (await fault_of(client, streamed=streamed)).kind is kind
        await client.close()


@pytest.mark.parametrize("provider", [*MOCKED, "ollama"])
@pytest.mark.parametrize("body", [b"<html>nada</html>", b'{"choices": null}', b"null"])
async def test_an_answer_that_is_none(provider: str, body: bytes) -> None:
    async with canned(body, kind="application/json") as url:
        client = client_of(provider, url)
        try:
            reply = await client.complete(ASK)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is to be classified
            assert classify(error).kind is FaultKind.MALFORMED
        else:
            # Some libraries make an empty answer of it: without a reason to stop it is not whole.
            assert (reply.text, reply.tool_calls, reply.finish_reason) == ("", (), None)
        await client.close()


@pytest.mark.parametrize(
    ("error", "kind"),
    [(aiohttp.ClientPayloadError(SECRET), FaultKind.CONNECTION),
     (aiohttp.ServerDisconnectedError(SECRET), FaultKind.CONNECTION),
     (httpx.ReadError(SECRET), FaultKind.CONNECTION), (httpx2.RemoteProtocolError(SECRET), FaultKind.CONNECTION),
     (httpx2.ConnectTimeout(SECRET), FaultKind.CONNECTION), (ConnectionResetError(SECRET), FaultKind.CONNECTION),
     (TimeoutError(SECRET), FaultKind.TIMEOUT), (json.JSONDecodeError(SECRET, "", 0), FaultKind.MALFORMED),
     (KeyError(SECRET), FaultKind.MALFORMED), (MalformedToolArguments(SECRET), FaultKind.TOOL_ARGUMENTS)],
)  # fmt: skip
def test_by_class(error: Exception, kind: FaultKind) -> None:
    fault = classify(error)
    assert (fault.kind, fault.status) == (kind, None)
    assert SECRET not in repr(fault)


def test_what_each_kind_allows() -> None:
    final = {kind for kind in FaultKind if not kind.retryable}
    assert final == {"auth", "quota", "not_found", "overflow", "invalid_request", "content_filter"}
    assert {kind for kind in FaultKind if not kind.may_fall_back} == {"invalid_request"}
    assert {kind for kind in FaultKind if kind.opens_breaker} == {"auth", "quota"}
    assert all(Fault.of(kind).detail for kind in FaultKind)


def test_retry_after_forms() -> None:
    assert retry_after_seconds({"retry-after-ms": "1500", "retry-after": "9"}) == 1.5
    assert retry_after_seconds({"retry-after": "7"}) == 7
    later = retry_after_seconds({"retry-after": format_datetime(datetime.now(UTC) + timedelta(seconds=60))})
    assert later is not None
    assert 50 < later <= 60
    assert retry_after_seconds({"retry-after": "soon"}) is None
    assert retry_after_seconds({"retry-after": "nan"}) is None
    assert retry_after_seconds({}) is None


@pytest.mark.parametrize(
    "value", ["86400", "1e300", "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 -1200"]
)
def test_nobody_is_kept_waiting_for_more_than_an_hour(value: str) -> None:
    """A task waits as long as was asked for, and no clock holds some of these."""
    assert retry_after_seconds({"retry-after": value}) == LONGEST_S == 3600
    assert retry_after_seconds({"retry-after-ms": "1e300"}) == LONGEST_S


@pytest.mark.parametrize("date", [f"Fri, 20 Nov {'9' * 20} 10:00:00 GMT", f"Fri, 20 Nov 2026 10:00:00 +{'9' * 23}"])
def test_a_date_that_no_clock_holds_is_not_read(date: str) -> None:
    assert retry_after_seconds({"retry-after": date}) is None
