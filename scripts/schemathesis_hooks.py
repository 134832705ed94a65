"""What a JSON Schema cannot say, and so is not held against the store: a product's name has at most 128 bytes of UTF-8,
and a schema counts characters. A name of at most 128 characters and more bytes fits the schema and is refused."""

import schemathesis

MOST = 128


def can_be_said(value):
    if isinstance(value, str):
        return not len(value) <= MOST < len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, dict):
        return all(can_be_said(item) for item in value.values())
    if isinstance(value, list):
        return all(can_be_said(item) for item in value)
    return True


@schemathesis.hook
def filter_query(context, query):
    return can_be_said(query)


@schemathesis.hook
def filter_path_parameters(context, path_parameters):
    return can_be_said(path_parameters)


@schemathesis.hook
def filter_body(context, body):
    return can_be_said(body)
