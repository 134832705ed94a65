"""What one window buys is gone from the stock of another one, without a reload."""

from scenario import buy, open_shop, run, stock


def scenario(browser, store):
    open_shop(browser, store)
    first = browser.window()
    second = browser.new_window()
    open_shop(browser, store)
    before = stock(browser, "Python")
    browser.go_to(first)
    buy(browser, "Python", 4)
    browser.go_to(second)
    browser.wait("the stock to change", lambda: stock(browser, "Python") == before - 4)
    browser.go_to(first)
    browser.wait("the stock of the buyer's window", lambda: stock(browser, "Python") == before - 4)
    # A window that is opened later gets it in the page itself.
    browser.new_window()
    open_shop(browser, store)
    assert stock(browser, "Python") == before - 4


run(scenario)
