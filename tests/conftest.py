"""Plots are drawn into memory; notebooks keep the backend of their kernel."""

import matplotlib

matplotlib.use("agg")
