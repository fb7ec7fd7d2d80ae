"""CloudFormation types that MiniStack 1.5 refuses.

Where the emulator has the service, the handler calls it. The others are accepted without effect: they are in
accepted-types.json with what is missing, and every start of the local cloud lists them.
"""

import json
import pathlib
import re
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch, ec2

from late_services import provisioners

Props = dict[str, Any]
Created = tuple[str, dict[str, Any]]


def query(members: Any, prefix: str = "") -> dict[str, list[str]]:
    """Members as parameters of the Query protocol: `{"A": {"B": [1]}}` becomes `A.B.1=1`."""
    if isinstance(members, dict):
        items = [
            (f"{prefix}.{name}" if prefix else name, value) for name, value in members.items() if value is not None
        ]
    elif isinstance(members, list):
        items = [(f"{prefix}.{index}", value) for index, value in enumerate(members, start=1)]
    else:
        return {prefix: [str(members)]}
    return {name: value for path, item in items for name, value in query(item, path).items()}


def call(service: Any, action: str, members: Props) -> str:
    """Calls an action of a Query service and returns its XML, or fails as CloudFormation would."""
    status, _, body = service._ACTION_MAP[action](query(members))
    text = body.decode() if isinstance(body, bytes) else str(body)
    if status >= 400:
        found = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
        raise ValueError(f"{action}: {found.group(1) if found else text}")
    return text


def element(xml: str, name: str) -> str:
    found = re.search(rf"<{name}>(.*?)</{name}>", xml, re.DOTALL)
    if not found:
        raise ValueError(f"the answer has no {name}")
    return found.group(1)


def permission(props: Props, peer: str) -> Props:
    described = {"Description": props.get("Description")}
    return {
        "IpProtocol": props.get("IpProtocol", "-1"),
        "FromPort": props.get("FromPort"),
        "ToPort": props.get("ToPort"),
        "IpRanges": [{"CidrIp": props["CidrIp"], **described}] if props.get("CidrIp") else None,
        "Ipv6Ranges": [{"CidrIpv6": props["CidrIpv6"], **described}] if props.get("CidrIpv6") else None,
        "PrefixListIds": [{"PrefixListId": props[f"{peer}PrefixListId"], **described}]
        if props.get(f"{peer}PrefixListId")
        else None,
        "Groups": [{"GroupId": props[f"{peer}SecurityGroupId"], **described}]
        if props.get(f"{peer}SecurityGroupId")
        else None,
    }


def security_group_rule(direction: str, peer: str) -> dict[str, Any]:
    def create(logical_id: str, props: Props, stack_name: str) -> Created:
        xml = call(
            ec2,
            f"AuthorizeSecurityGroup{direction}",
            {"GroupId": props["GroupId"], "IpPermissions": [permission(props, peer)]},
        )
        rule_id = element(xml, "securityGroupRuleId")
        return rule_id, {"Id": rule_id}

    def delete(physical_id: str, props: Props) -> None:
        call(
            ec2,
            f"RevokeSecurityGroup{direction}",
            {"GroupId": props["GroupId"], "IpPermissions": [permission(props, peer)]},
        )

    return replacing(create, delete)


def create_address(logical_id: str, props: Props, stack_name: str) -> Created:
    xml = call(ec2, "AllocateAddress", {"Domain": props.get("Domain", "vpc")})
    allocation, address = element(xml, "allocationId"), element(xml, "publicIp")
    ec2._tags[allocation] = props.get("Tags") or []
    return address, {"AllocationId": allocation, "PublicIp": address}


def delete_address(physical_id: str, props: Props) -> None:
    for allocation, address in list(ec2._addresses.items()):
        if address["PublicIp"] == physical_id:
            call(ec2, "ReleaseAddress", {"AllocationId": allocation})


def create_nat_gateway(logical_id: str, props: Props, stack_name: str) -> Created:
    members = {name: props.get(name) for name in ("SubnetId", "AllocationId", "ConnectivityType")}
    gateway = element(call(ec2, "CreateNatGateway", members), "natGatewayId")
    ec2._tags[gateway] = props.get("Tags") or []
    return gateway, {"NatGatewayId": gateway}


def delete_nat_gateway(physical_id: str, props: Props) -> None:
    call(ec2, "DeleteNatGateway", {"NatGatewayId": physical_id})


def create_composite_alarm(logical_id: str, props: Props, stack_name: str) -> Created:
    name = props.get("AlarmName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
    status, _, body = cloudwatch._put_composite_alarm({}, {**props, "AlarmName": name}, False, True)
    if status >= 400:
        raise ValueError(f"PutCompositeAlarm: {body!r}")
    return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}


def update_composite_alarm(
    physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None
) -> Created:
    created = create_composite_alarm(logical_id or physical_id, new, stack_name)
    if created[0] != physical_id:
        delete_composite_alarm(physical_id, old)
    return created


def delete_composite_alarm(physical_id: str, props: Props) -> None:
    cloudwatch._delete_alarms({}, {"AlarmNames": [physical_id]}, False, True)


def accept(resource_type: str) -> dict[str, Any]:
    """A resource that has an id and no effect."""

    def create(logical_id: str, props: Props, stack_name: str) -> Created:
        short = uuid.uuid4().hex[:12]
        service = resource_type.split("::")[1].lower()
        arn = f"arn:aws:{service}:{get_region()}:{get_account_id()}:{stack_name}-{logical_id}-{short}"
        return arn, {"Arn": arn, "Id": arn, "QueryDefinitionId": short, "ScalableTargetId": arn, "DeliveryId": short}

    def update(physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None) -> Created:
        return physical_id, {"Arn": physical_id, "Id": physical_id}

    return {
        "create": create,
        "update": update,
        "update_with_logical_id": True,
        "delete": lambda physical_id, props: None,
    }


def replacing(create: Callable[..., Created], delete: Callable[[str, Props], None]) -> dict[str, Any]:
    """Handlers of a type whose every change makes a new resource."""

    def update(physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None) -> Created:
        delete(physical_id, old)
        return create(logical_id or physical_id, new, stack_name)

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def install() -> None:
    missing = {
        "AWS::EC2::SecurityGroupIngress": security_group_rule("Ingress", "Source"),
        "AWS::EC2::SecurityGroupEgress": security_group_rule("Egress", "Destination"),
        "AWS::EC2::EIP": replacing(create_address, delete_address),
        "AWS::EC2::NatGateway": replacing(create_nat_gateway, delete_nat_gateway),
        "AWS::CloudWatch::CompositeAlarm": {
            "create": create_composite_alarm,
            "update": update_composite_alarm,
            "update_with_logical_id": True,
            "delete": delete_composite_alarm,
        },
    }
    accepted = json.loads(pathlib.Path(__file__).with_name("accepted-types.json").read_text())
    missing.update({name: accept(name) for name in accepted})
    for name, handlers in missing.items():
        # A later emulator may have learned the type: then its own way counts.
        provisioners._RESOURCE_HANDLERS.setdefault(name, handlers)
