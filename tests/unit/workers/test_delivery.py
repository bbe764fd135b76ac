"""A message is answered at most once, whoever comes first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.workers.runs import Answers


@pytest.mark.parametrize(
    ("calls", "answers"), [(["ack", "requeue", "ack"], [True]), (["requeue", "ack"], [False]), ([], [])]
)
def test_the_first_answer_stands(calls: list[str], answers: list[bool]) -> None:
    got = Answers()
    delivery = got.delivery(b"")
    for call in calls:
        getattr(delivery, call)()
    assert got == answers


def test_threads_that_answer_at_once_give_one_answer() -> None:
    got = Answers()
    delivery = got.delivery(b"")
    together = threading.Barrier(8)

    def answer(number: int) -> None:
        together.wait(60)
        (delivery.ack if number % 2 else delivery.requeue)()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(answer, range(8)))
    assert len(got) == 1
