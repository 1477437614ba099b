"""What the tests stand on: real servers, a real sandbox, a real worker, and doors to look through."""
