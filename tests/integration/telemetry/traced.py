"""A process whose operator turned tracing on: `python -m tests.integration.telemetry.traced`.

It serves a chat and a foreign client, runs a crew, and prints every span that was made, whoever made it.
"""

from __future__ import annotations

import json
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

# Before anything of ours is imported: what would be switched off by us must not be what this process listens with.
EXPORTER = InMemorySpanExporter()
PROVIDER = TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(EXPORTER))
trace.set_tracer_provider(PROVIDER)

import httpx  # noqa: E402

from handlers.registry import load_handlers  # noqa: E402
from shared.llm.blocking import process_gateway  # noqa: E402
from tests.acceptance.canaries import planted  # noqa: E402
from tests.acceptance.hospital import DOMAINS, example  # noqa: E402
from tests.acceptance.named_patient import PATIENT, QUESTION  # noqa: E402
from tests.integration.openai.surface import listening  # noqa: E402
from tests.unit.crews.support import RecordingRun  # noqa: E402


def main() -> None:
    with listening() as base:
        _talk(base)
    opinion = _crew()
    with trace.get_tracer("test").start_as_current_span("proof that spans are kept"):
        pass
    spans = [json.loads(span.to_json()) for span in EXPORTER.get_finished_spans()]
    sys.stdout.write(json.dumps({"opinion": opinion, "spans": spans}) + "\n")


def _talk(base: str) -> None:
    with httpx.Client(base_url=base.removesuffix("/v1"), timeout=60) as client:
        conversation = (
            client.post("/api/chat/conversations", json={"paciente": PATIENT}).raise_for_status().json()["id"]
        )
        for stream in (False, True):
            body = {"conversation_id": conversation, "content": QUESTION, "stream": stream}
            client.post("/api/chat/messages", json=body).raise_for_status()
            said = [{"role": "user", "content": QUESTION}]
            body = {"model": "padrao", "messages": said, "stream": stream}
            client.post("/v1/chat/completions", json=body).raise_for_status()


def _crew() -> str:
    event = DOMAINS["exames"].event("hemograma")
    assert event is not None
    request = event.request.model_validate(planted(example("exames.hemograma").body))
    handler = load_handlers(DOMAINS["exames"], ["handlers"])["hemograma"]
    run = RecordingRun()
    result = handler.respond(request, handler.evaluate(request, run), run)
    process_gateway().close()
    return str(result["parecer"]["texto"])


if __name__ == "__main__":
    main()
