"""ImageJ and Fiji: stacks and hyperstacks, and the images that they save."""
