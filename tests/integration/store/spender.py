"""A process that spends: `python -m tests.integration.store.spender URL CALLS`. Writes `open` once it has an attempt
open that it will not settle before its input ends; whoever started it may kill it there.
"""

from __future__ import annotations

import asyncio
import sys

from shared.database import Database
from shared.llm.errors import BudgetExhausted
from tests.integration.store.spending import accounts, context, limit, opened, settled

LIMITS = (limit("tenant", "0.01"), limit("client", "0.006"), limit("domain", "0.005", period="month"))
RESERVED, COST, LEFT_OPEN = 90, 55, 70


async def spend(url: str, calls: int) -> None:
    database = Database(url)
    with accounts(database, *LIMITS) as books:

        async def call(number: int) -> None:
            attempt = opened(
                RESERVED, context(client=f"c{number % 3}", domain=("exames", "opme", None)[number % 4 % 3])
            )
            try:
                await books.open(attempt)
            except BudgetExhausted:
                return
            await books.settle(settled(attempt, COST))

        await asyncio.gather(*(call(number) for number in range(calls)))
        last = opened(LEFT_OPEN)
        await books.open(last)
        sys.stdout.write("open\n")
        sys.stdout.flush()
        sys.stdin.read()
        await books.settle(settled(last, COST))
    database.close()


if __name__ == "__main__":
    asyncio.run(spend(sys.argv[1], int(sys.argv[2])))
