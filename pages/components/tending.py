"""What the server does by itself, at its start and then every hour."""

from __future__ import annotations

import asyncio
import contextlib

from data import sandbox
from pages.components.depots import clear_out
from pages.components.engine import refresh

ROUND_SECONDS = 3600.0


async def tend() -> None:
    """Make a confined process ready, then every hour, until cancelled: clear out the store, ask the engine again."""
    await asyncio.to_thread(sandbox.prepare)
    while True:
        await asyncio.to_thread(clear_out)
        await asyncio.to_thread(refresh)
        await asyncio.sleep(ROUND_SECONDS)


async def stop_tending(task: asyncio.Task[None]) -> None:
    """End the rounds and the confined process that waits for a file."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    await asyncio.to_thread(sandbox.release)
