"""The panels of the home page: each a figure or a chart of something, from which one gets to its rows."""
