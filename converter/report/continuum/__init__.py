"""The continuum: from the container as it is to the unikernel on a machine, every stop measured alike."""
