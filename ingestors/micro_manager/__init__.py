"""Micro-Manager: stacks, NDTiff data sets and folders of single images."""
