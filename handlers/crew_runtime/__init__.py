"""How a crew runs here. Importing any module of this package silences crewai before it can be imported."""

from handlers.crew_runtime import environment

environment.silence()
