"""The versioned tables of `exames`, typed: what requests check at the door and rules decide by."""
