"""A TOKEN-style authorizer in Python, as REST APIs have them: a token in, an IAM policy out."""


def policy(principal, effect, resource, context=None):
    document = {
        "principalId": principal,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}],
        },
    }
    if context is not None:
        document["context"] = context
    return document


def handler(event, _context):
    token = event["authorizationToken"].removeprefix("Bearer ")
    if token == "allow":
        # One policy for every route of the stage, since the answer is cached by the token.
        everything = "/".join(event["methodArn"].split("/")[:2]) + "/*"
        return policy("zoé", "Allow", everything, {"scope": "read write", "count": 7, "ratio": 0.5, "ok": False})
    if token == "deny":
        return policy("mallory", "Deny", event["methodArn"])
    if token == "unauthorized":
        raise Exception("Unauthorized")
    return {}[token]
