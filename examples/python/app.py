"""The default example, in Python."""

import os

import aws_cdk as cdk
from voicegate import AppImage, EdgeCertificate, SecureTtsService

app = cdk.App()
stack = cdk.Stack(
    app,
    "Speech",
    env=cdk.Environment(
        account=os.environ.get("CDK_DEFAULT_ACCOUNT"),
        region=os.environ.get("CDK_DEFAULT_REGION"),
    ),
)

SecureTtsService(
    stack,
    "Tts",
    image=AppImage.bundled(),
    certificate=EdgeCertificate.self_signed(),
    environment={"GREETING": app.node.try_get_context("greeting") or "hello"},
)

app.synth()
