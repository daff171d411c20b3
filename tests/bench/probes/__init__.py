"""Scripts that measure one thing in one checkout. They import what every build has, and print JSON."""
