"""The claim is covered: every element is modelled and checked by something that exists."""

from __future__ import annotations

import pytest

from attorn.model.migration import CLAIM as MACHINE
from attorn.spec.claims import CLAIM, Element

MODEL_NAMES = {*(action.name for action in MACHINE.actions), *MACHINE.state.fields}
CHECK_NAMES = {each.name for each in MACHINE.statements}


def faults(elements: tuple[Element, ...]) -> list[str]:
    """What is missing or names nothing."""
    found = []
    for element in elements:
        if not element.modelled:
            found.append(f"{element.letter}: no model")
        if not element.checked:
            found.append(f"{element.letter}: no property")
        found += [
            f"{element.letter}: no action or field {name}" for name in element.modelled if name not in MODEL_NAMES
        ]
        found += [f"{element.letter}: no property {name}" for name in element.checked if name not in CHECK_NAMES]
    return found


def test_every_element_of_the_claim_is_modelled_and_checked() -> None:
    assert faults(CLAIM) == []


@pytest.mark.parametrize(
    ("element", "fault"),
    [
        (Element("x", "text", (), ("legal_edges",)), "x: no model"),
        (Element("x", "text", ("suspend",), ()), "x: no property"),
        (Element("x", "text", ("supsend",), ("legal_edges",)), "x: no action or field supsend"),
        (Element("x", "text", ("suspend",), ("legal_edge",)), "x: no property legal_edge"),
    ],
)
def test_an_element_without_model_or_property_is_noticed(element: Element, fault: str) -> None:
    assert faults((element,)) == [fault]


def test_every_action_and_every_field_that_is_not_a_ghost_belongs_to_an_element() -> None:
    named = {name for element in CLAIM for name in element.modelled}
    assert {action.name for action in MACHINE.actions} <= named


def test_every_property_names_elements_of_the_claim() -> None:
    letters = {element.letter for element in CLAIM}
    claims = {each.name: each.claim for each in MACHINE.properties}
    claims |= {each.name: each.claim for each in MACHINE.goals} | {each.name: each.claim for each in MACHINE.progress}
    for name, claim in claims.items():
        assert claim and set(claim) <= letters, name
