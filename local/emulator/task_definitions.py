"""ECS: task definitions and services keep every member that a template gives them."""

from typing import Any

from ministack.services import ecs

from late_services import provisioners

# Maps whose keys are the user's own words.
FREE = {"Options", "DockerLabels", "Labels", "DriverOpts"}
ADDED = {
    "EphemeralStorage": "ephemeralStorage",
    "RuntimePlatform": "runtimePlatform",
    "ProxyConfiguration": "proxyConfiguration",
    "EnableFaultInjection": "enableFaultInjection",
}


def to_api(value: Any) -> Any:
    """CloudFormation's spelling to that of the ECS API: `ContainerName` to `containerName`, at every depth."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: item if name in FREE else to_api(item) for name, item in value.items()}
    if isinstance(value, list):
        return [to_api(item) for item in value]
    return value


def create_task_definition(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
    arn, attributes = _create_task_definition(logical_id, props, stack_name)
    definition = ecs._task_defs[arn.rsplit("/", 1)[-1]]
    definition["volumes"] = to_api(props.get("Volumes") or [])
    for name, member in ADDED.items():
        if name in props:
            definition[member] = to_api(props[name])
    return arn, attributes


def create_service(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
    arn, attributes = _create_service(logical_id, props, stack_name)
    later = {
        name[:1].lower() + name[1:]: to_api(props[name])
        for name in ("HealthCheckGracePeriodSeconds", "EnableExecuteCommand", "PlatformVersion")
        if name in props
    }
    if later:
        status, _, body = ecs._update_service({"cluster": props.get("Cluster", "default"), "service": arn, **later})
        if status >= 400:
            raise ValueError(f"AWS::ECS::Service create failed: {body!r}")
    return arn, attributes


_create_task_definition = provisioners._ecs_task_def_create
_create_service = provisioners._ecs_service_create


def install() -> None:
    provisioners._normalize_container_defs = to_api
    provisioners._ecs_task_def_create = create_task_definition
    provisioners._ecs_service_create = create_service
    provisioners._RESOURCE_HANDLERS["AWS::ECS::TaskDefinition"]["create"] = create_task_definition
    provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]["create"] = create_service
