"""HEALTHCHECK from outside: a unikernel has one program, so what would run beside it is done by the host."""
