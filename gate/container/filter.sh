#!/bin/sh
# Filters nginx's error log, which quotes what clients send. Of a line about a request, everything from the first quote on
# goes; of any line, what follows a question mark and whatever could be a key.
# Bytes, since no request need be text of the machine's language.
export LC_ALL=C
exec sed -uE -e '/, client: /s/".*//' -e 's/\?.*/?/' -e 's/([0-9A-Za-z]|%(25)*(3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])){@MASKED_LENGTH@,}/@MASK@/g'
