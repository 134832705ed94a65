"""Look orders up: one that there is, one that there is not, and what is no number."""

from scenario import buy, open_shop, run


def scenario(browser, store):
    open_shop(browser, store)
    number = buy(browser, "Whale", 1)
    browser.one("aside .look-up input").type(number)
    browser.one("aside .look-up button").click()
    browser.one(f'#order[data-number="{number}"]')
    assert browser.text("#order-name") == "Whale"
    for asked in ["999999999", "<b>seven</b>", "-1"]:
        browser.one(".look-up input").type(asked)
        browser.one(".look-up button").click()
        browser.wait(f"the refusal of {asked}", lambda: browser.text("#problem"))
        assert not browser.all("#order")
        assert browser.script("return document.querySelector('#number').value") == asked


# A page that says that there is no such order, or no such number, has that status.
run(scenario, expected=[r"/order\?number=\S* - Failed to load resource: the server responded with a status of 40[04]"])
