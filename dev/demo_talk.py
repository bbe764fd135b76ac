"""The demo's talk with models: a streamed chat turn, and a crew asked the way any OpenAI client asks a model."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

import httpx

from dev.demo_documents import SHOWN
from shared.domain import Domain

CHAT = "/api/chat/messages"
COMPLETIONS = "/v1/chat/completions"
QUESTION = "Quais documentos o plantão confere antes de uma alta?"
CREW_DOMAIN = "exames"
ENDINGS = ("complete", "incomplete")
SHOWN_CHARS = 240
TIMEOUT_S = 60.0


class TalkFailed(Exception):
    """The text says what came instead of an answer."""


def talk(client: httpx.Client, domains: dict[str, Domain]) -> list[str]:
    """Show both as request and answer. Returns the paths of those that did not work."""
    attempts = {CHAT: lambda: chat_turn(client)}
    example = _example(domains)
    if example:
        attempts[COMPLETIONS] = lambda: crew_call(client, example)
    failed = []
    for path, attempt in attempts.items():
        try:
            attempt()
        except TalkFailed as error:
            print(f"    ✗ {error}", flush=True)
            failed.append(path)
        except httpx.HTTPError as error:
            print(f"    ✗ the API does not answer: {type(error).__name__}", flush=True)
            failed.append(path)
    return failed


def chat_turn(client: httpx.Client) -> None:
    """Print the answer as it arrives, then how the stream ended. Raises TalkFailed unless that is `complete`."""
    body = {"content": QUESTION, "stream": True}
    print(f"POST {CHAT} {json.dumps(body, ensure_ascii=False)}\n    ", end="", flush=True)
    began, pieces, left = time.monotonic(), 0, SHOWN_CHARS
    with client.stream("POST", CHAT, json=body) as answer:
        _require_ok(answer)
        for event, data in _events(answer.iter_lines()):
            if event in ENDINGS:
                seconds = time.monotonic() - began
                print(
                    f"\n    ended `{event}`: {pieces} piece(s) in {seconds:.2f} s, by {data['deployment']}", flush=True
                )
                if event == "incomplete":
                    raise TalkFailed(f"incomplete: {data['error']['code']}")
                return
            pieces += event == ""
            print(data["content"][:left].replace("\n", " "), end="", flush=True)
            left = max(0, left - len(data["content"]))
    raise TalkFailed("the stream was cut before it said `complete` or `incomplete`")


def crew_call(client: httpx.Client, example: dict[str, Any]) -> None:
    """Print what the crew answers to the hemogram, as a new task. Raises TalkFailed when it does not."""
    model = f"crew:{CREW_DOMAIN}.{SHOWN}"
    print(f'\nPOST {COMPLETIONS} {{"model": "{model}", "messages": [the hemogram of above, as JSON]}}', flush=True)
    body = {"model": model, "messages": [{"role": "user", "content": json.dumps(example)}]}
    began = time.monotonic()
    # Without a key of its own the same content would be the task of the last demo.
    answer = client.post(COMPLETIONS, json=body, headers={"Idempotency-Key": uuid4().hex})
    _require_ok(answer)
    completion = answer.json()
    about = completion["plantao"]
    alerts = ", ".join(alert["codigo"] for alert in about["alerts"]) or "none"
    print(f"    {_shortened(completion['choices'][0]['message']['content'])}")
    seconds = time.monotonic() - began
    print(f"    alerts: {alerts}; review: {about['review']}; {about['status_url']} ({seconds:.2f} s)", flush=True)


def _example(domains: dict[str, Domain]) -> dict[str, Any] | None:
    event = domains[CREW_DOMAIN].event(SHOWN) if CREW_DOMAIN in domains else None
    return dict(event.example) if event else None


def _require_ok(answer: httpx.Response) -> None:
    if answer.status_code != httpx.codes.OK:
        raise TalkFailed(f"answered {answer.status_code}")


def _events(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and data of each server-sent event; pieces of the answer have no name."""
    name = ""
    for line in lines:
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            yield name, json.loads(line.removeprefix("data:"))
            name = ""


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_CHARS else flat[: SHOWN_CHARS - 1] + "…"
