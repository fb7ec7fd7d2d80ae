"""A small text-to-speech web service: a page, a plain API and OpenAI's speech API over an exchangeable engine."""
