"""What axe-core says of a page: serious findings, and which of them are reviewed ones of Streamlit's own elements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).with_name("axe")
OWN: list[dict[str, str]] = json.loads((AXE / "streamlits_own.json").read_text(encoding="utf-8"))
# Findings by rule; of each element whether it is one of the reviewed ones, by their selectors.
RUN = """async (own) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((found) => ["serious", "critical"].includes(found.impact)).flatMap((found) =>
        found.nodes.map((node) => {
            const element = document.querySelector(node.target.at(-1));
            const at = own.findIndex((one) => one.rule === found.id && element?.matches(one.selector));
            return { rule: found.id, html: node.html.slice(0, 160), said: node.failureSummary.slice(0, 200), own: at };
        }));
}"""


def findings(page: Page) -> list[dict[str, Any]]:
    """Serious and critical ones of what is on the page now."""
    page.evaluate(AXE.joinpath("axe.min.js").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(RUN, OWN)
    return found
