"""Conformance: is what a system did, as it wrote it down, a behaviour of the specification?"""
