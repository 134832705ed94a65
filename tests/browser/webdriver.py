"""A WebDriver client for headless Chromium, of the standard library alone.

Needs chromium and chromedriver (Debian: chromium, chromium-driver); $CHROMIUM and $CHROMEDRIVER name others.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
POLL_S = 0.05


class WebDriverError(Exception):
    """What chromedriver refused, as it says it."""


class Browser:
    """One headless browser with a profile of its own, ended by `quit`."""

    def __init__(self, width=1280, height=900, script=True, dark=False):
        self.profile = tempfile.mkdtemp(prefix="toystore-browser-")
        self.driver = subprocess.Popen(
            [os.environ.get("CHROMEDRIVER", "chromedriver"), "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            self.root = f"http://127.0.0.1:{self._port()}"
            self.session = f"{self.root}/session"
            self.session += "/" + self._call("POST", "", self._wishes(width, height, script, dark))["sessionId"]
        except BaseException:
            self.quit()
            raise

    def _port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found.group(1))
        raise WebDriverError("chromedriver ended without a port")

    def _wishes(self, width, height, script, dark):
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--hide-scrollbars", "--force-device-scale-factor=1",
            f"--window-size={width},{height}", f"--user-data-dir={self.profile}",
        ]
        options = {"args": arguments, "binary": os.environ.get("CHROMIUM", "/usr/bin/chromium")}
        if dark:
            arguments.append("--force-dark-mode")
        if not script:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        return {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}}

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.session + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise WebDriverError(f"{value['error']}: {value['message'].splitlines()[0]}") from None

    def quit(self):
        """Ends the browser and its driver, and removes the profile."""
        try:
            if self.session.count("/") > 3:
                self._call("DELETE", "")
        except (AttributeError, OSError, WebDriverError):
            pass
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def reload(self):
        self._call("POST", "/refresh", {})

    def window(self):
        return self._call("GET", "/window")

    def new_window(self):
        """Opens a second tab and goes there. Returns its handle."""
        handle = self._call("POST", "/window/new", {"type": "tab"})["handle"]
        self.go_to(handle)
        return handle

    def go_to(self, handle):
        self._call("POST", "/window", {"handle": handle})

    def script(self, text, *arguments):
        return self._call("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def cdp(self, command, **parameters):
        """Sends a command of Chromium's own protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def all(self, css):
        return [Element(self, found[ELEMENT]) for found in self._call("POST", "/elements", {"using": "css selector", "value": css})]

    def one(self, css, seconds=10):
        """The first element that matches, waiting for it."""
        return self.wait(f"an element {css}", lambda: next(iter(self.all(css)), None), seconds)

    def text(self, css):
        """The text of the first element that matches, or an empty text."""
        return self.script("return document.querySelector(arguments[0])?.textContent.trim() ?? ''", css)

    def wait(self, what, probe, seconds=20):
        """Polls until `probe` gives something true, and returns it."""
        deadline = time.monotonic() + seconds
        while True:
            found = probe()
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what}; the page says: {' '.join(self.text('main').split())[:600]}")
            time.sleep(POLL_S)

    def screenshot(self):
        """What is shown, as PNG in base64."""
        return self._call("GET", "/screenshot")

    def console(self):
        """What the console got since the last call, as (level, source, message)."""
        return [(e["level"], e.get("source", ""), e["message"]) for e in self._call("POST", "/se/log", {"type": "browser"})]


class Element:
    def __init__(self, browser, element):
        self.browser = browser
        self.element = element

    def click(self):
        self.browser._call("POST", f"/element/{self.element}/click", {})

    def type(self, text):
        """Types instead of what is there."""
        self.browser._call("POST", f"/element/{self.element}/clear", {})
        self.browser._call("POST", f"/element/{self.element}/value", {"text": str(text)})

    @property
    def label(self):
        return self.browser._call("GET", f"/element/{self.element}/computedlabel")
