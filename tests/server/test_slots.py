"""Slots for concurrent work are shared fairly among clients."""

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
    """Run on asyncio, the only event loop that the server uses."""
    return "asyncio"


async def settled() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


class Workload:
    """Requests of clients, each of which runs until the test ends it."""

    def __init__(self, slots: Slots, group: anyio.abc.TaskGroup) -> None:
        self.slots = slots
        self.group = group
        self.running: list[str] = []
        self.finish_events: dict[str, anyio.Event] = {}

    async def start(self, *names: str) -> None:
        """Start requests; a name begins with the letter of its client."""
        for name in names:
            self.finish_events[name] = anyio.Event()
            self.group.start_soon(self._work, name)
            await settled()

    async def finish(self, name: str) -> None:
        """End a request."""
        self.finish_events[name].set()
        await settled()

    async def _work(self, name: str) -> None:
        async with self.slots.slot(name[0]):
            self.running.append(name)
            await self.finish_events[name].wait()
            self.running.remove(name)


async def test_share_of_a_client_leaves_a_quarter() -> None:
    """One client gets three quarters of the slots at most, if there is more than one."""
    assert [Slots(count).share for count in (1, 2, 4, 16)] == [1, 1, 3, 12]


async def test_share_of_a_client_can_be_set_lower() -> None:
    """For long work it takes more than two clients to use all slots."""
    async with anyio.create_task_group() as group:
        workload = Workload(Slots(4, share=1), group)
        await workload.start("a1", "a2", "b1", "c1", "d1", "e1")
        assert workload.running == ["a1", "b1", "c1", "d1"]
        group.cancel_scope.cancel()


async def test_waiting_clients_take_turns() -> None:
    """The client with the fewest slots is next; among equals, the one that has waited longest."""
    async with anyio.create_task_group() as group:
        workload = Workload(Slots(4), group)
        await workload.start("a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "c1")
        assert workload.running == ["a1", "a2", "a3", "b1"]
        await workload.finish("a1")
        assert workload.running[-1] == "c1"
        await workload.finish("a2")
        assert sorted(workload.running) == ["a3", "a4", "b1", "c1"]
        await workload.finish("b1")
        assert workload.running[-1] == "b2"
        await workload.finish("b2")
        assert workload.running[-1] == "b3"
        group.cancel_scope.cancel()


async def test_single_client_is_served_in_order() -> None:
    """It uses as many slots as its share and releases them all."""
    done: list[int] = []
    slots = Slots(4)
    async with anyio.create_task_group() as group:
        for n in range(50):
            group.start_soon(slots.run, "a", done.append, n)
    assert sorted(done) == list(range(50))
    async with slots.slot("b"), slots.slot("b"), slots.slot("b"):
        pass  # all slots were released


async def test_caller_without_address_may_use_all_slots() -> None:
    """A library that is used in the same process has no address."""
    slots = Slots(4)
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(slots.slot(""))


async def test_too_many_waiting_requests_of_a_client_are_refused() -> None:
    """Another client may still wait."""
    async with anyio.create_task_group() as group:
        workload = Workload(Slots(2, waiting=2), group)
        await workload.start("a1", "a2", "a3")
        with pytest.raises(TooBusy):
            async with workload.slots.slot("a"):
                pass
        await workload.start("b1", "b2")
        assert workload.running == ["a1", "b1"]
        group.cancel_scope.cancel()


async def test_cancelled_request_releases_its_place_and_slot() -> None:
    """Neither a waiting nor a running request keeps anything."""
    slots = Slots(1)
    async with slots.slot("a"):
        for client in ("a", "b"):
            with anyio.move_on_after(0):
                async with slots.slot(client):
                    raise AssertionError
    with anyio.fail_after(20):
        async with slots.slot("b"):
            pass


async def test_slot_given_to_a_cancelled_request_is_passed_on() -> None:
    """A slot is not lost if its request is cancelled in the same moment."""
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


async def test_thread_keeps_its_slot_until_it_ends() -> None:
    """It does so even if its client has gone; otherwise more threads than slots would run."""
    slots, begun, finish = Slots(1), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert finish.wait(30)

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
        finish.set()
    assert entered == ["b"]


def test_client_is_identified_by_its_address() -> None:
    """The guard found the address, which may stand for a network; a call within this process has none."""
    assert client_of({"client": ("192.0.2.7", 1234)}) == "192.0.2.7"
    assert client_of({"client": None}) == client_of({}) == ""
