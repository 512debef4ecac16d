# SPDX-License-Identifier: Apache-2.0
# reachd_library(NAME SOURCES ... LINK ...): the static library of one folder.
# Includes are written from the root of the tree: #include "base/arena.h".
function(reachd_library name)
	cmake_parse_arguments(arg "" "" "SOURCES;LINK;PRIVATE" ${ARGN})
	add_library(${name} STATIC ${arg_SOURCES})
	target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
	target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE})
endfunction()
