"""One call of OpenAI's client, told on standard input, so that no key is a process argument; its end as JSON."""

import json
import ssl
import sys

import openai


def main() -> None:
    call = json.load(sys.stdin)
    client = openai.OpenAI(
        base_url=call["baseUrl"],
        api_key=call["apiKey"],
        max_retries=call["maxRetries"],
        timeout=30,
        http_client=openai.DefaultHttpxClient(verify=ssl.create_default_context(cafile=call["ca"])),
    )
    try:
        spoken = client.audio.speech.create(model="tts-1", voice="alloy", input=call["input"])
        end = {
            "error": None,
            "status": 200,
            "body": spoken.read().decode(),
            "rateLimit": spoken.response.headers.get("ratelimit"),
        }
    except openai.APIStatusError as error:
        end = {
            "error": type(error).__name__,
            "status": error.status_code,
            "body": error.response.text,
            "rateLimit": error.response.headers.get("ratelimit"),
        }
    json.dump(end, sys.stdout)


main()
