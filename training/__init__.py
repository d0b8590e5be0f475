"""Training of the models in `index/encoders`: their data, the programs that make it, and measurements.

No part of the package that is installed. `README.md` has the commands, the sources with their licences, and figures.
"""
