# SPDX-License-Identifier: Apache-2.0
# add_unit_test(SOURCE LINK ...): one cmocka program, named after its folder and file:
# tests/base/test_arena.c is the test base.arena.
function(add_unit_test source)
	cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
	get_filename_component(stem ${source} NAME_WE)
	get_filename_component(folder ${source} DIRECTORY)
	string(REPLACE "/" "." folder ${folder})
	string(REGEX REPLACE "^test_" "" subject ${stem})
	set(target test.${folder}.${subject})
	add_executable(${target} ${source})
	target_link_libraries(${target} PRIVATE reachd_test_support ${arg_LINK} PkgConfig::CMOCKA)
	add_test(NAME ${folder}.${subject} COMMAND ${target}
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
	set_tests_properties(${folder}.${subject} PROPERTIES TIMEOUT 120)
endfunction()

# add_fuzzer(SOURCE CORPUS LINK ...): tests/fuzz/fuzz_x.c as a libFuzzer program where
# REACHD_FUZZ is on, and always as a plain program that runs every file of the corpus
# once, as the test fuzz.x.
function(add_fuzzer source corpus)
	cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
	get_filename_component(stem ${source} NAME_WE)
	string(REGEX REPLACE "^fuzz_" "" subject ${stem})
	add_executable(replay.${subject} ${source} ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
	target_link_libraries(replay.${subject} PRIVATE ${arg_LINK})
	add_test(NAME fuzz.${subject}
		COMMAND replay.${subject} ${CMAKE_SOURCE_DIR}/tests/fuzz/${corpus})
	set_tests_properties(fuzz.${subject} PROPERTIES TIMEOUT 120)
	if(REACHD_FUZZ)
		add_executable(fuzz.${subject} ${source})
		target_link_libraries(fuzz.${subject} PRIVATE ${arg_LINK})
		target_compile_options(fuzz.${subject} PRIVATE -fsanitize=fuzzer)
		target_link_options(fuzz.${subject} PRIVATE -fsanitize=fuzzer)
	endif()
endfunction()
