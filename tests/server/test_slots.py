"""Slots are shared fairly: who comes last is not last, and nobody has all of them."""

from __future__ import annotations

import threading
from contextlib import AsyncExitStack

import anyio
import anyio.abc
import anyio.lowlevel
import anyio.to_thread
import pytest

from index.errors import TooBusy
from index.server.limits import Slots, client_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The only loop on which servers run it."""
    return "asyncio"


async def settled() -> None:
    """Until whoever can go on has gone on."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


class Floor:
    """Clients at work, each until it is told to end."""

    def __init__(self, slots: Slots, group: anyio.abc.TaskGroup) -> None:
        self.slots = slots
        self.group = group
        self.at_work: list[str] = []
        self.ends: dict[str, anyio.Event] = {}

    async def ask(self, *names: str) -> None:
        """Each name begins with its client's letter."""
        for name in names:
            self.ends[name] = anyio.Event()
            self.group.start_soon(self._work, name)
            await settled()

    async def end(self, name: str) -> None:
        """Let it be done."""
        self.ends[name].set()
        await settled()

    async def _work(self, name: str) -> None:
        async with self.slots.slot(name[0]):
            self.at_work.append(name)
            await self.ends[name].wait()
            self.at_work.remove(name)


@pytest.mark.parametrize(("count", "share"), [(1, 1), (2, 1), (4, 3), (16, 12)])
async def test_no_client_may_have_all(count: int, share: int) -> None:
    """A quarter is kept for others, where there is more than one."""
    assert Slots(count).share == share


async def test_a_share_may_be_smaller() -> None:
    """Where work is long and costs little, it takes more clients than two to have all slots."""
    async with anyio.create_task_group() as group:
        floor = Floor(Slots(4, share=1), group)
        await floor.ask("a1", "a2", "b1", "c1", "d1", "e1")
        assert floor.at_work == ["a1", "b1", "c1", "d1"]
        group.cancel_scope.cancel()


async def test_a_newcomer_finds_a_slot() -> None:
    """However many requests another client has sent."""
    async with anyio.create_task_group() as group:
        floor = Floor(Slots(4), group)
        await floor.ask("a1", "a2", "a3", "a4", "a5")
        assert floor.at_work == ["a1", "a2", "a3"]
        await floor.ask("b1")
        assert floor.at_work == ["a1", "a2", "a3", "b1"]
        group.cancel_scope.cancel()


async def test_those_who_wait_take_turns() -> None:
    """Whoever has fewest slots is next; then whoever has waited longest."""
    async with anyio.create_task_group() as group:
        floor = Floor(Slots(4), group)
        await floor.ask("a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "c1")
        assert floor.at_work == ["a1", "a2", "a3", "b1"]
        await floor.end("a1")
        assert floor.at_work[-1] == "c1"
        await floor.end("a2")
        assert sorted(floor.at_work) == ["a3", "a4", "b1", "c1"]
        await floor.end("b1")
        assert floor.at_work[-1] == "b2"
        await floor.end("b2")
        assert floor.at_work[-1] == "b3"
        group.cancel_scope.cancel()


async def test_who_is_alone_is_served_in_order_and_completely() -> None:
    """With as many slots as its share."""
    done: list[int] = []
    slots = Slots(4)
    async with anyio.create_task_group() as group:
        for n in range(50):
            group.start_soon(slots.run, "a", done.append, n)
    assert sorted(done) == list(range(50))
    async with slots.slot("b"), slots.slot("b"), slots.slot("b"):
        pass  # nothing is held any more


async def test_without_an_address_all_slots_are_one_client_s() -> None:
    """As where a library is asked in the same process."""
    slots = Slots(4)
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(slots.slot(""))


async def test_too_many_who_wait_are_refused() -> None:
    """Of one client; another one still may wait."""
    async with anyio.create_task_group() as group:
        floor = Floor(Slots(2, waiting=2), group)
        await floor.ask("a1", "a2", "a3")
        with pytest.raises(TooBusy):
            async with floor.slots.slot("a"):
                pass
        await floor.ask("b1", "b2")
        assert floor.at_work == ["a1", "b1"]
        group.cancel_scope.cancel()


async def test_who_goes_away_leaves_the_queue_and_its_slot() -> None:
    """Neither who waits nor who works keeps anything."""
    slots = Slots(1)
    async with slots.slot("a"):
        for client in ("a", "b"):
            with anyio.move_on_after(0):
                async with slots.slot(client):
                    raise AssertionError
    with anyio.fail_after(20):
        async with slots.slot("b"):
            pass


async def test_who_is_called_while_it_goes_away_passes_the_slot_on() -> None:
    """A slot that is given in the same moment in which nobody wants it is not lost."""
    slots = Slots(1)
    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope()

        async def wait() -> None:
            with scope:
                async with slots.slot("b"):
                    await anyio.sleep_forever()

        async with slots.slot("a"):
            group.start_soon(wait)
            await settled()
        scope.cancel()
    with anyio.fail_after(20):
        async with slots.slot("c"):
            pass


async def test_a_thread_keeps_its_slot_until_its_end() -> None:
    """Also where its client has gone: else there would be more at work than slots."""
    slots, begun, end = Slots(1), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert end.wait(30)

    entered: list[str] = []

    async def another() -> None:
        async with slots.slot("b"):
            entered.append("b")

    async with anyio.create_task_group() as group:
        scope = anyio.CancelScope()

        async def abandoned() -> None:
            with scope:
                await slots.run("a", work)

        group.start_soon(abandoned)
        await anyio.to_thread.run_sync(begun.wait, 30)
        scope.cancel()
        group.start_soon(another)
        await settled()
        assert entered == []
        end.set()
    assert entered == ["b"]


def test_a_client_is_an_address() -> None:
    """The one that the guard has found, which may stand for a network; or none, within this process."""
    assert client_of({"client": ("192.0.2.7", 1234)}) == "192.0.2.7"
    assert client_of({"client": None}) == client_of({}) == ""
