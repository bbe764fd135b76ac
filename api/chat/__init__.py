"""Answers of a chat as they come: generated here, read by any number, kept in the store."""
