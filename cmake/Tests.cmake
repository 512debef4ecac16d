# SPDX-License-Identifier: Apache-2.0
# add_unit_tests(FOLDER LINK ... SUBJECTS ...): a cmocka program a subject, named after
# folder and file: tests/base/test_arena.c is the test base.arena.
function(add_unit_tests folder)
	cmake_parse_arguments(arg "" "" "LINK;SUBJECTS" ${ARGN})
	foreach(subject ${arg_SUBJECTS})
		set(name ${folder}.${subject})
		add_executable(test.${name} ${folder}/test_${subject}.c)
		target_link_libraries(test.${name}
			PRIVATE reachd_test_support ${arg_LINK} PkgConfig::CMOCKA)
		add_test(NAME ${name} COMMAND test.${name}
			WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}/tests)
		set_tests_properties(${name} PROPERTIES TIMEOUT 120)
	endforeach()
	# A test that nobody runs passes for ever.
	file(GLOB there ${folder}/test_*.c)
	list(LENGTH there n_there)
	list(LENGTH arg_SUBJECTS n_named)
	if(NOT n_there EQUAL n_named)
		message(SEND_ERROR "tests/${folder} has ${n_there} tests, and ${n_named} are named")
	endif()
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
