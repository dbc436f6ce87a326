"""The explorer: a page in the browser over the running engine; it knows machines, and no VM."""

from attorn.checker.explorer.catalogue import Catalogue, Entry
from attorn.checker.explorer.requests import AskLandmark, AskSeek, AskView, Desk
from attorn.checker.explorer.seeking import Bounds, Found, Outcome

__all__ = ["AskLandmark", "AskSeek", "AskView", "Bounds", "Catalogue", "Desk", "Entry", "Found", "Outcome"]
