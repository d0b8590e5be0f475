"""The server's metrics for Prometheus, in a separate registry."""

from __future__ import annotations

import contextlib
from collections import Counter as Tally
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from index.errors import PinciteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from index.library import Library
    from index.serving import Jobs

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counts requests as they arrive, and reads the library when the metrics are requested."""

    def __init__(self, library: Library, jobs: Jobs) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pincite_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "pincite_request_seconds",
            "Duration of requests in seconds.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge("pincite_requests_in_flight", "Requests in progress.", registry=self._registry)
        self._registry.register(_LibraryCollector(library, jobs))
        ProcessCollector(registry=self._registry)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request and its duration."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _LibraryCollector(Collector):
    def __init__(self, library: Library, jobs: Jobs) -> None:
        self._library = library
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of the jobs and, if it can be read, of the library."""
        with contextlib.suppress(PinciteError):
            infos = self._library.documents()
            yield GaugeMetricFamily("pincite_documents", "Documents in the library.", len(infos))
            passages = sum(info.passages for info in infos)
            yield GaugeMetricFamily("pincite_passages", "Passages in the library.", passages)
        states = Tally(job.state for job in self._jobs.recent())
        jobs = GaugeMetricFamily("pincite_jobs", "Recent jobs by state.", labels=("state",))
        for state, number in sorted(states.items()):
            jobs.add_metric((state,), number)
        yield jobs
