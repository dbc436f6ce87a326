"""The explorer: a page in the browser over the running engine; it knows machines, and no VM."""

from attorn.checker.explorer.catalogue import Catalogue, Entry
from attorn.checker.explorer.requests import AskLandmark, AskPlay, AskSeek, AskView, Desk, Replay
from attorn.checker.explorer.seeking import Bounds, Found, Outcome

__all__ = [
    "AskLandmark",
    "AskPlay",
    "AskSeek",
    "AskView",
    "Bounds",
    "Catalogue",
    "Desk",
    "Entry",
    "Found",
    "Outcome",
    "Replay",
]
