#!/usr/bin/env python3
"""Takes the store's pages as PNG files, at 1280 and 390 pixels width, light and dark, each of at most 150 KB.

    pip install pillow
    python3 scripts/screenshots.py http://127.0.0.1:8080 docs/images

Needs chromium and chromedriver (Debian: chromium, chromium-driver) and a store that runs, with --lab for the lab's page.
Pages that the store does not have are left out.
"""

import argparse
import base64
import io
import pathlib
import sys
import urllib.error
import urllib.request

from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "browser"))

from webdriver import Browser  # noqa: E402 (it is found only by the line before)

PAGES = {"shop": "/", "cluster": "/cluster", "lab": "/lab", "order": "/order?number=1", "docs": "/docs"}
SIZES = {1280: 860, 390: 844}
SCHEMES = ["light", "dark"]
MOST_BYTES = 150_000
COLOURS = [256, 128, 64, 32, 16]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", help="where the front-end is")
    parser.add_argument("out", type=pathlib.Path, help="the directory for the images")
    parser.add_argument("--full", action="store_true", help="the whole height of a page, not the first screen")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    base = arguments.base.rstrip("/")
    pages = {name: base + path for name, path in PAGES.items() if there_is(base + path)}
    browser = Browser()
    try:
        for width, height in SIZES.items():
            for scheme in SCHEMES:
                set_screen(browser, width, height, scheme)
                for name, url in pages.items():
                    file = arguments.out / f"{name}-{width}-{scheme}.png"
                    file.write_bytes(small(take(browser, url, arguments.full)))
                    print(f"{file} {file.stat().st_size} bytes")
    finally:
        browser.quit()


def there_is(url):
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except urllib.error.HTTPError:
        print(f"left out: {url}", file=sys.stderr)
        return False


def set_screen(browser, width, height, scheme):
    browser.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])


def take(browser, url, full):
    browser.open(url)
    if "/order" not in url and not url.endswith("/docs"):
        browser.wait("the live mark", lambda: browser.text("#live") == "Live")
    if url.endswith(("/cluster", "/lab")):
        browser.wait("the drawing", lambda: browser.all("#drawing .node"))
    return base64.b64decode(browser.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=full)["data"])


def small(png):
    """The image with as many colours as fit in the limit."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in COLOURS:
        out = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    raise SystemExit(f"an image of {image.size} does not fit in {MOST_BYTES} bytes")


if __name__ == "__main__":
    main()
