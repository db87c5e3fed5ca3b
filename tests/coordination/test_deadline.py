"""It ends what takes too long, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from tenantry.coordination.deadline import Deadline


async def test_what_takes_too_long_ends_and_its_task_goes_on() -> None:
    with pytest.raises(TimeoutError), Deadline(0.01):
        await asyncio.Event().wait()
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()
    with Deadline(0.01):
        pass
    await asyncio.sleep(0.05)  # nothing comes later


async def test_a_cancellation_by_somebody_else_stays_one() -> None:
    inside = asyncio.Event()

    async def work(seconds: float) -> None:
        with Deadline(seconds):
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work(60))
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # Both in the same moment.
    task = asyncio.create_task(work(0))
    asyncio.get_running_loop().call_later(0, task.cancel)
    await asyncio.wait([task])
    assert task.cancelled() or isinstance(task.exception(), TimeoutError)


async def test_the_inner_of_two_ends_alone() -> None:
    with Deadline(60), pytest.raises(TimeoutError), Deadline(0):
        await asyncio.Event().wait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            with Deadline(60):
                await asyncio.Event().wait()


async def test_an_error_within_is_its_own() -> None:
    with pytest.raises(ZeroDivisionError), Deadline(60):
        1 / 0  # noqa: B018
