"""The protocol of a service, which tells the content type of its answers, from the head of its model.

MiniStack asks botocore: half a second of CPU time to be imported, and more for all that a model says.
"""

import functools
import gzip
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ministack.core import responses

# Characters. In none of botocore's models the metadata, which come first, end after a thousand.
HEAD = 4096

_whole_model = responses._service_model


class ServiceModel:
    """botocore's model, of which nothing but the metadata is read before more is asked for, as Step Functions does."""

    def __init__(self, service: str, metadata: dict[str, Any]) -> None:
        self.metadata = metadata
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(_whole_model(self._service), name)


@functools.cache
def service_model(service: str) -> ServiceModel | None:
    """The model of a service; None for one that AWS has not."""
    package = find_spec("botocore")
    if package is None or package.origin is None:
        return None
    name = responses._BOTOCORE_NAME.get(service, service)
    versions = sorted((Path(package.origin).parent / "data" / name).glob("*/service-2.json.gz"))
    if not versions:
        return None
    with gzip.open(versions[-1], "rt", encoding="utf-8") as file:
        head = file.read(HEAD)
    start = re.search(r'"metadata"\s*:\s*', head)
    if start is None:
        raise ValueError(f"the model of {service} does not begin with its metadata")
    return ServiceModel(service, json.JSONDecoder().raw_decode(head, start.end())[0])


def install() -> None:
    responses._service_model = service_model
