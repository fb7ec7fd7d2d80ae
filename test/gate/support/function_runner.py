"""Runs a Lambda handler of Python: events in by lines of JSON, answers out the same way."""

import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("function", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)

print(flush=True)
for line in sys.stdin:
    try:
        answer = {"value": module.handler(json.loads(line), None)}
    except Exception as error:  # The runtime reports whatever a handler raises.
        answer = {"error": {"errorMessage": str(error), "errorType": type(error).__name__}}
    print(json.dumps(answer), flush=True)
