"""Publishing: a library as something that others can open."""
