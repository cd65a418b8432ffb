"""What a phone must learn: the changes of its owner's own photos and visits, in their places."""
