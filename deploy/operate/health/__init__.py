"""What `winback doctor` looks at on a running system: each look returns what is well, or raises with the remedy."""
