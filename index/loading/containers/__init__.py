"""Files that contain documents: archives, mailboxes, messages with attachments. A member is a path below its container."""
