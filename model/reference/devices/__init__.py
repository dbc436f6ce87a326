"""Devices of a guest: small, but real enough that their hazards can happen."""
