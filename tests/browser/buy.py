"""Buy a toy: the order's number is shown, kept among my orders, and leads to the order."""

from scenario import buy, card, open_shop, run


def scenario(browser, store):
    open_shop(browser, store)
    number = buy(browser, "Fox", 2)
    assert f"Order {number}" in browser.text("#mine-list li"), browser.text("#mine-list li")
    assert browser.text("#mine-list .what") == "2 × Fox"
    browser.reload()
    browser.wait("my order after a reload", lambda: f"Order {number}" in browser.text("#mine-list li"))
    browser.one("#mine-list a").click()
    browser.wait("the order's page", lambda: browser.text("h1") == f"Order {number}")
    assert browser.text("#order-name") == "Fox"
    assert browser.text("#order-quantity") == "2"
    # With the keyboard alone: Enter in the field of the quantity.
    open_shop(browser, store)
    browser.one(f"{card('Fox')} input[name=quantity]").type("1\ue007")
    browser.wait("a second order", lambda: len(browser.all("#mine-list [data-state=placed]")) == 2)


run(scenario)
