"""Running a unikernel: as a sandboxed process, or in a virtual machine."""
