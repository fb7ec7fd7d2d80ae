"""MiniStack's CloudFormation, with services that are loaded when something first needs them.

MiniStack loads a service at its first request. Its CloudFormation loads forty at once, most of which no stack of this
system has.
"""

import importlib
import pkgutil
import sys
from types import ModuleType
from typing import Any

from ministack import services


class LateService(ModuleType):
    """Stands for a service, which is loaded when one of its names is read."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self.step_aside()
        return getattr(importlib.import_module(self.__name__), name)

    def step_aside(self) -> None:
        """From now on an import gives the service itself."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


_names = {f"{services.__name__}.{module.name}" for module in pkgutil.iter_modules(services.__path__)}
# CloudFormation itself is wanted now, and what is there already is there.
_names -= {f"{services.__name__}.cloudformation", *sys.modules}
_late = {name: LateService(name) for name in _names}
sys.modules.update(_late)
try:
    from ministack.services import cloudformation
    from ministack.services.cloudformation import provisioners
finally:
    for _service in _late.values():
        _service.step_aside()

__all__ = ["cloudformation", "provisioners"]
