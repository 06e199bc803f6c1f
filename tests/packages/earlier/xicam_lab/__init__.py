"""What a laboratory published for the field's earlier tools."""
