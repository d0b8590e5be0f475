"""How the weights in `index/cross_encoders` were trained. Nothing here is installed."""
