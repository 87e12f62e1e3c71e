"""One file a chart: arrays and results in, a plotly figure out; nothing is computed here."""
