"""Attacks on a real server over HTTP, by a stranger who knows its documentation and its libraries but not its code.

`python -m tests.attack` runs all of them against `pincite serve` and `app.py` and prints a table; the default run of
the tests runs each as a test. Everything stays on this machine: servers and visitors use loopback addresses only. A
server that does not withstand an attack may delete the files that the attack names, so attacks only name files that
were made for them.
"""
