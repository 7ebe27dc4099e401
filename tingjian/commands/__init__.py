"""One module per command: reads settings, calls the flow or the pipeline, prints."""
