"""Tasks that are trainings on real tables: networks of many kinds whose controls are set before each epoch."""
