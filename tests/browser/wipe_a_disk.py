"""In the lab, wipe a follower's disk and leave nobody else: it must not lead. With the others back, nothing is lost."""

import json
import urllib.request

from scenario import buy, field, node_with, open_shop, run

REPLICAS = """return [...document.querySelectorAll('#nodes tbody tr')].map((row) => row.dataset.node).filter((node) => node.startsWith('order-'))"""


def press(browser, label):
    browser.wait(f"the button {label}", lambda: browser.all(f'#break button[aria-label="{label}"]:enabled'))
    browser.one(f'#break button[aria-label="{label}"]').click()


def post(store, path, body):
    request = urllib.request.Request(store.url(path), json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=20).close()


def state(browser, node):
    return browser.text(f'#break li[data-node="{node}"] .state')


def scenario(browser, store):
    open_shop(browser, store)
    number = buy(browser, "Marbles", 3)
    browser.open(store.url("/lab"))
    browser.wait("a leader", lambda: node_with(browser, "leader"))
    wiped = browser.wait("a follower", lambda: node_with(browser, "follower"))
    others = [node for node in browser.script(REPLICAS) if node != wiped]
    for node in others:
        press(browser, f"Crash {node}")
        browser.wait(f"{node} to be down", lambda: state(browser, node) == "crashed")
    # Whoever is alone with an empty disk could only lead by forgetting the order.
    # What it had it can have again from nobody, and so it is in sync with nobody.
    for node in others:
        post(store, "/lab/links", {"a": wiped, "b": node, "fault": "cut"})
    press(browser, f"Wipe the disk of {wiped}")
    press(browser, f"Press again to wipe the disk of {wiped}")
    browser.wait("it to be seen as out of sync", lambda: field(browser, wiped, "in_sync") == "no", 30)
    # Whoever is alone with an empty disk could only lead by forgetting the order.
    press(browser, f"Wipe the disk of {wiped}")
    press(browser, f"Press again to wipe the disk of {wiped}")
    browser.wait("the wiped one to be stopped or started again", lambda: not browser.all("#break button[data-armed]"))
    if state(browser, wiped) != "running":
        press(browser, f"Restart {wiped}")
    browser.wait("the wiped one to be up", lambda: field(browser, wiped, "state") == "up", 30)
    browser.wait("why it does not lead", lambda: field(browser, wiped, "waits"), 30)
    assert field(browser, wiped, "role") != "leader"
    assert node_with(browser, "leader") is None
    browser.one("#heal").click()
    browser.wait("a leader that has the order", lambda: node_with(browser, "leader") in others, 60)
    browser.wait("the wiped one in sync", lambda: field(browser, wiped, "in_sync") == "yes", 60)
    assert browser.script("return document.querySelector('#verdict').dataset.verdict") != "broken"
    browser.open(store.url(f"/order?number={number}"))
    assert browser.text("#order-name") == "Marbles"


run(scenario, expected=[r"status of 503"])
