"""The catalogue of models that a platform under test is given."""

from __future__ import annotations

from pathlib import Path

# A breaker that hardly rests: what one test has broken, the next one may use.
RESTLESS = "[breaker]\nfailures = 1000\nopen_s = 0.01\nlasting_s = 0.01\nopen_cap_s = 0.01\n"


def models_file(folder: Path, more: str = "", **urls: str) -> Path:
    """A policy over one deployment per URL, in their order, none of them tried twice."""
    parts = [more]
    for name, url in urls.items():
        parts += [f"[deployments.{name}]", 'provider = "openai_compatible"', 'model = "llmock"', f'base_url = "{url}"']
        parts += ["prices = { input = 1, output = 10 }"]
    names = ", ".join(f'"{name}"' for name in urls)
    parts += ["[policies.padrao]", f"deployments = [{names}]", "retries = 0"]
    file = folder / "models.toml"
    file.write_text("\n".join(parts))
    return file
