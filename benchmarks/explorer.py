"""python -m benchmarks explorer: how long the explorer's page takes from a click until it is drawn again."""

from __future__ import annotations

import statistics
import time

from attorn.checker.explorer import AskView, Catalogue, Desk, Entry
from attorn.model.instances import instance
from tests.checker.explorer.browsing import browser, browser_missing, serving, settled

__all__ = ["run"]

INSTANCE = "claim"  # what ``attorn explore`` opens
ROUNDS = 20
MIGRATION = [
    "start(vm0,partition0)", "allocate(vm0,segment0,address0)", "execute(vm0,segment0,word1)",
    "suspend(vm0,partition1)", "describe(vm0)", "transfer(vm0)", "unmap(vm0,segment0)", "reassign(vm0,segment0)",
    "map(vm0,segment0)", "exit(vm0)", "create(vm0)", "resume(vm0)",
]  # fmt: skip

# In the page: click a step, and wait until the page has been drawn with it.
CLICK = """label => new Promise(done => {
    const main = document.getElementById('main');
    const began = performance.now();
    new MutationObserver((_, watch) => {
        watch.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
    }).observe(main, { attributeFilter: ['data-shown'] });
    document.querySelector(`[data-step="${label}"]`).click();
})"""


def run() -> None:
    """Measure, and print a table."""
    desk = Desk(Catalogue([Entry(INSTANCE, "instances", "", "", lambda: instance(INSTANCE))]))
    desk.facts(INSTANCE)
    served = []
    for _ in range(ROUNDS):
        for number in range(1, len(MIGRATION) + 1):
            began = time.perf_counter()
            desk.view(AskView(INSTANCE, labels=MIGRATION[:number]))
            served.append(1000 * (time.perf_counter() - began))
    print(f"\nexplorer: {INSTANCE}, {ROUNDS} migrations of {len(MIGRATION)} steps, milliseconds a step")
    print(f"  {'':24}{'median':>8}{'99 %':>8}{'worst':>8}")
    _row("answer alone", served)
    if missing := browser_missing():
        print(f"  from click to drawn: not measured, {missing}")
        return
    drawn = []
    with browser() as made, serving(desk) as (address, token):
        page = made.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}#/{INSTANCE}?token={token}")
        settled(page)
        for _ in range(ROUNDS):
            drawn += [page.evaluate(CLICK, label) for label in MIGRATION]
            page.keyboard.press("Home")
            page.locator("#run-length", has_text="step 0").wait_for()
    _row("from click to drawn", drawn)


def _row(title: str, taken: list[float]) -> None:
    ordered = sorted(taken)
    print(f"  {title:24}{statistics.median(ordered):8.1f}{ordered[int(0.99 * len(ordered))]:8.1f}{ordered[-1]:8.1f}")
