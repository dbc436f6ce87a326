"""The second engine: the steps and questions of an instance as machine code over states packed in bit planes."""
