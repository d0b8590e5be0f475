"""The routes of the REST service, one module for each subject. Whatever a route does is a method of `Library` or of the
job queue.
"""
