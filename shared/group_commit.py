"""Many threads' writes in one transaction.

A commit costs a disk flush; sixteen callers who wait for the same flush pay for it together. Callers submit
an operation (a function over a whole batch) and one item; whoever leads drains what has gathered, runs each
operation once over its items, commits, and only then answers. Whoever is answered is durable.

A caller that can block leads itself (`write`), which saves two changes of thread; one that cannot (an event loop,
a line that nobody waits for) leaves it to the background thread (`submit`, `enqueue`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

import structlog
from sqlalchemy.engine import Connection

from shared.database import Database
from shared.errors import Overloaded, StoreUnavailable

Operation = Callable[[Connection, Sequence[Any]], Sequence[Any]]
Answer = Callable[[list[tuple[Any, Any, BaseException | None]]], None]


class Commits(Protocol):
    """What those who write need of it."""

    def write(self, operation: Operation, item: Any) -> Any:
        """Durable when it returns."""

    def enqueue(self, operation: Operation, item: Any, waiter: Any) -> None:
        """Written behind the caller's back."""


_log = structlog.get_logger(__name__)
_GATHER_S = 0.002
_BUSY_BATCH = 3


class GroupCommit:
    """Writes of many threads over one database, one batch at a time. Make it after the fork."""

    def __init__(
        self,
        database: Database,
        order: Sequence[Operation],
        *,
        max_batch: int = 1024,
        max_waiting: int = 4096,
        answer: Answer | None = None,
        durable: bool = True,
    ) -> None:
        """`order`: within one transaction, operations run in this order (claims before what claims cause).

        `answer` receives the (waiter, result, error) triples of a batch in the writer thread; without it,
        waiters are `concurrent.futures.Future`s. `durable`: see `Database.write`.
        """
        self._database = database
        self._rank = {operation: rank for rank, operation in enumerate(order)}
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._answer = answer or _answer_each
        self._durable = durable
        self._waiting: deque[tuple[Operation, Any, Any]] = deque()
        self._ready = threading.Condition()
        self._leading = threading.Lock()
        self._closed = False
        self._busy = False
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    def write(self, operation: Operation, item: Any) -> Any:
        """Commit one write and return its result.

        Alone, the caller commits in its own thread. Where many write at once, the first one leads and the background
        thread goes on with what gathered meanwhile. Raises what the operation raised, Overloaded, or StoreUnavailable.
        """
        turn = _Turn()
        self._append(operation, item, turn)
        if not self._busy and self._leading.acquire(blocking=False):
            try:
                self._busy = self._lead() >= _BUSY_BATCH
            finally:
                self._leading.release()
        if self._waiting:
            self._wake()
        return turn.result()

    def submit(self, operation: Operation, item: Any) -> Future[Any]:
        """Queue one write; the future ends after the commit. Raises Overloaded, or StoreUnavailable after `close`."""
        future: Future[Any] = Future()
        self.enqueue(operation, item, future)
        return future

    def enqueue(self, operation: Operation, item: Any, waiter: Any) -> None:
        """As `submit`, with the caller's own waiter for `answer`; None where nobody waits."""
        self._append(operation, item, waiter)
        self._wake()

    def close(self) -> None:
        """Finish what was queued, then stop."""
        with self._ready:
            self._closed = True
            self._ready.notify()
        self._thread.join()

    def _append(self, operation: Operation, item: Any, waiter: Any) -> None:
        with self._ready:
            if self._closed:
                raise StoreUnavailable("o processo está encerrando")
            if waiter is not None and len(self._waiting) >= self._max_waiting:
                raise Overloaded("fila de gravação cheia", retry_after=1)
            self._waiting.append((operation, item, waiter))

    def _wake(self) -> None:
        with self._ready:
            self._ready.notify()

    def _run(self) -> None:
        while self._wait_for_work():
            if self._busy:
                # Under load a moment's patience makes one large commit of several small ones; alone, nobody waits.
                time.sleep(_GATHER_S)
            with self._leading:
                self._busy = self._lead() >= _BUSY_BATCH

    def _wait_for_work(self) -> bool:
        """False once closed and empty."""
        with self._ready:
            while not self._waiting and not self._closed:
                self._ready.wait()
            return bool(self._waiting)

    def _lead(self) -> int:
        """Commit what has gathered and answer it; how much that was. The caller holds `_leading`."""
        with self._ready:
            size = min(len(self._waiting), self._max_batch)
            batch = [self._waiting.popleft() for _ in range(size)]
        if not batch:
            return 0
        batch.sort(key=lambda entry: self._rank[entry[0]])
        try:
            answers = self._commit(batch)
        except BaseException as error:
            # A thread may be stopped from outside in mid-commit; those who wait on its batch must not wait for ever.
            self._answer([(waiter, None, error) for _, _, waiter in batch])
            raise
        self._answer(answers)
        return size

    def _commit(self, batch: list[tuple[Operation, Any, Any]]) -> list[tuple[Any, Any, BaseException | None]]:
        try:
            return self._attempt(batch)
        except StoreUnavailable:
            return self._second_attempt(batch)
        except Exception as error:  # noqa: BLE001 - whatever one item broke must reach its own caller only
            return self._one_by_one(batch, error)

    def _second_attempt(self, batch: list[tuple[Operation, Any, Any]]) -> list[tuple[Any, Any, BaseException | None]]:
        """A pooled connection may have died with the last database; every operation here may run twice."""
        try:
            return self._attempt(batch)
        except StoreUnavailable as error:
            return [(waiter, None, error) for _, _, waiter in batch]
        except Exception as error:  # noqa: BLE001 - as in _commit
            return self._one_by_one(batch, error)

    def _one_by_one(
        self, batch: list[tuple[Operation, Any, Any]], error: Exception
    ) -> list[tuple[Any, Any, BaseException | None]]:
        if len(batch) == 1:
            _log.error("group_commit_failed", operation=batch[0][0].__name__, exc_info=error)
            return [(batch[0][2], None, error)]
        return [triple for entry in batch for triple in self._commit([entry])]

    def _attempt(self, batch: list[tuple[Operation, Any, Any]]) -> list[tuple[Any, Any, BaseException | None]]:
        answers: list[tuple[Any, Any, BaseException | None]] = []
        with self._database.write(durable=self._durable) as connection:
            start = 0
            while start < len(batch):
                operation = batch[start][0]
                end = start
                while end < len(batch) and batch[end][0] is operation:
                    end += 1
                results = operation(connection, [item for _, item, _ in batch[start:end]])
                answers += [
                    (waiter, result, None) for (_, _, waiter), result in zip(batch[start:end], results, strict=True)
                ]
                start = end
        return answers


class _Turn:
    """What a thread waits on: one lock, where a future has four."""

    __slots__ = ("_ended", "_error", "_result")

    def __init__(self) -> None:
        self._ended = threading.Lock()
        self._ended.acquire()
        self._result: Any = None
        self._error: BaseException | None = None

    def end(self, result: Any, error: BaseException | None) -> None:
        self._result, self._error = result, error
        self._ended.release()

    def result(self) -> Any:
        self._ended.acquire()
        if self._error is not None:
            raise self._error
        return self._result


def _answer_each(triples: list[tuple[Any, Any, BaseException | None]]) -> None:
    for waiter, result, error in triples:
        if isinstance(waiter, _Turn):
            waiter.end(result, error)
        else:
            _answer_future(waiter, result, error)


def _answer_future(future: Future[Any] | None, result: Any, error: BaseException | None) -> None:
    """None: nobody waits."""
    if future is None:
        if error is not None:
            _log.warning("unawaited_write_dropped", error=type(error).__name__)
    elif not future.set_running_or_notify_cancel():
        return  # its caller gave up waiting; the write stands
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
