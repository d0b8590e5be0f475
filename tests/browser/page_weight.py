"""Measures what a page load costs a browser with an empty cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_QUIET_SECONDS = 1.0
_LONGEST_SECONDS = 30.0
_WATCH = """(() => {
  const accepts = (node) =>
    !node.disabled && node.checkVisibility({ visibilityProperty: true }) && node.clientHeight > 0;
  const check = () => {
    if (!window.typed && [...document.querySelectorAll("textarea")].some(accepts)) window.typed = performance.now();
    const node = document.querySelector(CONTROL);
    if (node && accepts(node)) window.usable = performance.now();
    else requestAnimationFrame(check);
  };
  check();
})()"""


@dataclass(frozen=True, slots=True)
class Weight:
    """Network traffic of a page load, and times in seconds from the start of the navigation."""

    requests: int
    kilobytes: float
    """Units of 1,000 bytes as sent, with headers."""
    painted: float
    """First contentful paint."""
    typed: float
    """Time until a text can be typed, which is kept."""
    usable: float
    """Time until the main control accepts input."""


class Line(NamedTuple):
    """A slow line, as the developer tools emulate it."""

    bytes_per_second: int
    seconds: float
    """Added to each request."""


@dataclass  # without slots, because Playwright sets an attribute on its listeners
class _Traffic:
    """Network events of the developer tools; of an endless response, the bytes so far are counted."""

    requests: int = 0
    data: dict[str, float] = field(default_factory=dict)
    last: float = field(default_factory=perf_counter)

    def begun(self, event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith(("data:", "blob:")):
            self.requests += 1
            self.last = perf_counter()

    def received(self, event: dict[str, Any]) -> None:
        identity = event["requestId"]
        self.data[identity] = self.data.get(identity, 0) + event["encodedDataLength"]
        self.last = perf_counter()

    def finished(self, event: dict[str, Any]) -> None:
        self.data[event["requestId"]] = event["encodedDataLength"]
        self.last = perf_counter()


def weigh(browser: Browser, url: str, control: str, line: Line | None = None) -> Weight:
    """Open a URL with an empty cache and wait until the network has been quiet for a second.

    `control` is the selector of the main control, which must accept input.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page, traffic = context.new_page(), _Traffic()
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        if line:
            speed, latency = line.bytes_per_second, 1000 * line.seconds
            conditions = {"offline": False, "latency": latency, "downloadThroughput": speed, "uploadThroughput": speed}
            tools.send("Network.emulateNetworkConditions", conditions)
        tools.on("Network.requestWillBeSent", traffic.begun)
        tools.on("Network.dataReceived", traffic.received)
        tools.on("Network.loadingFinished", traffic.finished)
        page.add_init_script(_WATCH.replace("CONTROL", repr(control)))
        began = perf_counter()
        page.goto(url)
        usable = page.wait_for_function("window.usable").json_value()
        while perf_counter() - traffic.last < _QUIET_SECONDS and perf_counter() - began < _LONGEST_SECONDS:
            page.wait_for_timeout(100)
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        typed = page.evaluate("window.typed")
        kilobytes = sum(traffic.data.values()) / 1000
        return Weight(traffic.requests, kilobytes, painted / 1000, typed / 1000, usable / 1000)
    finally:
        context.close()
