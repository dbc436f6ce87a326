"""An adapter as the user names it: MODULE:CLASS, or FILE.py:CLASS."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

from attorn.spec.errors import BadInput

if TYPE_CHECKING:
    from attorn.checker.conform.adapter import Factory

__all__ = ["named_adapter"]


def named_adapter(said: str) -> Factory:
    """The class of that name, from where Python finds modules or the working folder; raises BadInput."""
    from attorn.checker.conform.adapter import class_of

    module, _, name = said.removesuffix(".py").replace(".py:", ":").partition(":")
    if not module or not name:
        raise BadInput(f"`{said}` names no adapter. Write MODULE:CLASS, such as my_vmm:MyVmm.")
    sys.path.insert(0, os.getcwd())
    try:
        found: Factory | None = getattr(importlib.import_module(module.replace("/", ".")), name, None)
    except ModuleNotFoundError as error:
        raise BadInput(f"{said}: {error}. Name a module that Python finds, or one in this folder.") from error
    except Exception as error:
        raise BadInput(f"{said}: importing {module} raised {type(error).__name__}: {error}.") from error
    finally:
        sys.path.remove(os.getcwd())
    if found is None:
        raise BadInput(f"{said}: module {module} has no `{name}`.")
    class_of(found)
    return found
