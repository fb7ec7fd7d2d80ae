"""An HTTP API authorizer of format 2.0 with a simple response, and with lists and objects in its context."""


def handler(event, context):
    if event["headers"]["authorization"] != "secretToken":
        return {"isAuthorized": False}
    return {
        "isAuthorized": True,
        "context": {
            "stringKey": "value",
            "numberKey": 1,
            "booleanKey": True,
            "arrayKey": ["value1", "value2"],
            "mapKey": {"value1": "value2"},
        },
    }
