"""Real systems: how what they log becomes a trace, what its lines mean, and which machine they are checked against."""

from attorn.systems.system import SYSTEMS, System

__all__ = ["SYSTEMS", "System"]
