"""The map of a library: its passages as dots in the plane, where similar passages are near each other.

The projection is linear and stored with the map, so placing a question and its hits costs no more than reading their
vectors. `Maps` keeps the map of one library; `place` puts a question and its hits on it.
"""

from index.mapping.keeping import Maps
from index.mapping.places import LibraryMap, Placed, Point, Shape
from index.mapping.placing import nowhere, place

__all__ = ["LibraryMap", "Maps", "Placed", "Point", "Shape", "nowhere", "place"]
