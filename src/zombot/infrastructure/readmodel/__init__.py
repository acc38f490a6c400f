"""The read model: what people and programs query, projected from the journal."""
