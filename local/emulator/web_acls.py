"""WAFv2: web ACLs keep every member of the template, in the API's spelling, and its other types have handlers."""

import base64
import json
from collections.abc import Callable
from typing import Any

from ministack.services import waf

from late_services import provisioners

Props = dict[str, Any]
Created = tuple[str, dict[str, Any]]

# Members of a web ACL that MiniStack 1.5 does not store.
KEPT = (
    "AssociationConfig",
    "CaptchaConfig",
    "ChallengeConfig",
    "CustomResponseBodies",
    "DataProtectionConfig",
    "OnSourceDDoSProtectionConfig",
    "TokenDomains",
)
REFERENCES = {"IPSetReferenceStatement", "RegexPatternSetReferenceStatement", "RuleGroupReferenceStatement"}
# Numbers and switches that a template may give as text.
NUMBERS = {"Limit", "EvaluationWindowSec", "Size", "Priority", "ResponseCode", "ImmunityTime", "Capacity"}
SWITCHES = {"SampledRequestsEnabled", "CloudWatchMetricsEnabled", "EnableMachineLearning"}


def to_api(value: Any, name: str = "") -> Any:
    """Rules in CloudFormation's spelling to the API's: `Arn` to `ARN`, a search string to base64, text to numbers."""
    if isinstance(value, list):
        return [to_api(item) for item in value]
    if isinstance(value, dict):
        members = {key: to_api(item, key) for key, item in value.items()}
        if name in REFERENCES and "Arn" in members:
            members["ARN"] = members.pop("Arn")
        if name == "ByteMatchStatement":
            encoded = members.pop("SearchStringBase64", None)
            plain = members.get("SearchString", "")
            members["SearchString"] = encoded or base64.b64encode(str(plain).encode()).decode()
        return members
    if name in NUMBERS and isinstance(value, str):
        return int(value)
    if name in SWITCHES and isinstance(value, str):
        return value.lower() == "true"
    return value


def keep(record: Props, props: Props) -> None:
    for name in KEPT:
        if name in props:
            record[name] = to_api(props[name])
        else:
            record.pop(name, None)


def create_web_acl(logical_id: str, props: Props, stack_name: str) -> Created:
    physical_id, attributes = _create(logical_id, translated(props), stack_name)
    keep(find_web_acl(attributes["Arn"]), props)
    return physical_id, {
        **attributes,
        "Capacity": 0,
        "LabelNamespace": f"awswaf:{attributes['Arn'].split(':')[4]}:webacl:{physical_id.split('|')[0]}:",
    }


def update_web_acl(physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None) -> Created:
    result = _update(physical_id, old, translated(new), stack_name, logical_id)
    keep(find_web_acl(result[1]["Arn"]), new)
    return result


def update_through_api(data: Props) -> Any:
    response = _update_api(data)
    record = waf.web_acl_record(data.get("Id", ""), data.get("Scope", "REGIONAL"))
    if response[0] < 400 and record:
        record["Description"] = data.get("Description", record.get("Description", ""))
        for name in KEPT:
            if name in data:
                record[name] = data[name]
    return response


def find_web_acl(arn: str) -> Props:
    record, error = waf._resolve_local_web_acl(arn)
    if error:
        raise ValueError(f"web ACL {arn} was not found after it was created")
    return record


def translated(props: Props) -> Props:
    return {**props, "Rules": to_api(props.get("Rules") or [])}


def answer(response: Any) -> Props:
    """The body of a service's answer, or the failure that CloudFormation shows."""
    status, _, body = response
    if status >= 400:
        raise ValueError(str(json.loads(body).get("message") or body))
    return json.loads(body)


def associate(logical_id: str, props: Props, stack_name: str) -> Created:
    answer(waf._associate_web_acl({"WebACLArn": props["WebACLArn"], "ResourceArn": props["ResourceArn"]}))
    return f"{props['WebACLArn']}|{props['ResourceArn']}", {}


def disassociate(physical_id: str, props: Props) -> None:
    # A later association of the same resource stays: AWS keeps one web ACL a resource, and the last one counts.
    if waf._associations.get(props.get("ResourceArn", "")) == props.get("WebACLArn"):
        waf._disassociate_web_acl({"ResourceArn": props["ResourceArn"]})


def reassociate(physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None) -> Created:
    created = associate(logical_id or physical_id, new, stack_name)
    if old.get("ResourceArn") != new.get("ResourceArn"):
        disassociate(physical_id, old)
    return created


def set_handlers(
    kind: str,
    create: Callable[[Props], Any],
    delete: Callable[[Props], Any],
    store: Any,
    members: Callable[[Props], Props],
) -> dict[str, Any]:
    """Handlers for the types that are a name, a scope and a list: IP sets, pattern sets, rule groups."""

    def create_handler(logical_id: str, props: Props, stack_name: str) -> Created:
        name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=128)
        scope = waf._normalize_scope(props.get("Scope"))
        summary = answer(create({**members(props), "Name": name, "Scope": scope}))["Summary"]
        return f"{name}|{summary['Id']}|{scope}", {"Arn": summary["ARN"], "Id": summary["Id"]}

    def update_handler(
        physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
    ) -> Created:
        name, uid, scope = physical_id.split("|")
        record = waf._resource_from_scope(store, uid, scope)
        if record is None or new.get("Name", name) != name or waf._normalize_scope(new.get("Scope")) != scope:
            created = create_handler(logical_id or physical_id, new, stack_name)
            delete_handler(physical_id, old)
            return created
        record.update(members(new))
        return physical_id, {"Arn": record["ARN"], "Id": uid}

    def delete_handler(physical_id: str, props: Props) -> None:
        _, uid, scope = physical_id.split("|")
        record = waf._resource_from_scope(store, uid, scope)
        if record:
            delete({"Id": uid, "Scope": scope, "LockToken": record["LockToken"]})

    return {
        f"AWS::WAFv2::{kind}": {
            "create": create_handler,
            "update": update_handler,
            "update_with_logical_id": True,
            "delete": delete_handler,
        }
    }


def ip_set(props: Props) -> Props:
    return {
        "Addresses": props.get("Addresses") or [],
        "IPAddressVersion": props.get("IPAddressVersion", "IPV4"),
        "Description": props.get("Description", ""),
    }


def pattern_set(props: Props) -> Props:
    return {
        "RegularExpressionList": [{"RegexString": text} for text in props.get("RegularExpressionList") or []],
        "Description": props.get("Description", ""),
    }


def rule_group(props: Props) -> Props:
    return {
        "Rules": to_api(props.get("Rules") or []),
        "Capacity": int(props.get("Capacity", 0)),
        "VisibilityConfig": props.get("VisibilityConfig") or {},
        "Description": props.get("Description", ""),
        "CustomResponseBodies": props.get("CustomResponseBodies") or {},
    }


_create = provisioners._waf_web_acl_create
_update = provisioners._waf_web_acl_update
_update_api = waf._update_web_acl


def install() -> None:
    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::WAFv2::WebACL"].update(create=create_web_acl, update=update_web_acl, update_with_logical_id=True)
    waf._update_web_acl = update_through_api
    handlers["AWS::WAFv2::WebACLAssociation"] = {
        "create": associate,
        "update": reassociate,
        "update_with_logical_id": True,
        "delete": disassociate,
    }
    handlers.update(set_handlers("IPSet", waf._create_ip_set, waf._delete_ip_set, waf._ip_sets, ip_set))
    handlers.update(
        set_handlers(
            "RegexPatternSet",
            waf._create_regex_pattern_set,
            waf._delete_regex_pattern_set,
            waf._regex_pattern_sets,
            pattern_set,
        )
    )
    handlers.update(
        set_handlers("RuleGroup", waf._create_rule_group, waf._delete_rule_group, waf._rule_groups, rule_group)
    )
