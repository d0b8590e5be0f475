"""How good the search is, measured on public sets and on a reader's own questions. The only door to ir-measures and
scipy.
"""
