"""What people do with mail: set servers up, write letters with files; and the outbox that sends them."""
