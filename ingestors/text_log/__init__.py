"""Tables in text files: the logs that stand beside images, whoever wrote them."""
