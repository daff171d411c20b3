"""`winback report --html`: one self-contained page about a month, made of the views for analysts."""
