import asyncio
from functools import partial

import pytest

from assistant.errors import HeyGemmaError
from assistant.lane import LONGEST, Lane


async def test_jobs_run_in_order_and_the_lane_is_busy_until_the_last() -> None:
    done: list[int] = []
    lane = Lane("test", lambda _: None)

    async def job(n: int) -> None:
        await asyncio.sleep(0)
        done.append(n)

    for n in range(3):
        lane.submit(partial(job, n))
    assert lane.busy
    await lane.wait()
    assert (done, lane.busy) == ([0, 1, 2], False)


async def test_a_job_that_fails_is_told_and_the_next_one_runs() -> None:
    errors: list[Exception] = []
    ran = asyncio.Event()
    lane = Lane("test", errors.append)

    async def fail() -> None:
        raise ValueError("no")

    async def work() -> None:
        ran.set()

    lane.submit(fail)
    lane.submit(work)
    await lane.wait()
    assert (str(errors[0]), ran.is_set()) == ("no", True)


async def test_clearing_cancels_the_running_job_and_forgets_the_rest() -> None:
    lane = Lane("test", lambda _: None)
    began, never = asyncio.Event(), asyncio.Event()

    async def block() -> None:
        began.set()
        await asyncio.Event().wait()

    async def after() -> None:
        never.set()

    lane.submit(block)
    lane.submit(after)
    await began.wait()
    lane.clear()
    await lane.wait()
    lane.submit(lambda: asyncio.sleep(0))
    await lane.wait()
    assert not never.is_set()


async def test_a_running_job_that_is_spared_ends_before_what_comes_after_the_clearing() -> None:
    done: list[str] = []
    lane, go_on = Lane("test", lambda _: None), asyncio.Event()

    async def spared() -> None:
        await go_on.wait()
        done.append("spared")

    async def job(name: str) -> None:
        done.append(name)

    lane.submit(spared)
    lane.submit(partial(job, "forgotten"))
    await asyncio.sleep(0)
    lane.clear(spare=spared)
    assert lane.busy
    lane.submit(partial(job, "new"))
    go_on.set()
    async with asyncio.timeout(5):
        await lane.wait()
    assert done == ["spared", "new"]


@pytest.mark.parametrize("runs", [True, False])
async def test_one_job_can_be_taken_back_and_the_others_go_on(*, runs: bool) -> None:
    done: list[str] = []
    lane, go_on = Lane("test", lambda _: None), asyncio.Event()

    async def first() -> None:
        if not runs:
            await go_on.wait()
        done.append("first")

    async def unwanted() -> None:
        await asyncio.sleep(60)
        done.append("unwanted")

    async def last() -> None:
        done.append("last")

    for job in (first, unwanted, last):
        lane.submit(job)
    await asyncio.sleep(0)
    lane.take_back(unwanted)
    go_on.set()
    async with asyncio.timeout(5):
        await lane.wait()
    lane.take_back(first)
    assert done == ["first", "last"]


async def test_a_lane_that_is_stuck_says_so() -> None:
    lane = Lane("test", lambda _: None)
    for _ in range(LONGEST):
        lane.submit(lambda: asyncio.sleep(0))
    with pytest.raises(HeyGemmaError, match="stuck"):
        lane.submit(lambda: asyncio.sleep(0))
    lane.clear()


async def test_a_job_whose_own_work_was_cancelled_is_told_and_the_next_one_runs() -> None:
    """Not the lane was cancelled, but something that the job waited for."""
    errors: list[Exception] = []
    lane = Lane("test", errors.append)
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    gone.cancel()

    async def wait_for_it() -> None:
        await gone

    lane.submit(wait_for_it)
    lane.submit(lambda: asyncio.sleep(0))
    async with asyncio.timeout(5):
        await lane.wait()
    assert len(errors) == 1
