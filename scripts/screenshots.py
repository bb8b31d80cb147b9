"""Take the pictures of the page in docs/images. `make screenshots`; needs Chromium.

They show the generated sample, which the page marks as synthetic: the licence of the real history is unknown.
"""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from common.paths import ROOT
from local import sources
from local.laptop import Laptop

FOLDER = ROOT / "docs" / "images"

SIZES = {"desktop": (1280, 1300), "phone": (390, 1700)}
"""Width and height of the window, in CSS pixels."""

MAX_BYTES = 200_000
"""The maximum size of a picture."""


@contextmanager
def served() -> Iterator[str]:
    """Yield the URL of the API over a lake of the sample."""
    with Laptop() as laptop:
        laptop.create_stack()
        (source,) = sources.candidates("sample")
        laptop.ingest(source)
        laptop.started()
        laptop.refined()
        with laptop.serve(0) as server:
            yield server.url


def save(picture: bytes, path: Path) -> None:
    """Write a PNG with 64 colours, which are enough for a page and a third of the size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(64, dither=Image.Dither.NONE)
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
        for name, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme, locale="en-US"
                )
                page.goto(url)
                page.locator("body[data-state=complete]").wait_for()
                save(page.screenshot(), FOLDER / f"{name}-{scheme}.png")
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
