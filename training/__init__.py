"""Trains the models in `index/encoders`: the data, the programs that make the data, and measurements.

This is not part of the installed package. `README.md` has the commands, the sources with their licences, and figures.
"""
