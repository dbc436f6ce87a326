"""Attorn: an executable, machine-checked specification of in-place VM migration.

``attorn.check("claim-small")`` checks an instance and gives the result; see docs/reports.md.
"""

from typing import TYPE_CHECKING

__all__ = ["Result", "__version__", "check"]

if TYPE_CHECKING:
    from attorn.library import Result, check

    __version__: str
else:

    def __getattr__(name):
        """Read the version, and load the engines, only when somebody asks: importing either is slow."""
        if name == "__version__":
            from importlib.metadata import version

            return version("attorn")
        if name in __all__:
            from attorn import library

            return getattr(library, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__():
        return sorted([*globals(), *__all__])
