"""The map of a library: its passages as dots in the plane, near ones saying similar things.

The projection is linear and kept with the map, so a question and the passages found for it land on the same map for
the price of their own vectors. `Maps` keeps the map of one library; `place` puts a question and its hits on it.
"""

from index.mapping.keeping import Maps
from index.mapping.places import LibraryMap, Placed, Point, Shape
from index.mapping.placing import nowhere, place

__all__ = ["LibraryMap", "Maps", "Placed", "Point", "Shape", "nowhere", "place"]
