"""Checks CloudFormation templates against the request models of botocore: enums, patterns, lengths and ranges.

CloudFormation passes properties on to the services' own APIs, which refuse what does not fit. Reads templates from the
files that are its arguments; prints one finding a line.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

# Types, and the operation that makes one of the kind.
OPERATIONS = {
    "AWS::ApplicationAutoScaling::ScalableTarget": ("application-autoscaling", "RegisterScalableTarget"),
    "AWS::ApplicationAutoScaling::ScalingPolicy": ("application-autoscaling", "PutScalingPolicy"),
    "AWS::AutoScaling::AutoScalingGroup": ("autoscaling", "CreateAutoScalingGroup"),
    "AWS::CertificateManager::Certificate": ("acm", "RequestCertificate"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
    "AWS::CloudWatch::Dashboard": ("cloudwatch", "PutDashboard"),
    "AWS::DynamoDB::GlobalTable": ("dynamodb", "CreateTable"),
    "AWS::EC2::LaunchTemplate": ("ec2", "CreateLaunchTemplate"),
    "AWS::EC2::SecurityGroup": ("ec2", "CreateSecurityGroup"),
    "AWS::EC2::Subnet": ("ec2", "CreateSubnet"),
    "AWS::EC2::VPC": ("ec2", "CreateVpc"),
    "AWS::EC2::VPCEndpoint": ("ec2", "CreateVpcEndpoint"),
    "AWS::ECS::CapacityProvider": ("ecs", "CreateCapacityProvider"),
    "AWS::ECS::Cluster": ("ecs", "CreateCluster"),
    "AWS::ECS::Service": ("ecs", "CreateService"),
    "AWS::ECS::TaskDefinition": ("ecs", "RegisterTaskDefinition"),
    "AWS::ElasticLoadBalancingV2::Listener": ("elbv2", "CreateListener"),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("elbv2", "CreateRule"),
    "AWS::ElasticLoadBalancingV2::LoadBalancer": ("elbv2", "CreateLoadBalancer"),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("elbv2", "CreateTargetGroup"),
    "AWS::Events::Rule": ("events", "PutRule"),
    "AWS::IAM::Role": ("iam", "CreateRole"),
    "AWS::Lambda::Alias": ("lambda", "CreateAlias"),
    "AWS::Lambda::Function": ("lambda", "CreateFunction"),
    "AWS::Logs::LogGroup": ("logs", "CreateLogGroup"),
    "AWS::Route53::RecordSet": ("route53", "ChangeResourceRecordSets"),
    "AWS::S3::Bucket": ("s3", "CreateBucket"),
    "AWS::SecretsManager::Secret": ("secretsmanager", "CreateSecret"),
    "AWS::WAFv2::IPSet": ("wafv2", "CreateIPSet"),
    "AWS::WAFv2::LoggingConfiguration": ("wafv2", "PutLoggingConfiguration"),
    "AWS::WAFv2::WebACL": ("wafv2", "CreateWebACL"),
}

SESSION = botocore.session.get_session()


@cache
def operation(service: str, name: str) -> OperationModel:
    return SESSION.get_service_model(service).operation_model(name)


def is_intrinsic(value: Any) -> bool:
    """Whether CloudFormation computes the value."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def findings(value: Any, shape: Shape, path: str) -> list[str]:
    if value is None or is_intrinsic(value):
        return []
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            return []
        members = {name.lower(): member for name, member in shape.members.items()}
        return [
            finding
            for name, inner in value.items()
            if (member := members.get(name.lower())) is not None
            for finding in findings(inner, member, f"{path}.{name}")
        ]
    if isinstance(shape, ListShape):
        if not isinstance(value, list):
            return []
        return bounds(len(value), shape, path, "items") + [
            finding
            for index, inner in enumerate(value)
            for finding in findings(inner, shape.member, f"{path}[{index}]")
        ]
    if isinstance(shape, MapShape):
        if not isinstance(value, dict):
            return []
        return [
            finding for name, inner in value.items() for finding in findings(inner, shape.value, f"{path}.{name}")
        ]
    return scalar(value, shape, path)


def scalar(value: Any, shape: Shape, path: str) -> list[str]:
    if shape.type_name in ("integer", "long", "float", "double"):
        try:
            return bounds(float(value), shape, path, "")
        except (TypeError, ValueError):
            return [f"{path}: {value!r} is no number"]
    if shape.type_name != "string" or not isinstance(value, str):
        return []
    found = bounds(len(value), shape, path, "characters")
    if shape.enum and value not in shape.enum:
        found.append(f"{path}: {value!r} is none of {', '.join(shape.enum)}")
    pattern = shape.metadata.get("pattern")
    if pattern and not matches(pattern, value):
        found.append(f"{path}: {value!r} does not match {pattern}")
    return found


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern.replace(r"\p{L}", r"^\W\d_").replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\d"), re.S)
    except re.error:
        # Java's own classes of characters.
        return None


def matches(pattern: str, value: str) -> bool:
    expression = compiled(pattern) if r"\p" not in pattern else None
    return expression is None or expression.fullmatch(value) is not None


def bounds(size: float, shape: Shape, path: str, unit: str) -> list[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        return [f"{path}: {size:g} {unit} is not from {least} to {most}"]
    return []


def check(file: Path) -> tuple[int, list[str]]:
    """The number of resources that were compared, and what was found."""
    resources = json.loads(file.read_text("utf-8")).get("Resources", {})
    known = {name: item for name, item in resources.items() if item["Type"] in OPERATIONS}
    found = []
    for name, item in known.items():
        shape = operation(*OPERATIONS[item["Type"]]).input_shape
        found += findings(item.get("Properties", {}), shape, f"{file.name}: {name}")
    return len(known), found


def main(files: list[str]) -> None:
    results = [check(Path(file)) for file in files]
    for _, found in results:
        for finding in found:
            print(finding)
    print(f"{sum(count for count, _ in results)} resources compared")


if __name__ == "__main__":
    main(sys.argv[1:])
