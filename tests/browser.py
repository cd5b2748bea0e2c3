"""A real browser without a window, driven over the Chrome DevTools Protocol: https://chromedevtools.github.io/devtools-protocol/

It says what a page asked the network for, what stands in its console, where its elements are, and what it looks like.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_WITHIN: Final = 60.0
ANSWER_WITHIN: Final = 30.0
OPTIONS: Final = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-dev-shm-usage", "--hide-scrollbars",
    "--force-color-profile=srgb", "--remote-debugging-port=0", "--password-store=basic",
    # No name is ever looked up: what a page wants from elsewhere is noticed and does not arrive.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
WATCHED: Final = ("Page", "Runtime", "Network", "Log")


def executable() -> str | None:
    """Return where a browser of this kind is; None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Seen:
    """What happened while a page was open."""

    requests: list[str] = field(default_factory=list)
    """Addresses asked for, in order; `data:` and `about:` are none."""
    errors: list[str] = field(default_factory=list)
    """Errors and warnings in the console, and exceptions of scripts."""
    failed: list[str] = field(default_factory=list)
    loaded: asyncio.Event = field(default_factory=asyncio.Event)


class Tab:
    """One page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.seen = Seen()

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._number += 1
        answer = self._answers[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_str(json.dumps({"id": self._number, "method": method, "params": params}))
        return await asyncio.wait_for(answer, ANSWER_WITHIN)

    async def listen(self) -> None:
        """Take answers and events until the browser ends."""
        async for message in self._socket:
            said = json.loads(message.data)
            if answer := self._answers.pop(said.get("id", 0), None):
                if "error" in said:
                    answer.set_exception(RuntimeError(said["error"]["message"]))
                else:
                    answer.set_result(said["result"])
            elif "method" in said:
                self._note(said["method"], said["params"])

    def _note(self, method: str, said: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            url = said["request"]["url"]
            if not url.startswith(("data:", "about:")):
                self.seen.requests.append(url)
        elif method == "Network.loadingFailed" and not said.get("canceled"):
            self.seen.failed.append(said["errorText"])
        elif method == "Runtime.exceptionThrown":
            details = said["exceptionDetails"]
            self.seen.errors.append(str(details.get("exception", {}).get("description") or details["text"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in {"error", "warning", "assert"}:
            self.seen.errors.append(" ".join(str(one.get("value", one)) for one in said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in {"error", "warning"}:
            self.seen.errors.append(said["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.seen.loaded.set()

    async def size(self, width: int, height: int, *, dark: bool = False, scale: float = 1.0) -> None:
        """Be a screen of so many CSS pixels."""
        await self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                        mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def open(self, url: str) -> None:
        """Load `url` and wait until everything on it is there."""
        self.seen = Seen()
        started = await self.call("Page.navigate", url=url)
        assert "errorText" not in started, started
        await asyncio.wait_for(self.seen.loaded.wait(), ANSWER_WITHIN)

    async def show(self, html: str) -> None:
        """Show `html` as a mail program does: from no address of its own."""
        await self.open("about:blank")
        frame = (await self.call("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        self.seen = Seen()
        await self.call("Page.setDocumentContent", frameId=frame, html=html)
        await self.ask("Promise.all([...document.images].map(one => one.decode().catch(() => 0))).then(() => 1)")

    async def ask(self, expression: str) -> Any:
        """Return what a JavaScript expression gives; a promise is waited for."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def until(self, expression: str, within: float = 15.0) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + within
        while not await self.ask(expression):
            assert time.monotonic() < deadline, f"not true within {within:g} s: {expression}"
            await asyncio.sleep(0.05)

    async def picture(self, *, whole: bool = False, height: int = 0) -> bytes:
        """Return the page as PNG: what the screen shows, the whole of it, or its first `height` CSS pixels."""
        size = (await self.call("Page.getLayoutMetrics"))["cssContentSize"]
        more: dict[str, Any] = {}
        if whole or height:
            clip = {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"], "scale": 1}
            more = {"captureBeyondViewport": True, "clip": clip}
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png", **more))["data"])

    async def look(self, png: bytes, *points: tuple[float, float]) -> Look:
        """Return what is to be seen on a picture; `points` in its pixels, negative ones from the right and the bottom."""
        return Look(**await self.ask(_LOOK % (base64.b64encode(png).decode(), json.dumps(points))))


@dataclass
class Look:
    """A picture as its pixels."""

    width: int
    height: int
    colours: int
    """How many different ones, by the upper four bits of each channel."""
    commonest: float
    """Share of the commonest of them."""
    at: list[str]
    """Colours at the points asked for: `#a40e26`."""


_LOOK: Final = """(async () => {
  const bytes = Uint8Array.from(atob("%s"), one => one.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
  const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const data = pen.getImageData(0, 0, image.width, image.height).data, count = new Map();
  for (let i = 0; i < data.length; i += 4) {
    const key = (data[i] >> 4) << 8 | (data[i + 1] >> 4) << 4 | data[i + 2] >> 4;
    count.set(key, (count.get(key) || 0) + 1);
  }
  const hex = ([x, y]) => "#" + [...pen.getImageData((x + image.width) %% image.width, (y + image.height) %% image.height, 1, 1)
    .data.slice(0, 3)].map(one => one.toString(16).padStart(2, "0")).join("");
  return {width: image.width, height: image.height, colours: count.size,
          commonest: 4 * Math.max(...count.values()) / data.length, at: %s.map(hex)};
})()"""

CUT: Final = """(() => {
  const wide = document.documentElement.clientWidth, found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, text = node.textContent.trim(), around = node.parentElement;
    if (!text || !around.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1 && box.right > 0 && (box.left < -1 || box.right > wide + 1)) found.push(text.slice(0, 60));
    for (let one = around; one; one = one.parentElement)
      if (getComputedStyle(one).overflowX !== "visible" && one.clientWidth && one.scrollWidth > one.clientWidth + 1)
        found.push("in " + one.tagName + ": " + text.slice(0, 60));
  }
  return [...new Set(found)];
})()"""
"""Texts that reach beyond the screen to the side, or beyond a box that cuts them off; what lies wholly to the left of it
is there for readers of screens."""

PALE: Final = """(() => {
  const channel = one => (one /= 255) <= .04045 ? one / 12.92 : ((one + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  const parts = text => text.match(/[\\d.]+/g).map(Number), found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), around = walker.currentNode.parentElement;
    if (!text || !around.checkVisibility() || around.closest("svg")) continue;
    let ground = [255, 255, 255];
    for (let one = around; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) { ground = colour; break; }
    }
    const [low, high] = [light(parts(getComputedStyle(around).color)), light(ground)].sort((a, b) => a - b);
    if ((high + .05) / (low + .05) < 4.5) found.push(text.slice(0, 60));
  }
  return found;
})()"""
"""Texts with a contrast below 4.5 to what they stand on (WCAG 2.2, 1.4.3)."""


@asynccontextmanager
async def browser() -> AsyncIterator[Tab]:
    """A browser with one empty page; it and its files are gone afterwards.

    Raises FileNotFoundError where there is none, or what bears its name ends at once.
    """
    found = executable()
    if found is None:
        raise FileNotFoundError("no chromium on the path; on Debian: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="tocsin-browser-", ignore_cleanup_errors=True) as folder:
        profile = Path(folder)
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses to be root with one
        process = subprocess.Popen(
            [found, *OPTIONS, *sandbox, f"--user-data-dir={profile}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=(profile / "stderr").open("wb"),
            start_new_session=True, env={**os.environ, "HOME": folder},
        )  # fmt: skip
        try:
            port = await _port(process, profile)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    pages = [one for one in await answer.json(content_type=None) if one["type"] == "page"]
                async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    tab = Tab(socket)
                    listening = asyncio.create_task(tab.listen())
                    for domain in WATCHED:
                        await tab.call(f"{domain}.enable")
                    yield tab
                    listening.cancel()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its own session: the browser and its children
            process.wait()


async def _port(process: subprocess.Popen[bytes], profile: Path) -> str:
    """Return the port at which the browser listens: it writes it down when it is ready."""
    deadline, written = time.monotonic() + START_WITHIN, profile / "DevToolsActivePort"
    while not (written.exists() and written.read_text().strip()):
        if process.poll() is not None:
            raise FileNotFoundError((profile / "stderr").read_text(errors="replace")[-500:].strip())
        assert time.monotonic() < deadline, "the browser does not start"
        await asyncio.sleep(0.05)
    return written.read_text().splitlines()[0]
