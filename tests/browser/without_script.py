"""Without JavaScript: buy, be told the number, search, look the order up."""

import re

from scenario import card, run


def scenario(browser, store):
    browser.open(store.url("/?search=Elephant"))
    assert len(browser.all(".product")) == 1
    browser.one(f"{card('Elephant')} input[name=quantity]").type(3)
    browser.one(f"{card('Elephant')} .buy button").click()
    browser.one('#result[data-outcome="placed"]')
    link = browser.one("#result .notice a")
    number = re.fullmatch(r"\d+", link.label).group(0)
    browser.open(store.url("/"))
    browser.one("aside .look-up input").type(number)
    browser.one("aside .look-up button").click()
    browser.one(f'#order[data-number="{number}"]')
    browser.open(store.url("/"))
    browser.one(f"{card('Elephant')} input[name=quantity]").type(1000000)
    browser.one(f"{card('Elephant')} .buy button").click()
    browser.one('#result[data-outcome="not-enough"]')


# The answer to an order that is not placed has its status, which Chromium notes as an error.
run(scenario, script=False, expected=[r"status of 409"])
