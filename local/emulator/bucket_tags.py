"""Tags of buckets: MiniStack's CloudFormation drops them, and aws-cdk-lib empties only buckets that carry its tag."""

from typing import Any

from ministack.services import s3

from late_services import provisioners

Props = dict[str, Any]
Created = tuple[str, dict[str, Any]]


def tag(name: str, props: Props) -> None:
    tags = {entry["Key"]: entry["Value"] for entry in props.get("Tags") or []}
    if tags:
        s3._bucket_tags[name] = tags
    else:
        s3._bucket_tags.pop(name, None)


def create(logical_id: str, props: Props, stack_name: str) -> Created:
    name, attributes = _create(logical_id, props, stack_name)
    tag(name, props)
    return name, attributes


def update(physical_id: str, old: Props, new: Props, stack_name: str) -> Created:
    name, attributes = _update(physical_id, old, new, stack_name)
    tag(name, new)
    return name, attributes


_create = provisioners._s3_create
_update = provisioners._s3_update


def install() -> None:
    provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"].update(create=create, update=update)
