"""The page in a real browser: walking, jumping, searching, comparing; with a mouse and with keys alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.checker.accessibility import objections
from tests.checker.explorer.browsing import PATIENCE, browser, browser_missing, serving, settled, shot
from tests.checker.explorer.worlds import desk

pytestmark = [
    pytest.mark.skipif(bool(browser_missing()), reason=f"the page needs a browser: {browser_missing()}"),
    pytest.mark.xdist_group("explorer page"),
]

if not browser_missing():
    from playwright.sync_api import Browser, Page, expect

    expect.set_options(timeout=PATIENCE)

# The claim of the patent, step by step, as the specification writes it.
MIGRATION = [
    "start(vm0, partition0)", "allocate(vm0, segment0, address0)", "execute(vm0, segment0, word1)",
    "suspend(vm0, partition1)", "describe(vm0)", "transfer(vm0)", "unmap(vm0, segment0)", "reassign(vm0, segment0)",
    "map(vm0, segment0)", "exit(vm0)", "create(vm0)", "resume(vm0)",
]  # fmt: skip
LINK = "#/claim/0/" + "/".join(step.replace(" ", "") for step in MIGRATION)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as made:
        yield made


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, str]]:
    with serving(desk()) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, server: tuple[str, str]) -> Iterator[Page]:
    """A new browser that knows the token; whatever it complains of, or asks elsewhere, fails the test."""
    address, token = server
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    made.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    made.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith(address) else None)
    made.goto(f"{address}#/claim?token={token}")
    settled(made)
    assert token not in made.url
    yield made
    context.close()
    assert [each for each in complaints if "400 (Bad Request)" not in each] == []


def fragment(page: Page) -> str:
    return f"#{urlsplit(page.url).fragment}"


def visit(page: Page, where: str) -> None:
    """Go to a state by its address, in the tab that is open."""
    shown = "() => Number(document.getElementById('main').dataset.shown)"
    before = page.evaluate(shown)
    page.evaluate("where => { location.hash = where; }", where)
    page.wait_for_function(f"before => ({shown})() > before", arg=before)
    settled(page)


def at(page: Page, says: str) -> None:
    expect(page.locator("#run-length")).to_have_text(says)


def cell(page: Page, name: str) -> str:
    """What the table of fields shows for a cell."""
    return page.locator(f'.cells [data-cell="{name}"]').inner_text()


def test_a_step_changes_what_it_must_and_leaves_the_rest_of_the_page_alone(page: Page) -> None:
    gone = page.locator('[data-step="start(vm0,partition0)"]').element_handle()
    page.locator('[data-step="start(vm0,partition0)"]').click()
    at(page, "step 1 of 1")
    kept = {
        "a property": page.locator('[data-key="property-at_most_one_runner"]').element_handle(),
        "a cell": page.locator('[data-cell="phase[vm0]"]').element_handle(),
        "the first step": page.locator('[data-key="step1"]').element_handle(),
    }
    page.locator('[data-step="allocate(vm0,segment0,address0)"]').click()
    at(page, "step 2 of 2")
    assert {name: each.evaluate("made => made.isConnected") for name, each in kept.items()} == dict.fromkeys(kept, True)
    assert not gone.evaluate("made => made.isConnected")
    expect(page.locator('[data-key="step1"]')).not_to_have_attribute("aria-current", "step")


def test_a_whole_migration_is_clicked_through(page: Page) -> None:
    page.get_by_role("button", name="Initial state before").wait_for()
    for number, step in enumerate(MIGRATION, start=1):
        page.locator("#next").get_by_role("button", name=step).click()
        at(page, f"step {number} of {number}")
    assert fragment(page) == LINK
    assert "RUNNING" in cell(page, "phase[vm0]")
    assert "partition1" in cell(page, "owner[segment0]")
    expect(page.get_by_role("row", name=re.compile("VMM of partition1"))).to_contain_text("executes vm0")
    expect(page.locator("#holds summary", has_text="migration_completes")).to_contain_text("reached by this run")
    expect(page.locator("#verdict")).to_contain_text("all properties hold here")
    shot(page, "migration")
    page.emulate_media(color_scheme="dark")
    shot(page, "migration-dark")


def test_a_link_opens_the_state_that_it_names(page: Page) -> None:
    visit(page, f"{LINK}?at=8")
    at(page, "step 8 of 12")
    assert "partition1" in cell(page, "owner[segment0]")
    assert "TRANSFERRED" in cell(page, "phase[vm0]")
    # The same in a new tab of the same browser, which knows the token from this one.
    other = page.context.new_page()
    other.goto(page.url)
    settled(other)
    at(other, "step 8 of 12")


def test_a_link_whose_run_cannot_be_walked_says_where_it_ends(page: Page) -> None:
    visit(page, "#/claim/0/start(vm0,partition0)/resume(vm0)")
    expect(page.get_by_role("alert")).to_contain_text("phase[vm0] = CREATED is false")
    at(page, "step 1 of 1")


def test_a_known_failure_is_replayed_step_by_step(page: Page) -> None:
    page.get_by_role("button", name="Jump").click()
    page.get_by_role("combobox", name="Filter").fill("answer resume h3")
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("option", name="H3").click()
    at(page, "step 11 of 11")
    expect(page.locator("#verdict")).to_contain_text("at_most_one_runner")
    expect(page.locator("#holds")).to_contain_text("runs[partition0, vm0] is yes")
    for partition in ("partition0", "partition1"):
        expect(page.get_by_role("row", name=re.compile(f"VMM of {partition}"))).to_contain_text("executes vm0")
    shot(page, "h3")
    page.get_by_role("button", name="One step back").click()
    at(page, "step 10 of 11")
    expect(page.locator("#verdict")).to_contain_text("all properties hold here")
    last = page.locator("#next").get_by_role("button", name="roll_back(vm0)")
    expect(last).to_contain_text("breaks a property: at_most_one_runner")
    page.get_by_role("button", name="To the initial state").click()
    at(page, "step 0 of 11")
    for number in range(1, 12):
        page.get_by_role("button", name="One step forward").click()
        at(page, f"step {number} of 11")
    expect(page.get_by_role("button", name="One step forward")).to_be_disabled()


def test_a_run_that_ends_without_what_was_promised_is_not_called_good(page: Page) -> None:
    page.keyboard.press("g")
    page.get_by_role("combobox", name="Filter").fill("H2")
    page.keyboard.press("Enter")
    at(page, "step 9 of 9")
    # The hand-off is lost, the source is gone: every state was safe, and nobody runs.
    expect(page.locator("#verdict")).to_contain_text("✗ deadlock · eventually_runs never comes about")
    expect(page.locator("#next")).to_contain_text("Nothing can happen here")
    expect(page.locator("#run")).to_contain_text("rests here for ever")


def test_a_filtered_list_selects_what_is_pointed_at_and_goes_where_it_is_clicked(page: Page) -> None:
    page.keyboard.press("g")
    page.get_by_role("combobox", name="Filter").fill("migrat")
    names = page.locator("#jump-list .option b")
    expect(names.first).to_have_text("migration_completes")
    at_row = names.all_inner_texts().index("there_and_back")
    assert at_row > 0
    page.get_by_role("option").nth(at_row).hover()
    expect(page.locator("#jump-list [aria-selected=true] b")).to_have_text("there_and_back")
    page.get_by_role("combobox", name="Filter").fill("there_and_back")
    page.get_by_role("option").first.click()
    at(page, "step 20 of 20")


def test_a_migration_is_walked_with_keys_alone(page: Page) -> None:
    keys = page.keyboard
    keys.press("1")
    at(page, "step 1 of 1")
    keys.press("n")  # To what can happen next, and to one of the steps by arrows.
    focused = page.locator("#next :focus")
    for _ in range(20):
        if "suspend(vm0, partition1)" in focused.inner_text():
            break
        keys.press("ArrowDown")
    keys.press("Enter")
    at(page, "step 2 of 2")
    for number, step in enumerate(("describe", "transfer", "exit", "create", "resume"), start=3):
        shown = page.locator("#next .take .label").all_inner_texts()
        keys.press(str(1 + next(n for n, label in enumerate(shown) if label.startswith(step))))
        at(page, f"step {number} of {number}")
    assert "RUNNING" in cell(page, "phase[vm0]")
    keys.press("Home")
    at(page, "step 0 of 7")
    keys.press("ArrowRight")
    at(page, "step 1 of 7")
    keys.press("/")
    expect(page.get_by_role("textbox", name="Condition")).to_be_focused()
    keys.type("phase[vm0] = DESCRIBED and phase[vm1] = RUNNING")
    keys.press("Enter")
    at(page, "step 4 of 4")
    expect(page.get_by_role("status").last).to_contain_text("The shortest run from here has 3 steps.")
    keys.press("g")
    keys.type("half_owned")
    keys.press("Enter")
    expect(page.locator("#status")).to_contain_text("half_owned is reached")
    keys.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    keys.press("Tab")
    expect(page.locator(":focus")).not_to_have_count(0)


def test_another_way_is_kept_as_a_branch(page: Page) -> None:
    visit(page, "#/claim/0/start(vm0,partition0)/suspend(vm0,partition1)/describe(vm0)?at=1")
    page.locator("#next").get_by_role("button", name="start(vm1, partition0)").click()
    at(page, "step 2 of 2")
    page.get_by_role("button", name="other way: suspend(vm0,partition1) and 1 more").click()
    at(page, "step 2 of 3")
    assert "SUSPENDED" in cell(page, "phase[vm0]")
    page.go_back()
    at(page, "step 2 of 2")
    assert "RUNNING" in cell(page, "phase[vm1]")


def test_two_states_are_compared(page: Page) -> None:
    visit(page, f"{LINK}?at=4")
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("button", name="To the end of the run").click()
    at(page, "step 12 of 12")
    table = page.get_by_role("region", name="Comparison of two states")
    expect(table).to_contain_text("the state after step 4")
    expect(table.get_by_role("row", name="owner[segment0]")).to_contain_text("partition1")
    expect(table.get_by_role("row", name="phase[vm0]")).to_contain_text("SUSPENDED")
    expect(table.get_by_role("row", name="content[segment0]")).to_have_count(0)  # Contents stay: the claim's point.
    shot(page, "comparison")
    page.get_by_role("button", name="End comparison").click()
    expect(table).to_have_count(0)


def test_a_mistake_in_a_condition_is_pointed_at(page: Page) -> None:
    page.get_by_role("button", name="Find").click()
    page.get_by_role("textbox", name="Condition").fill("phase[vm0] = RUNING")
    page.keyboard.press("Enter")
    answer = page.locator("#find-answer pre")
    expect(answer).to_contain_text("Did you mean `RUNNING`?")
    assert answer.inner_text().splitlines()[-1] == " " * (4 + len("phase[vm0] = ")) + "^"
    page.get_by_role("textbox", name="Condition").fill("not at_most_one_runner")
    page.keyboard.press("Enter")
    expect(page.locator("#find-answer")).to_contain_text("none of the 136,704 states")
    shot(page, "find")


def test_the_clause_that_blocks_a_step_is_shown_with_its_values(page: Page) -> None:
    visit(page, "#/claim/0/start(vm0,partition0)")
    page.locator("[data-key=blocked-describe]").click()
    obstacle = page.locator("#next .obstacle", has_text="describe(vm0)")
    expect(obstacle).to_contain_text("phase[vm0] = SUSPENDED")
    expect(obstacle).to_contain_text("phase[vm0] is RUNNING")


def test_pointing_at_a_step_tells_what_it_would_change(page: Page) -> None:
    visit(page, "#/claim/0/start(vm0,partition0)")
    page.locator("#next").get_by_role("button", name="suspend(vm0, partition1)").hover()
    expect(page.locator("#preview")).to_contain_text("phase[vm0] → SUSPENDED")


def test_the_run_is_played_by_its_slider(page: Page) -> None:
    visit(page, LINK)
    slider = page.get_by_role("slider", name="Moment of the run")
    slider.focus()
    page.keyboard.press("Home")
    at(page, "step 0 of 12")
    page.keyboard.press("ArrowRight")
    at(page, "step 1 of 12")
    slider.fill("11")
    at(page, "step 11 of 12")
    assert fragment(page) == f"{LINK}?at=11"
    page.get_by_role("button", name="Play").click()
    at(page, "step 12 of 12")


def test_a_log_is_played_with_its_lines_beside_the_steps(page: Page) -> None:
    lines = [
        {"format": "attorn-trace", "version": 1, "machine": "claim", "hidden": ["allocate"]},
        {"time": 0.5, "event": "start", "arguments": {"vm": "vm0", "partition": "partition0"}},
        {"time": 1.25, "event": "execute", "state": {"content[segment0]": "word1"}},
    ]
    page.keyboard.press("g")
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    page.locator("#log").set_input_files({"name": "run.jsonl", "mimeType": "text/plain", "buffer": text.encode()})
    at(page, "step 0 of 3")
    expect(page.locator("#status")).to_contain_text("all 2 lines are explained by this run")
    expect(page.locator("#run .step")).to_contain_text(["", "line 2 · +0.000 s", "allocate", "line 3 · +0.750 s"])
    page.get_by_role("button", name="One step forward").click()
    at(page, "step 1 of 3")
    shot(page, "log")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_on_the_page_is_against_the_guidelines_of_accessibility(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    visit(page, f"{LINK}?at=6")
    page.keyboard.press("c")
    page.keyboard.press("ArrowRight")
    at(page, "step 7 of 12")
    assert objections(page) == []
    dialog = page.locator("dialog[open]")
    for key in ("g", "/", "y", "?"):
        page.keyboard.press(key)
        expect(dialog).to_be_visible()
        assert objections(page) == []
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()


def test_nothing_that_can_be_used_lacks_a_name(page: Page) -> None:
    visit(page, f"{LINK}?at=6")
    nameless = page.evaluate(
        """() => {
            const said = each => {
                const copy = each.cloneNode(true);
                copy.querySelectorAll('[aria-hidden=true]').forEach(part => part.remove());
                return copy.textContent.trim() || each.ariaLabel || each.getAttribute('aria-labelledby')
                    || [...each.labels ?? []].map(label => label.textContent).join('');
            };
            return [...document.querySelectorAll('button, input, summary, section, dialog, [role=listbox]')]
                .filter(each => !said(each)).map(each => each.outerHTML);
        }"""
    )
    assert nameless == []
    twice = page.evaluate(
        "() => { const ids = [...document.querySelectorAll('[id]')].map(e => e.id);"
        " return ids.filter((id, n) => ids.indexOf(id) !== n); }"
    )
    assert twice == []


def test_the_page_stays_where_it_is_while_one_walks(page: Page) -> None:
    boxes = """() => [...document.querySelectorAll('.bar, .panel, .panel-head, .preview, #status')]
        .map(each => JSON.stringify(each.getBoundingClientRect()))"""
    before = page.evaluate(boxes)
    for step in MIGRATION:
        page.locator("#next").get_by_role("button", name=step).click()
        settled(page)
        assert page.evaluate(boxes) == before


def test_light_and_dark_follow_the_system_until_chosen(page: Page) -> None:
    paper = "() => getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(paper)
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) != light
    page.keyboard.press("t")  # Light, whatever the system says.
    assert page.evaluate(paper) == light


def test_a_browser_without_the_token_is_told_what_to_do(chromium: Browser, server: tuple[str, str]) -> None:
    context = chromium.new_context()
    made = context.new_page()
    made.goto(server[0])
    expect(made.get_by_role("alert")).to_contain_text("Open the address that attorn explore printed")
    context.close()


@pytest.mark.parametrize("width", [1000, 500])
def test_a_narrow_window_shows_all_of_it(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    visit(page, LINK)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    for name in ("Run", "Properties", "Next"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_attached()
    shot(page, f"narrow-{width}")
