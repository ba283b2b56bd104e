"""The pages (网页): what people open at ``/ui``, in the process and behind the door of the service."""
