"""What all tasks have in common whose trials go on from each other, as the epochs of one training do."""
