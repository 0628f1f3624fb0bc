"""A headless Chromium on the UI: opens pages, clicks, waits for words, takes screenshots.

Selenium, because it speaks the W3C protocol to whatever Chromium and chromedriver the system has;
other libraries want a browser build of their own.
"""

import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

#: Seconds that a page gets to show something, on a machine that does other things as well.
PATIENCE = 40.0
_LOOK = 0.3
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1500,1300",
)


class Screen:
    """The browser's window.

    Args:
        chromium: The browser's program.
        chromedriver: Its driver's.
        profile: An empty folder for its profile.
        address: Of the UI.
        pictures: Folder of the screenshots.
    """

    #: What the browser notes for :meth:`problems`.
    _NOTED: Mapping[str, str] = MappingProxyType({"browser": "ALL"})

    def __init__(
        self, chromium: str, chromedriver: str, profile: Path, address: str, pictures: Path
    ) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", dict(self._NOTED))
        self._driver = webdriver.Chrome(options=options, service=Service(chromedriver))
        self._address = address
        self._pictures = pictures

    def close(self) -> None:
        """End the browser."""
        self._driver.quit()

    def open(self, path: str, *words: str) -> str:
        """Open a page and wait for words on it; its text."""
        self._driver.get(self._address + path)
        return self.wait_for(*words)

    @property
    def text(self) -> str:
        """All words that the page shows."""
        return str(self._driver.execute_script("return document.body.innerText"))

    @property
    def address(self) -> str:
        """Path and query of the page."""
        return str(self._driver.current_url).removeprefix(self._address)

    def wait_for(self, *words: str, seconds: float = PATIENCE) -> str:
        """Wait until the page shows all of the words; its text."""
        self.wait(lambda: all(word in self.text for word in words), f"{words}", seconds)
        return self.text

    def wait(self, holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
        """Wait until something holds; else a picture and the words tell what was there."""
        give_up = time.monotonic() + seconds
        while not self._tried(holds):
            if time.monotonic() > give_up:
                self.picture("unexpected")
                raise AssertionError(f"{what} did not come within {seconds} s:\n{self.text}")
            time.sleep(_LOOK)

    def click(self, xpath: str) -> None:
        """Click the first element of an XPath, as soon as there is one that can be clicked."""

        def clicked() -> bool:
            self._driver.find_element(By.XPATH, xpath).click()
            return True

        self.wait(clicked, xpath)

    def write(self, xpath: str, words: str) -> None:
        """Replace the text of a field, and press Enter."""

        def written() -> bool:
            field = self._driver.find_element(By.XPATH, xpath)
            field.click()
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(words, Keys.ENTER)
            return True

        self.wait(written, xpath)

    def show(self, xpath: str) -> None:
        """Scroll an element into the middle of the window."""
        self.wait(
            lambda: self._driver.execute_script(
                "arguments[0].scrollIntoView({block: 'center'}); return true",
                self._driver.find_element(By.XPATH, xpath),
            ),
            xpath,
        )

    def images(self) -> list[tuple[int, int]]:
        """Width and height on the page of every image that is drawn from data and complete."""
        script = """
            return [...document.querySelectorAll('img[src^="data:image/svg"]')]
              .filter(image => image.complete && image.naturalWidth > 0)
              .map(image => [image.width, image.height])
        """
        return [(int(width), int(height)) for width, height in self._driver.execute_script(script)]

    def picture(self, name: str) -> None:
        """Keep what the window shows."""
        self._pictures.mkdir(parents=True, exist_ok=True)
        self._driver.save_screenshot(str(self._pictures / f"{name}.png"))

    def problems(self) -> list[str]:
        """Errors of the browser's console since the last look, and notices on the page."""
        severe = [
            str(entry["message"])
            for entry in self._driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]
        notices = self._driver.execute_script(
            """
            return [...document.querySelectorAll(
              '[role=alert], [role=alertdialog], [class*=toast i], [class*=Toaster] > *')]
              .map(notice => notice.innerText).filter(words => words.trim())
            """
        )
        said = re.findall(r".*(?:deprecat|superseded).*", self.text, re.IGNORECASE)
        return [*severe, *map(str, notices), *said]

    def _tried(self, holds: Callable[[], object]) -> bool:
        """The page may change between finding an element and using it."""
        try:
            return bool(holds())
        except WebDriverException:
            return False
