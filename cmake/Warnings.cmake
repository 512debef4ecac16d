# SPDX-License-Identifier: Apache-2.0
# Warnings are errors, for gcc and clang alike.
add_compile_options(
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
	-Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings -Werror)
add_compile_definitions(_GNU_SOURCE _FILE_OFFSET_BITS=64)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
	add_compile_options(-fstack-protector-strong)
	add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
