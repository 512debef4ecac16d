# SPDX-License-Identifier: Apache-2.0
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(................................................................................)"
	"\\1\n" bytes "${bytes}")
file(WRITE ${OUT} "#include <stddef.h>\n"
	"extern const char ${SYMBOL}[];\nextern const size_t ${SYMBOL}_size;\n"
	"const char ${SYMBOL}[] = {\n${bytes}0};\n"
	"const size_t ${SYMBOL}_size = sizeof ${SYMBOL} - 1;\n")
