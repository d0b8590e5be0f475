"""Thread pools in which each thread computes on one core.

Threads that share a forward pass wait for the slowest of them after each layer. On a busy machine a question took
thirty times as long for that. `torch.set_num_threads` would keep a pass to one core, but it also sets the number for
the caller's threads. The limit of OpenMP, which torch uses, belongs to the thread that sets it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def one_core_threads(workers: int, name: str) -> ThreadPoolExecutor:
    """Return a pool of threads; torch uses one core in each of them."""
    return ThreadPoolExecutor(workers, name, initializer=_keep_to_one_core)


def _keep_to_one_core() -> None:
    """Limit the calling thread to one core. If torch was built without OpenMP, this does nothing."""
    import torch
    from threadpoolctl import ThreadpoolController

    torch.get_num_threads()  # sets the caller's number in a new thread; the limit must come after it
    ThreadpoolController().select(user_api="openmp").limit(limits=1)
