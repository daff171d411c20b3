"""What SDKs put on the wire, read into messages of the contract: pure functions, one module a dialect."""
