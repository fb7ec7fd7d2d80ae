"""An HTTP API authorizer of format 2.0 that answers an IAM policy for the route that it was asked about."""


def handler(event, context):
    effect = "Allow" if event["headers"]["authorization"] == "secretToken" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["routeArn"]}
    return {
        "principalId": "abcdef",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"stringKey": "value", "numberKey": 1, "booleanKey": True},
    }
