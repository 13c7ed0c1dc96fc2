"""Reading an image: the program that will run, its interpreter and its libraries."""
