"""The evaluation harness: labelled cases through the real handlers and any configured model. `python -m evals`."""
