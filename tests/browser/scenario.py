"""What every scenario has in common: its arguments, a browser, the console at the end, and the exit status.

    python3 tests/browser/buy.py http://127.0.0.1:8080

Exits with 0 if it passed, 1 with what is wrong, 2 if it was called wrongly.
"""

import argparse
import re
import subprocess
import sys
import traceback

from webdriver import Browser, WebDriverError

PLACED = re.compile(r"Ordered: number (\d+)\.")


class Store:
    """The store under test: its address, and how it is stopped and started."""

    def __init__(self, arguments):
        self.base = arguments.base.rstrip("/")
        self.commands = vars(arguments)

    def url(self, path):
        return self.base + path

    def stop(self):
        self._run("stop")

    def start(self):
        self._run("start")

    def _run(self, name):
        subprocess.run(self.commands[name], shell=True, check=True, timeout=120, stdin=subprocess.DEVNULL)


def run(scenario, stops=False, expected=(), script=True):
    """Runs `scenario(browser, store)`.

    `stops`: it needs --stop and --start. `expected`: patterns of console errors that belong to it.
    """
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("base", help="where the front-end is, as http://127.0.0.1:8080")
    if stops:
        parser.add_argument("--stop", required=True, help="a shell command that stops the front-end and returns")
        parser.add_argument("--start", required=True, help="a shell command that starts it again, on the same port, and returns")
    store = Store(parser.parse_args())
    browser = Browser(script=script)
    try:
        scenario(browser, store)
        check_console(browser, expected)
        print("passed")
    except (AssertionError, WebDriverError, OSError, subprocess.SubprocessError):
        traceback.print_exc()
        sys.exit(1)
    finally:
        browser.quit()


def check_console(browser, expected):
    errors = [message for level, _, message in browser.console() if level == "SEVERE"]
    errors = [message for message in errors if not any(re.search(pattern, message) for pattern in expected)]
    assert not errors, "errors in the console: " + "; ".join(errors)


def card(name):
    """The selector of a product's card."""
    return f'.product[data-name="{name}"]'


def open_shop(browser, store):
    """Opens the shop and waits until its script runs and its stock is live."""
    browser.open(store.url("/"))
    browser.wait("the live mark", lambda: browser.text("#live") == "Live")


def press_buy(browser, name, quantity):
    browser.one(f"{card(name)} input[name=quantity]").type(quantity)
    browser.one(f"{card(name)} .buy button").click()


def answer(browser, name):
    return browser.text(f"{card(name)} .answer p")


def buy(browser, name, quantity, seconds=30):
    """Buys in the open shop, and returns the order's number."""
    press_buy(browser, name, quantity)
    return placed(browser, name, seconds)


def placed(browser, name, seconds=30):
    found = browser.wait(f"an order of {name}", lambda: PLACED.fullmatch(answer(browser, name)), seconds)
    return int(found.group(1))


def stock(browser, name):
    text = browser.text(f"{card(name)} .stock")
    return 0 if text == "Sold out" else int(re.fullmatch(r"(\d+) left", text).group(1))


def node_with(browser, role):
    """The first node in the table with this role, or None."""
    return browser.script(
        """const rows = [...document.querySelectorAll('#nodes tbody tr')];
        const up = (row) => row.querySelector('.state').textContent === 'up';
        return rows.find((row) => up(row) && row.querySelector('[data-field=role]').textContent === arguments[0])?.dataset.node ?? null""",
        role,
    )


def field(browser, node, name):
    """One cell of the table of nodes."""
    return browser.text(f'#nodes tr[data-node="{node}"] [data-field={name}]')
