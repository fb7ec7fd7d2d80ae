"""Secrets of a template as CloudFormation makes them.

In MiniStack 1.5 a `Ref` to one is its name, where CloudFormation has the ARN, and a generated value ignores which
characters are excluded.
"""

import json
from typing import Any

from ministack.services import secretsmanager

from late_services import provisioners

Props = dict[str, Any]
Created = tuple[str, dict[str, Any]]

TYPE = "AWS::SecretsManager::Secret"


def generated(props: Props) -> Props:
    """The same properties with the value that they ask for, made by the service itself."""
    wanted = props.get("GenerateSecretString")
    if wanted is None or props.get("SecretString"):
        return props
    _, _, body = secretsmanager._get_random_password(wanted)
    password = json.loads(body)["RandomPassword"]
    if template := wanted.get("SecretStringTemplate"):
        password = json.dumps({**json.loads(template), wanted["GenerateStringKey"]: password})
    return {**props, "SecretString": password}


def name_of(arn: str) -> str:
    """The name that the service knows the secret by."""
    return next((name for name, secret in secretsmanager._secrets.items() if secret["ARN"] == arn), arn)


def install() -> None:
    emulated = provisioners._RESOURCE_HANDLERS[TYPE]

    def by_arn(created: Created) -> Created:
        _, attributes = created
        return attributes["Arn"], attributes

    def create(logical_id: str, props: Props, stack_name: str) -> Created:
        return by_arn(emulated["create"](logical_id, generated(props), stack_name))

    def update(physical_id: str, old: Props, new: Props, stack_name: str, logical_id: str | None = None) -> Created:
        if new.get("GenerateSecretString") != old.get("GenerateSecretString"):
            new = generated(new)
        return by_arn(emulated["update"](name_of(physical_id), old, new, stack_name, logical_id))

    def delete(physical_id: str, props: Props) -> None:
        emulated["delete"](name_of(physical_id), props)

    provisioners._RESOURCE_HANDLERS[TYPE] = {**emulated, "create": create, "update": update, "delete": delete}
