"""`ports.Accounts` over the store: every attempt's reservation and ledger row, by group commit."""

from __future__ import annotations

import asyncio
from collections import deque
from zoneinfo import ZoneInfo

import structlog

from shared.errors import ServiceUnavailable
from shared.group_commit import GroupCommit
from shared.llm.budgets import charges
from shared.llm.catalogue import Catalogue
from shared.llm.ledger import Opening, book
from shared.llm.ports import AttemptOpened, AttemptSettled

_log = structlog.get_logger(__name__)
_MOST_OWED = 10_000  # beyond, the oldest are left to the sweep


class StoreAccounts:
    """Budgets and the ledger of one process; `commits` knows the operation `ledger.book`."""

    def __init__(self, commits: GroupCommit, catalogue: Catalogue, zone: ZoneInfo) -> None:
        """Days and months of budgets begin at midnight in `zone`."""
        self._commits = commits
        self._limits = catalogue.budgets
        self._zone = zone
        self._owed: deque[AttemptSettled] = deque(maxlen=_MOST_OWED)

    async def open(self, attempt: AttemptOpened) -> None:
        """See `ports.Accounts`. What costs nothing is charged to no budget, and so runs though one is exhausted.

        Cancelling it does not undo it: settle the attempt, or the sweep will.
        """
        moment = attempt.started_at
        charged = charges(self._limits, attempt.context, moment, self._zone) if attempt.reserve_microusd else []
        opening = Opening(attempt, moment.astimezone(self._zone).date(), charged)
        refused = await asyncio.wrap_future(self._commits.submit(book, opening))
        self._catch_up()
        if refused is not None:
            raise refused

    async def settle(self, attempt: AttemptSettled) -> None:
        """See `ports.Accounts`. What the store could not take is offered again as soon as it takes something else."""
        try:
            await asyncio.wrap_future(self._commits.submit(book, attempt))
            self._catch_up()
        except ServiceUnavailable as error:
            self._owed.append(attempt)
            _log.warning("attempt_not_settled", request_id=attempt.id, error=error.slug)
        except Exception as error:  # noqa: BLE001 - the answer is there: a fault of the ledger must not take it away
            _log.error("attempt_not_settled", request_id=attempt.id, error=type(error).__name__)

    def _catch_up(self) -> None:
        """Nobody waits for these any more; whichever is lost again is left to the sweep."""
        while self._owed:
            self._commits.enqueue(book, self._owed.popleft(), None)
