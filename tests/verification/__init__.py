"""The check, behaviour by behaviour; no encoder is needed: closeness is passed by hand."""
