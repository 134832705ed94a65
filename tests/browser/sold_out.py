"""Ask for too much and be told how much is left; buy all that is left and see it sold out."""

import re

from scenario import answer, buy, open_shop, press_buy, run, stock

# The catalog restocks what is sold out, perhaps just after the sale.
ROUNDS = 3

WATCH = """
window.seen = [];
const stock = [...document.querySelectorAll('.product')].find((card) => card.dataset.name === arguments[0]).querySelector('.stock');
new MutationObserver(() => window.seen.push(stock.textContent)).observe(stock, { childList: true, characterData: true, subtree: true });
"""


def scenario(browser, store):
    open_shop(browser, store)
    press_buy(browser, "Kite", 1000000)
    browser.wait("how many are left", lambda: re.fullmatch(r"Only \d+ left\.", answer(browser, "Kite")))
    assert answer(browser, "Kite") == f"Only {stock(browser, 'Kite')} left."
    browser.script(WATCH, "Kite")
    for _ in range(ROUNDS):
        left = browser.wait("pieces to buy", lambda: stock(browser, "Kite"))
        buy(browser, "Kite", left)
        browser.wait("the stock to change", lambda: browser.script("return window.seen.length"))
        if browser.script("return window.seen.includes('Sold out')"):
            return
    raise AssertionError(f"never sold out: {browser.script('return window.seen')}")


run(scenario, expected=[r"/orders - Failed to load resource: the server responded with a status of 409"])
