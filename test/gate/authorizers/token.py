"""A REST API authorizer of type TOKEN that takes the ARN apart and builds a policy for verbs and resources."""

import re


class Policy:
    """Statements for one stage of one API, one for each verb and resource."""

    allowed_path = re.compile(r"^[/.a-zA-Z0-9-\*]+$")

    def __init__(self, principal, method_arn):
        _, _, _, region, account, rest = method_arn.split(":", 5)
        api, stage = rest.split("/")[:2]
        self.principal = principal
        self.base = f"arn:aws:execute-api:{region}:{account}:{api}/{stage}"
        self.statements = {"Allow": [], "Deny": []}

    def add(self, effect, verb, resource):
        if not self.allowed_path.match(resource):
            raise NameError("Invalid resource path: " + resource)
        self.statements[effect].append(f"{self.base}/{verb}/{resource.lstrip('/')}")

    def build(self, context):
        return {
            "principalId": self.principal,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resources}
                    for effect, resources in self.statements.items()
                    if resources
                ],
            },
            "context": context,
        }


def handler(event, context):
    if sorted(event) != ["authorizationToken", "methodArn", "type"] or event["type"] != "TOKEN":
        raise Exception("this is no TOKEN event")
    token = event["authorizationToken"]
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token not in ("allow", "deny"):
        raise Exception("Error: Invalid token")
    policy = Policy("user", event["methodArn"])
    if token == "allow":
        policy.add("Allow", "*", "/*")
    else:
        policy.add("Deny", "*", "/*")
    return policy.build({"stringKey": "stringval", "numberKey": 123, "booleanKey": True})
