# Copyright (c) 2026 homerouter.tripleplay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages as people open them: in Chromium, on a screen and on a phone, by day and by night."""

from __future__ import annotations

import shutil
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

BROWSERS = ("chromium", "google-chrome")
SIZES = {"screen": (800, 1200), "phone": (360, 740)}


def examine(page: Path, picture: Path | None = None) -> list[str]:
    """What is wrong with a page on each screen, by day and by night: errors, what it fetches, what does not fit, what axe finds hard to read.

    The picture is of the large screen by day, for the documentation.
    """
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    assert program, f"none of {', '.join(BROWSERS)} is here: run `make packages`"
    wrong: list[str] = []
    with sync_playwright() as playwright:
        # Root's Chromium cannot build its sandbox; it opens our own files only, and has no network.
        browser = playwright.chromium.launch(executable_path=program)
        for size, (width, height) in SIZES.items():
            for colours in ("light", "dark"):
                context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=colours, offline=True)
                tab = context.new_page()
                told: list[str] = []
                tab.on("console", lambda message, told=told: told.append(f"console: {message.text}"))
                tab.on("pageerror", lambda error, told=told: told.append(f"error: {error}"))
                tab.on("request", lambda request, told=told: told.append(f"fetches {request.url}") if request.url != page.as_uri() else None)
                tab.goto(page.as_uri())
                across = tab.evaluate("document.documentElement.scrollWidth")
                if across > width:
                    told.append(f"is {across} pixels wide")
                for violation in Axe().run(tab).response["violations"]:
                    told += [f"{violation['id']}: {node['html']}: {node['failureSummary']}" for node in violation["nodes"]]
                if picture and (size, colours) == ("screen", "light"):
                    picture.parent.mkdir(parents=True, exist_ok=True)
                    bottom = tab.evaluate("document.body.getBoundingClientRect().bottom")
                    tab.screenshot(path=str(picture), clip={"x": 0, "y": 0, "width": width, "height": min(bottom + 16, height)})
                wrong += [f"{page.name} on a {size}, {colours}: {what}" for what in told]
                context.close()
        browser.close()
    return wrong
