"""A browser on the dashboard: any width and colour scheme, with or without script."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from axe_core_python.selenium import Axe
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from ltv_platform_tests.browser.screen import Screen

#: Below this width, the browser is a phone's.
_PHONE = 500
#: Of axe: what makes a page unusable, or hard to use, for somebody.
_GRAVE = ("serious", "critical")
_FOCUSED = """
    const it = document.activeElement;
    if (!it || it === document.body) return null;
    const style = getComputedStyle(it), box = it.getBoundingClientRect();
    return {
      name: (it.innerText || it.getAttribute('aria-label') || it.name || '').trim().slice(0, 60),
      tag: it.tagName.toLowerCase(),
      field: it.name || '',
      address: it.getAttribute('href') || '',
      outlined: (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)
        || style.boxShadow !== 'none',
      inside: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight
        && box.right > 0 && box.left < innerWidth,
      number: [...document.querySelectorAll('*')].indexOf(it),
    }
"""


@dataclass(frozen=True)
class Focus:
    """The element that has the focus.

    Attributes:
        name: Its text, label or name.
        tag: Its tag.
        field: Its name, if it is part of a form.
        address: Where it leads, if it is a link.
        outlined: Whether something surrounds it.
        inside: Whether some of it is within the window.
        number: Its position in the document.
    """

    name: str
    tag: str
    field: str
    address: str
    outlined: bool
    inside: bool
    number: int


class DashboardScreen(Screen):
    """The browser's window, with what its developer tools can change and see."""

    _NOTED = MappingProxyType({"browser": "ALL", "performance": "ALL"})

    def at(self, address: str) -> "DashboardScreen":
        """Look at another server."""
        self._address = address
        return self

    def look(self, width: int, scheme: str = "light", *, script: bool = True) -> None:
        """Change the window before the next page.

        Args:
            width: CSS pixels; narrow ones are a phone's.
            scheme: ``light`` or ``dark``.
            script: Whether pages may run scripts.
        """
        is_phone = width < _PHONE
        self._tools(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844 if is_phone else 900,
            deviceScaleFactor=1,
            mobile=is_phone,
        )
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self._tools("Emulation.setEmulatedMedia", features=[feature])
        self._tools("Emulation.setScriptExecutionDisabled", value=not script)

    def visit(self, path: str) -> str:
        """Open a page; its text."""
        self._driver.get(self._address + path)
        return self.text

    def full_picture(self, name: str) -> None:
        """Keep the whole page, not only what the window shows."""
        size = self._tools("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        taken = self._tools("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        self._pictures.mkdir(parents=True, exist_ok=True)
        (self._pictures / f"{name}.png").write_bytes(base64.b64decode(taken["data"]))

    def faults(self) -> list[str]:
        """Serious and critical faults that axe-core finds: rule, and the first elements."""
        found = Axe().run(self._driver, options={"resultTypes": ["violations"]})
        return [
            f"{fault['id']} ({fault['impact']}): "
            + "; ".join(str(node["target"]) for node in fault["nodes"][:4])
            + f" of {len(fault['nodes'])}; {_why(fault['nodes'][0])}"
            for fault in found["violations"]
            if fault["impact"] in _GRAVE
        ]

    def overflow(self) -> int:
        """CSS pixels by which the page is wider than the window."""
        script = "const it = document.documentElement; return it.scrollWidth - it.clientWidth"
        return int(self._driver.execute_script(script))

    def requested(self) -> set[str]:
        """Addresses that the browser has asked for since the last call, but for data and itself."""
        events = [
            json.loads(one["message"])["message"] for one in self._driver.get_log("performance")
        ]
        addresses = {
            str(event["params"]["request"]["url"])
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        }
        return {one for one in addresses if not one.startswith(("data:", "about:", "chrome"))}

    def values(self) -> list[tuple[str, str]]:
        """Metric and exact value of every figure of the catalogue on the page."""
        script = """
            return [...document.querySelectorAll('data[data-metric]')]
              .map(one => [one.dataset.metric, one.value])
        """
        return [(str(metric), str(value)) for metric, value in self._driver.execute_script(script)]

    def count(self, css: str) -> int:
        """How many elements match a selector."""
        return len(self._driver.find_elements(By.CSS_SELECTOR, css))

    def evaluate(self, script: str) -> Any:
        """What a script returns."""
        return self._driver.execute_script(script)

    def choose(self, field: str, value: str) -> None:
        """Choose a value of a filter."""
        Select(self._driver.find_element(By.NAME, field)).select_by_value(value)

    def back(self) -> None:
        """Go back to the page before."""
        self._driver.back()

    def press(self, *keys: str) -> None:
        """Press keys, wherever the focus is."""
        ActionChains(self._driver).send_keys(*keys).perform()

    def enter(self) -> None:
        """Press Enter."""
        self.press(Keys.ENTER)

    def tab(self) -> Focus | None:
        """Press Tab; what has the focus then, or None after the last element."""
        self.press(Keys.TAB)
        return self.focus

    @property
    def focus(self) -> Focus | None:
        """What has the focus; None: nothing."""
        found: Mapping[str, Any] | None = self._driver.execute_script(_FOCUSED)
        return None if found is None else Focus(**found)

    def printed(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self._driver.print_page())

    def seconds_to_content(self) -> float:
        """Seconds until the browser has painted the first content of the page."""
        script = "return performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        self.wait(lambda: self._driver.execute_script(script), "the first paint")
        return float(self._driver.execute_script(script)) / 1e3

    def _tools(self, command: str, **arguments: Any) -> Any:
        return self._driver.execute_cdp_cmd(command, arguments)


def _why(node: Mapping[str, Any]) -> str:
    reasons = [*node["any"], *node["all"], *node["none"]]
    return str(reasons[0]["message"]) if reasons else ""
