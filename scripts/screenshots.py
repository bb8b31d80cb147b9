"""Take the pictures of the page in docs/images. `make screenshots`; needs Chromium.

They show the generated sample and a generated market, which the page marks as synthetic: the licence of the real
history is unknown.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import sync_playwright

from chalicelib import wiring
from chalicelib.api.market_routes import EXAMPLE_TICKER
from common.paths import ROOT
from local import sources
from local.laptop import Laptop
from scripts import sample_market

FOLDER = ROOT / "docs" / "images"

DESKTOP, PHONE = (1280, 1300), (390, 1700)
"""Width and height of the window, in CSS pixels."""

PICTURES: Mapping[str, tuple[tuple[int, int], Literal["light", "dark"], str]] = {
    "desktop-light": (DESKTOP, "light", ""),
    "desktop-dark": (DESKTOP, "dark", ""),
    "phone-light": (PHONE, "light", ""),
    "phone-dark": (PHONE, "dark", ""),
    "share-light": (DESKTOP, "light", f"#ticker={EXAMPLE_TICKER}"),
}
"""The window, the colour scheme and the fragment of the address of each picture."""

MARKET_RECORDS = 30_000

MAX_BYTES = 200_000
"""The maximum size of a picture."""


@contextmanager
def served() -> Iterator[str]:
    """Yield the URL of the API over a lake of the sample and of a generated market."""
    with Laptop() as laptop:
        os.environ["B3_MARKET"] = "yes"
        wiring.clear_caches()
        laptop.create_stack()
        sample_market.put(sample_market.with_example(sample_market.generated(MARKET_RECORDS)))
        (source,) = sources.candidates("sample")
        laptop.ingest(source)
        laptop.started()
        laptop.refined()
        with laptop.serve(0) as server:
            yield server.url


def save(picture: bytes, path: Path) -> None:
    """Write a PNG with 128 colours, a third of the size. The octree keeps the rare colours of the chart's marks."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.quantize(128, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    image.save(path, optimize=True)
    if path.stat().st_size > MAX_BYTES:
        sys.exit(f"{path.name} has {path.stat().st_size:,} bytes; allowed: {MAX_BYTES:,}")


def main() -> None:
    """Take all pictures."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("needs Chromium: apt-get install chromium")
    FOLDER.mkdir(exist_ok=True)
    with served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--no-proxy-server"])
        for name, ((width, height), scheme, fragment) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US")
            page.goto(f"{url}/{fragment}")
            page.locator("body[data-state=complete]").wait_for()
            save(page.screenshot(), FOLDER / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
