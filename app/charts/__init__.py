"""Charts: binned or sampled numbers in, plotly figures out."""
