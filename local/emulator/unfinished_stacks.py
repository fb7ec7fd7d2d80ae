"""CloudFormation: a stack operation that was cut off with the emulator does not stay in progress for ever.

Nobody works on it after a restart, and CDK would wait for it. It gets the state that CloudFormation gives after a
failure: a first creation is to be deleted and done again, an update can be repeated.
"""

from typing import Any

from late_services import cloudformation

SETTLED = {
    "CREATE_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS": "DELETE_FAILED",
}


def load(data: Any) -> None:
    _load(data)
    for stack in cloudformation._stacks._data.values():
        status = stack.get("StackStatus", "")
        if status.startswith("UPDATE_") and status.endswith("_IN_PROGRESS"):
            stack["StackStatus"] = "UPDATE_ROLLBACK_COMPLETE"
        else:
            stack["StackStatus"] = SETTLED.get(status, status)


_load = cloudformation.load_persisted_state


def install() -> None:
    cloudformation.load_persisted_state = load
