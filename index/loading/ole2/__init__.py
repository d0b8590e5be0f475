"""Reads the compound files (OLE2) of older Office programs. Only this package imports olefile."""
