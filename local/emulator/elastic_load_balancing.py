"""Elastic Load Balancing v2: what MiniStack 1.5 loses between the template and Describe*.

A rule's conditions and an action's target groups with weights come back as they were deployed, texts are escaped in
the XML, the attributes that a template gives a listener are kept when it is created, and the targets that a template
gives a target group are registered.
"""

from typing import Any
from xml.sax.saxutils import escape

from ministack.services import alb

from late_services import provisioners

# AWS answers a condition's values both ways: flat, and in the member of the condition's own type.
CONFIGS = {
    "host-header": "HostHeaderConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "path-pattern": "PathPatternConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}
FLAT = {"host-header", "path-pattern", "http-request-method", "source-ip"}
# AWS takes it and never tells it.
SECRET = "ClientSecret"


def to_xml(value: Any) -> str:
    """A value in the Query protocol's XML: lists become members, and members keep their names."""
    if isinstance(value, dict):
        return "".join(
            f"<{name}>{to_xml(item)}</{name}>" for name, item in value.items() if item is not None and name != SECRET
        )
    if isinstance(value, (list, tuple)):
        return "".join(f"<member>{to_xml(item)}</member>" for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def member(value: dict[str, Any]) -> str:
    return f"<member>{to_xml(value)}</member>"


def deployed_actions(props: dict[str, Any], lb_arn: str | None, prop: str = "DefaultActions") -> list[dict[str, Any]]:
    """The actions as the template has them, with the first target group where MiniStack looks for it, too."""
    actions = _actions(props, lb_arn, prop)
    for action, given in zip(actions, (a for a in props.get(prop) or [] if isinstance(a, dict)), strict=True):
        for name, value in given.items():
            action.setdefault(name, value)
    return actions


def deployed_conditions(conditions: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return [complete_condition(condition) for condition in conditions or []]


def complete_condition(condition: dict[str, Any]) -> dict[str, Any]:
    field = condition.get("Field", "")
    config = CONFIGS.get(field)
    result = dict(condition)
    if config and field in FLAT:
        given = condition.get(config) or {}
        values = condition.get("Values") or given.get("Values") or []
        result["Values"] = list(values)
        result[config] = {**given, "Values": list(values)}
    else:
        # MiniStack's own data plane, which is not used here, expects the member.
        result.setdefault("Values", [])
    return result


def condition_xml(condition: dict[str, Any]) -> str:
    return member(complete_condition(condition))


def create_listener(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
    arn, attributes = _create_listener(logical_id, props, stack_name)
    stored = alb._listener_attrs.setdefault(arn, [])
    provisioners._elbv2_merge_attributes(stored, props.get("ListenerAttributes"))
    return arn, attributes


def delete_listener(physical_id: str, props: dict[str, Any]) -> None:
    _delete_listener(physical_id, props)
    alb._listener_attrs.pop(physical_id, None)


def register_targets(arn: str, props: dict[str, Any], before: dict[str, Any] | None = None) -> None:
    """Those of the template; others were registered by somebody else and stay."""
    wanted, gone = given_targets(props), given_targets(before or {})
    others = [target for target in alb._targets.get(arn, []) if target not in wanted and target not in gone]
    alb._targets[arn] = others + wanted


def given_targets(props: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"Id": target["Id"], "Port": int(target.get("Port") or props.get("Port") or 80)}
        for target in props.get("Targets") or []
    ]


def create_target_group(logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, Any]]:
    arn, attributes = _create_target_group(logical_id, props, stack_name)
    register_targets(arn, props)
    return arn, attributes


def update_target_group(
    physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str, logical_id: str | None = None
) -> tuple[str, dict[str, Any]]:
    arn, attributes = _update_target_group(physical_id, old, new, stack_name, logical_id)
    register_targets(arn, new, old)
    return arn, attributes


_create_target_group = provisioners._elbv2_target_group_create
_update_target_group = provisioners._elbv2_target_group_update
_actions = provisioners._elbv2_listener_actions
_create_listener = provisioners._elbv2_listener_create
_delete_listener = provisioners._elbv2_listener_delete


def install() -> None:
    alb._attrs_xml = lambda attributes: "".join(member(attribute) for attribute in attributes)
    alb._action_xml = member
    alb._condition_xml = condition_xml
    provisioners._elbv2_listener_actions = deployed_actions
    provisioners._flatten_listener_rule_conditions = deployed_conditions
    provisioners._elbv2_listener_create = create_listener
    provisioners._elbv2_listener_delete = delete_listener
    listener = provisioners._RESOURCE_HANDLERS["AWS::ElasticLoadBalancingV2::Listener"]
    listener["create"] = create_listener
    listener["delete"] = delete_listener
    # A replacement of the emulator's own creates through its module.
    provisioners._elbv2_target_group_create = create_target_group
    group = provisioners._RESOURCE_HANDLERS["AWS::ElasticLoadBalancingV2::TargetGroup"]
    group["create"] = create_target_group
    group["update"] = update_target_group
