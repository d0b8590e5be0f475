"""What it costs a browser that has never been here to open a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_QUIET_SECONDS = 1.0
_LONGEST_SECONDS = 30.0
_WATCH = """(() => {
  const look = () => {
    const node = document.querySelector(CONTROL);
    if (node && !node.disabled && node.checkVisibility({ visibilityProperty: true }) && node.clientHeight)
      window.usable = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})()"""


@dataclass(frozen=True, slots=True)
class Weight:
    """What came over the wire, and when, in seconds from the beginning of the navigation."""

    requests: int
    kilobytes: float
    """Of 1,000 bytes, as they were sent, headers included."""
    painted: float
    """First contentful paint."""
    usable: float
    """The control that the page is for can be written into."""


@dataclass  # without slots: Playwright puts an attribute on whatever listens
class _Wire:
    """What the developer tools say of the network; an answer that never ends counts as far as it has come."""

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


def weigh(browser: Browser, url: str, control: str) -> Weight:
    """Open an address with an empty cache, and wait until the network has been quiet for a second.

    `control` is the selector of what has to be there for the page to be of use.
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    try:
        page, wire = context.new_page(), _Wire()
        tools = context.new_cdp_session(page)
        tools.send("Network.enable")
        tools.on("Network.requestWillBeSent", wire.begun)
        tools.on("Network.dataReceived", wire.received)
        tools.on("Network.loadingFinished", wire.finished)
        page.add_init_script(_WATCH.replace("CONTROL", repr(control)))
        began = perf_counter()
        page.goto(url)
        usable = page.wait_for_function("window.usable").json_value()
        while perf_counter() - wire.last < _QUIET_SECONDS and perf_counter() - began < _LONGEST_SECONDS:
            page.wait_for_timeout(100)
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        return Weight(wire.requests, sum(wire.data.values()) / 1000, painted / 1000, usable / 1000)
    finally:
        context.close()
