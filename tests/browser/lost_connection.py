"""The store is gone while somebody buys: the page asks on under the same key, over a reload, and it is one order."""

from scenario import answer, card, open_shop, placed, press_buy, run, stock

KEYS = "return JSON.parse(localStorage.getItem('toystore.orders')).map((order) => order.key)"


def scenario(browser, store):
    open_shop(browser, store)
    before = stock(browser, "Gopher")
    store.stop()
    press_buy(browser, "Gopher", 2)
    browser.wait("the retry to be told", lambda: answer(browser, "Gopher").startswith("No answer yet; asking again under the same key"))
    browser.wait("a third attempt", lambda: browser.text(f"{card('Gopher')} .attempts") >= "Attempt 3")
    assert browser.wait("the live mark", lambda: browser.text("#live") in ("Reconnecting", "Not live"), 60)
    (key,) = browser.script(KEYS)
    store.start()
    number = placed(browser, "Gopher", 60)
    assert browser.script(KEYS) == [key]
    browser.wait("the stream to come back", lambda: browser.text("#live") == "Live", 60)
    browser.wait("the stock", lambda: stock(browser, "Gopher") == before - 2)
    # A reload in the middle goes on with the same key.
    store.stop()
    press_buy(browser, "Gopher", 1)
    browser.wait("the retry", lambda: answer(browser, "Gopher").startswith("No answer yet"))
    second = browser.script(KEYS)[0]
    store.start()
    browser.reload()
    browser.wait("the answer after the reload", lambda: len(browser.all("#mine-list [data-state=placed]")) == 2, 60)
    assert browser.script(KEYS) == [second, key]
    browser.wait("the stock after both", lambda: stock(browser, "Gopher") == before - 3)
    browser.open(store.url(f"/order?number={number}"))
    assert browser.text("#order-quantity") == "2"


run(scenario, stops=True, expected=[r"net::ERR_", r"status of 503"])
