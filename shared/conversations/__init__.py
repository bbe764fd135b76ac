"""Conversations with models: who said what, and what of it a model is shown."""
