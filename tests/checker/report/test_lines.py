"""Text is wrapped beside its margin, and formulas break where they may."""

from __future__ import annotations

from attorn.checker.report import counted, formula, wrapped


def test_text_is_wrapped_beside_what_it_begins_with() -> None:
    assert wrapped("one two three four", 15, "      ", "  no: ") == ["  no: one two", "      three", "      four"]


def test_no_text_is_no_line() -> None:
    assert wrapped("", 80, "  ", "  title ") == []


def test_paint_takes_no_room() -> None:
    def paint(text: str, role: str) -> str:
        return f"\x1b[31m{text}\x1b[0m" if role else text

    plain = wrapped("one two three four", 15, "  ", "ab: ")
    painted = wrapped("one two three four", 15, "  ", paint("ab", "bad") + ": ", paint, "good")
    assert [line.replace("\x1b[31m", "").replace("\x1b[0m", "") for line in painted] == plain


def test_a_formula_breaks_only_before_a_connective() -> None:
    text = formula("∀a, b: owner[a, b] = none ∧ f[a, b] → g[a, b] ∈ {X, Y}")
    assert wrapped(text, 27, "    ", "  ") == [
        "  ∀a, b: owner[a, b] = none",
        "    ∧ f[a, b]",
        "    → g[a, b] ∈ {X, Y}",
    ]


def test_nouns_are_counted() -> None:
    assert [counted(n, noun) for n, noun in ((1, "step"), (1200, "state"), (2, "property"))] == [
        "1 step",
        "1,200 states",
        "2 properties",
    ]
