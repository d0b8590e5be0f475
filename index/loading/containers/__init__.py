"""Files that contain documents: archives, mailboxes, messages. A member is a path below its container."""
