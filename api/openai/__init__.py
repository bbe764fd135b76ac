"""The surface that any OpenAI client speaks, below `/v1`."""
