"""A REST API authorizer of type REQUEST that looks at a header, a query parameter and a stage variable."""


def handler(event, context):
    good = (
        event["headers"].get("HeaderAuth1") == "headerValue1"
        and event["queryStringParameters"].get("QueryString1") == "queryValue1"
        and event["stageVariables"].get("StageVar1") == "stageValue1"
        and event["requestContext"]["identity"]["sourceIp"] != ""
    )
    if not good:
        raise Exception("Unauthorized")
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}
    return {
        "principalId": "me",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"stringKey": "stringval", "numberKey": 123, "booleanKey": True},
    }
