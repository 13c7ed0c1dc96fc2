"""What a unikernel is shipped as."""
