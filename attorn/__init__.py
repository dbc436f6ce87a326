"""Attorn: an executable, machine-checked specification of in-place VM migration."""

from typing import TYPE_CHECKING

__all__ = ["__version__"]

if TYPE_CHECKING:
    __version__: str
else:

    def __getattr__(name):
        """Read the installed version only when somebody asks: importlib.metadata is slow to import."""
        if name == "__version__":
            from importlib.metadata import version

            return version("attorn")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
