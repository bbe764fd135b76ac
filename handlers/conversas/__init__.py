"""Questions to models that are answered later, at a callback (`POST /webhook`)."""
