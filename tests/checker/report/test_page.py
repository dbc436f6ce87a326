"""The page for people: complete in itself, sound HTML, every place that it points at exists; in a real browser too."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from attorn.checker.report.book import Book
from attorn.checker.report.documents import (
    Column,
    HazardRow,
    Hazards,
    Kills,
    Matrix,
    Mutant,
    Mutation,
    Obligation,
    ProofDocument,
    Proved,
    Ranked,
    RankedProof,
    Square,
    Surveyed,
)
from attorn.checker.report.model import SilentAccount
from attorn.checker.report.page import render_html
from attorn.checker.report.run_facts import RunFacts, Timing
from attorn.checker.report.survey import HeatMap, Tally
from tests.checker.accessibility import objections
from tests.checker.report.samples import explored, jobs, relay, report
from tests.checker.report.test_picture import HOTEL

VOID = {"meta", "br", "line", "rect", "path", "link", "img"}


def hotel():
    from attorn.checker.report import Commands, instance_account, machine_account
    from attorn.checker.report.model import Report
    from attorn.spec.language import Instance

    found = explored(Instance.of(HOTEL, "hotel", Guest=2, Room=2))
    account = instance_account(found, Commands("attorn check hotel", "attorn explain hotel/{}"), drawn=True)
    return Report("1.2.3", "attorn check hotel", (machine_account(HOTEL, [], {}),), (account,), ())


PLAIN = render_html(Book(report(explored(relay()), explored(jobs()))))


def book_of_the_hotel() -> Book:
    """A check whose runs are drawn."""
    return Book(hotel(), attorn="1.2.3")


DRAWN = render_html(book_of_the_hotel())


def parts() -> Book:
    """A book of everything but a check, with each kind of outcome in it."""
    squares = (
        ("go", "p.0", "proved"),
        ("go", "q.0", "failed"),
        ("stay", "p.0", "untouched"),
        ("stay", "q.0", "undecided"),
    )
    columns = (Column("p.0", "p", False), Column("q.0", "q", True))
    proof = ProofDocument(
        "m", "0" * 64, "z3", False, "", (Proved("p", False, "proved", ("true",)), Proved("q", True, "undetermined")),
        (Obligation("possible_start", "sat", "sat"),), True, "decidable: A → B.",
        Matrix(("go", "stay"), columns, tuple(Square(*each) for each in squares)),
        RankedProof((Ranked("ends", "proved", "by_steps"),)),
    )  # fmt: skip
    hazards = Hazards(
        tuple(
            HazardRow(f"H{n}", "name", "system", "It fails.", "p", "changed", "fixed", standing, 3, 2)
            for n, standing in enumerate(("found", "missed: it holds", "undetermined: no end"), start=1)
        ),
        True, (("H9", "no clocks"),),
    )  # fmt: skip
    tallies = ((Tally(8, 8, 0, 8), Tally(4, 0, 0, 8, 11)), (Tally(0, 0, 0, 8, 11), Tally(0, 0, 1, 8)))
    survey = Surveyed(
        "0", "", {"none": "Nothing.", "loss": "A loss."}, {"p": "It is so."}, (),
        (HeatMap("p", ("memory",), ("none", "loss"), (("shared",), ("exclusive",)), tallies),), ("p holds.",),
    )  # fmt: skip
    mutants = tuple(
        Mutant(f"m{n}", "go", "drop", "A clause is dropped.", "a.py:1", fate)
        for n, fate in enumerate(("killed", "hole"))
    )
    mutation = Mutation("m", "0" * 64, 2, 2, {"killed": 1, "hole": 1}, (Kills("p", 1, 1, True),), mutants)
    return Book(proofs=(proof,), hazards=hazards, survey=survey, mutation=(mutation,), attorn="1.2.3")


PARTS = render_html(parts())


class Reader(HTMLParser):
    """Checks that what is opened is closed, and collects ids, links and headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.levels: list[int] = []
        self.unnamed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "svg" and not given.get("aria-label"):
            self.unnamed.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag, self.getpos()


@pytest.fixture(params=[PLAIN, DRAWN, PARTS], ids=["plain", "drawn", "parts"])
def page(request):
    return request.param


def test_everything_that_is_opened_is_closed_and_no_id_is_there_twice(page):
    reader = Reader(page)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))


def test_every_link_leads_to_a_place_on_the_page(page):
    reader = Reader(page)
    assert reader.links
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)


def test_nothing_is_fetched_from_anywhere(page):
    assert not re.search(r"""(src|href)=["']?(https?:|//)|@import|url\(""", page)


def test_headings_are_in_order_and_charts_have_names(page):
    reader = Reader(page)
    assert reader.levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(reader.levels, reader.levels[1:], strict=False))
    assert reader.unnamed == []


def test_a_verdict_is_told_in_words_and_not_by_colour_alone(page):
    told = re.findall(r'class="mark \w+">\s*(?:<span class="sign"[^>]*>[^<]*</span>)?([^<]*)<', page)
    assert told
    assert all(re.search("[a-z]{2}", words) for words in told)


def test_a_counterexample_has_its_steps_its_pictures_and_its_replay():
    assert "attorn explain hotel/nobody_is_moved" in DRAWN
    steps = re.findall(r'data-step="(\d+)"', DRAWN)
    figures = re.findall(r'<figure id="([\w-]+)-(\d+)"', DRAWN)
    assert len(steps) == len(figures) > 2
    assert "let to guest1, before guest0, broken" in DRAWN


def test_the_matrix_of_a_proof_tells_what_became_of_each_obligation_by_a_sign():
    squares = dict(re.findall(r'title="(\w+ / [\w.]+: \w+)">(.)</td>', PARTS))
    assert squares == {
        "go / p.0: proved": "✓",
        "go / q.0: failed": "✗",
        "stay / p.0: untouched": "·",
        "stay / q.0: undecided": "?",
    }


def test_the_matrix_of_a_proof_has_the_time_of_each_obligation_only_if_asked_for():
    took = {
        "step/go/p.0": 0.0042, "step/go/q.0": 12.34, "step/stay/q.0": 0.0002, "possible/go": 5.0, "initial/p.0": 0.5,
        "step/go/other.0": 7.0,
    }  # fmt: skip
    facts = RunFacts("", 0.0, 1, "", "", 1, (), tuple(Timing(*each) for each in took.items()))
    book = replace(parts(), runs=(("proof-m", facts), ("proof-n", facts)))
    assert render_html(book) == PARTS
    timed = render_html(book, times=True)
    assert dict(re.findall(r'title="(\w+ / [\w.]+): \w+">([^<]+)</td>', timed)) == {
        "go / p.0": "4",
        "go / q.0": "✗12.3s",
        "stay / p.0": "·",
        "stay / q.0": "?&lt;1",
    }
    # Of the rows, then of the columns and in all: what the squares that are shown took, and nothing else.
    assert re.findall(r'class="sum">([\d.]+)<', timed) == ["12.3", "0.0", "0.0", "12.3", "12.3"]


def test_the_map_of_guarantees_has_a_mark_in_each_square():
    assert re.findall(r'<td class="(d\d+|unknown)">([^<]+)</td>', PARTS) == [
        ("d10", "∎"),
        ("d5", "4/8"),
        ("d0", "✗11"),
        ("unknown", "?"),
    ]


def test_a_goal_that_is_reached_at_once_is_a_finding():
    from attorn.spec.language import Machine, goal
    from tests.checker.report.samples import JOBS, Task, three, work

    @goal
    def something_left(s: Task):
        """A job is left."""
        return s.left > 0

    @goal
    def done(s: Task):
        """No job is left."""
        return s.left == 0

    machine = Machine("jobs", Task, three, (work,), (something_left, done))
    page = render_html(Book(report(explored(replace(jobs(), machine=machine)))))
    assert "goal something_left asks for nothing on jobs: it is reached at the start" in page
    assert "goal done asks" not in page
    assert JOBS.goals == () and "asks for nothing" not in PLAIN


def test_many_findings_of_a_kind_are_folded_and_few_are_not():
    found = re.search(r"<summary><b[^>]*>(\w+)</b> (\d+) findings</summary><ul.*?</ul>", DRAWN + PLAIN, re.S)
    assert found is None
    (instance,) = hotel().instances
    silent = tuple(SilentAccount("close", number, "true", "a.py:1") for number in range(1, 9))
    page = render_html(Book(replace(hotel(), instances=(replace(instance, silent=silent),))))
    found = re.search(r"<summary><b[^>]*>(\w+)</b> (\d+) findings</summary><ul.*?</ul>", page, re.S)
    assert found is not None and found.groups() == ("redundant", "8")
    assert found[0].count("<li>") == 8


def test_text_of_the_author_is_escaped():
    said = hotel()
    said = replace(said, machines=(replace(said.machines[0], says="<script>alert(1)</script>"),))
    assert "<script>alert" not in render_html(Book(said))


# In a real browser


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, tmp_path):
    (tmp_path / "report.html").write_text(DRAWN, encoding="utf-8")
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("request", lambda request: wrong.append(request.url) if not request.url.startswith("file:") else None)
    tab.goto((tmp_path / "report.html").as_uri())
    yield tab
    assert wrong == []
    tab.close()


def test_arrow_keys_step_through_a_run_and_show_one_picture_at_a_time(opened):
    run = opened.locator("details.run").first
    assert run.locator("figure:visible").count() == 1
    run.locator("a[data-step]").first.focus()
    opened.keyboard.press("Home")
    assert run.locator("figure:visible figcaption").inner_text().startswith("first state")
    opened.keyboard.press("ArrowDown")
    assert run.locator("figure:visible figcaption").inner_text().startswith("after step 1")
    assert run.locator("a[aria-current=step]").get_attribute("data-step") == "1"


def test_a_link_opens_the_run_that_it_leads_to(opened):
    last = opened.locator("details.run").last
    name = last.get_attribute("id")
    opened.goto(opened.url.partition("#")[0] + f"#{name}")
    assert opened.locator(f"#{name}").get_attribute("open") is not None


def test_the_reader_can_choose_light_or_dark(opened):
    before = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.get_by_role("button", name="dark").click()
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_nothing_is_wider_than_a_narrow_screen(opened):
    opened.set_viewport_size({"width": 420, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 420


def test_a_narrow_screen_shows_what_is_known_of_each_property_without_scrolling_sideways(opened):
    opened.set_viewport_size({"width": 400, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 400
    marks = opened.locator(".claims .mark")
    assert marks.count() > 0
    for mark in marks.all():
        box = mark.bounding_box()
        assert box is not None and box["x"] + box["width"] <= 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", [DRAWN, PARTS], ids=["drawn", "parts"])
def test_nothing_on_the_page_is_against_the_guidelines_of_accessibility(opened, tmp_path, scheme, text):
    (tmp_path / "report.html").write_text(text, encoding="utf-8")
    opened.emulate_media(color_scheme=scheme)
    opened.reload()
    opened.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert objections(opened) == []


def test_what_is_against_the_guidelines_is_found(opened):
    opened.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<button></button>')")
    assert [each.split(":")[0] for each in objections(opened)] == ["button-name"]
