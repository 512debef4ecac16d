# SPDX-License-Identifier: Apache-2.0
# embed_file(OUT_VAR FILE SYMBOL): a C source that holds FILE's bytes as
# `const char SYMBOL[]` (NUL terminated) and `const size_t SYMBOL_size`.
function(embed_file out file symbol)
	set(generated ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
	add_custom_command(OUTPUT ${generated}
		COMMAND ${CMAKE_COMMAND} -DIN=${file} -DOUT=${generated} -DSYMBOL=${symbol}
			-P ${CMAKE_SOURCE_DIR}/cmake/EmbedScript.cmake
		DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/EmbedScript.cmake
		VERBATIM)
	set(${out} ${generated} PARENT_SCOPE)
endfunction()
