"""The claim, element by element, and where each is modelled and checked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLAIM", "SOURCE", "Element"]

SOURCE = (
    "Claim 1 of US 9,043,493 B2 (published as US 2014/0149635 A1), in our own words; "
    "'Workload migration between virtualization softwares'."
)


@dataclass(frozen=True)
class Element:
    """One element of the claim.

    modelled: actions and fields that say it.  checked: properties and goals that would notice its absence.
    """

    letter: str
    text: str
    modelled: tuple[str, ...]
    checked: tuple[str, ...]


CLAIM = (
    Element(
        "a",
        "One computer has a source and a destination logical partition, and each runs a VMM of its own.",
        ("owner", "mapped", "rebalance"),
        ("map_implies_own", "two_ends_while_migrating", "two_vms_cross"),
    ),
    Element(
        "b",
        "A VM is executed in the source; its data lies in hardware memory segments allocated to it exclusively.",
        ("start", "allocate", "execute", "release", "stop", "holds"),
        (
            "exclusive_allocation",
            "segment_purity",
            "guest_addresses_differ",
            "conservation",
            "scrub_before_reuse",
            "executed_while_running",
            "at_most_one_runner",
        ),
    ),
    Element(
        "c",
        "The VM is suspended in the source; its virtual resources stay allocated.",
        ("suspend", "runs"),
        (
            "suspend_freezes",
            "suspended_memory_is_frozen",
            "suspended_stays_allocated",
            "whole_until_transfer",
            "legal_edges",
        ),
    ),
    Element(
        "d",
        "An extended configuration, with the list of segment descriptions, is provided to the destination VMM.",
        ("describe", "transfer", "described", "described_registers"),
        ("config_faithful",),
    ),
    Element(
        "e",
        "Each of the segments is reassigned from the source to the destination partition with its contents intact.",
        ("unmap", "reassign", "map"),
        (
            "held_segments_move_forward",
            "mapped_as_given",
            "contents_intact",
            "no_scrub_on_reassign",
            "half_owned_never_runs",
            "half_owned",
        ),
    ),
    Element(
        "f",
        "The VM exits in the source, and the virtual resources that it had there are freed.",
        ("exit", "resources"),
        ("resources_freed", "resources_at_one_end", "only_own_freed", "eventually_freed"),
    ),
    Element(
        "g",
        "The VM is created in the destination by the extended configuration.",
        ("create",),
        ("created_has_resources", "resources_at_one_end", "config_faithful", "contents_intact"),
    ),
    Element(
        "h",
        "The VM is resumed in the destination.",
        ("resume",),
        (
            "executed_while_running",
            "run_implies_owns_all",
            "migration_completes",
            "there_and_back",
            "eventually_runs_at_destination",
        ),
    ),
)
