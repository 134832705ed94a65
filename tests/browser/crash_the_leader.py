"""Crash the leader from the cluster's page while somebody buys: another one leads, and every order has one number."""

from scenario import node_with, open_shop, placed, press_buy, run

TOYS = ["Crab", "Lego", "Barbie"]


def scenario(browser, store):
    browser.open(store.url("/cluster"))
    cluster = browser.window()
    leader = browser.wait("a leader", lambda: node_with(browser, "leader"))
    shop = browser.new_window()
    open_shop(browser, store)
    browser.go_to(cluster)
    browser.one(f'button[aria-label="Crash {leader}"]').click()
    browser.go_to(shop)
    for toy in TOYS:
        press_buy(browser, toy, 1)
    numbers = [placed(browser, toy, 60) for toy in TOYS]
    assert len(set(numbers)) == len(TOYS), numbers
    browser.go_to(cluster)
    browser.wait("another leader", lambda: node_with(browser, "leader") not in (None, leader), 30)
    epoch = browser.text("#views tbody tr td")
    assert int(epoch.replace(",", "")) > 1, epoch
    assert browser.all("#log li .sentence"), "the log is empty"
    browser.one(f'button[aria-label="Restart {leader}"]').click()
    browser.wait("the crashed one to follow", lambda: browser.text(f'#nodes tr[data-node="{leader}"] [data-field=in_sync]') == "yes", 60)
    for toy, number in zip(TOYS, numbers):
        browser.open(store.url(f"/order?number={number}"))
        assert browser.text("#order-name") == toy


run(scenario, expected=[r"/orders - Failed to load resource: the server responded with a status of 503"])
