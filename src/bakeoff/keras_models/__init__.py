"""Right pages: every architecture in Keras, one file each, and the loop that trains them."""
