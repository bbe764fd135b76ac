"""The version that results, heartbeats and documents name."""

VERSION = "0.1.0"
