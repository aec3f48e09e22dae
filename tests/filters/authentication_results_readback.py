"""Reads Authentication-Results fields as a program does that nobody here wrote.

Input: one JSON string a line, a whole field. Output: a line for each, a JSON list of [method, result, {property: value}],
or null where the field cannot be read. Exits 77 where python3-authres is missing.
"""

import json
import sys

try:
    import authres
except ImportError:
    sys.exit(77)

for line in sys.stdin:
    try:
        field = authres.AuthenticationResultsHeader.parse(json.loads(line).rstrip("\r\n"))
        print(json.dumps([[result.method, result.result,
                           {f"{found.type}.{found.name}": found.value for found in result.properties}]
                          for result in field.results]))
    except authres.SyntaxError:
        print("null")
