"""Threads of Pincite's own, each of which computes on one core.

Threads that share one forward pass wait for the last of them after each layer: where others are at work, too, that made
a question wait thirty times as long as it took. `torch.set_num_threads` would keep a pass to one core, but it also sets
the number for the caller's threads. The limit of OpenMP, under torch, belongs to the thread that sets it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def one_core_threads(workers: int, name: str) -> ThreadPoolExecutor:
    """A pool of so many threads; what torch computes in one of them runs on one core."""
    return ThreadPoolExecutor(workers, name, initializer=_keep_to_one_core)


def _keep_to_one_core() -> None:
    """Limit the calling thread. Where torch was built without OpenMP, nothing is limited, and nothing breaks."""
    import torch
    from threadpoolctl import ThreadpoolController

    torch.get_num_threads()  # gives a new thread the number that the caller has set; the limit has to come after it
    ThreadpoolController().select(user_api="openmp").limit(limits=1)
