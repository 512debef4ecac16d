# SPDX-License-Identifier: Apache-2.0
if(REACHD_SANITIZE)
	add_compile_options(-fsanitize=${REACHD_SANITIZE} -fno-omit-frame-pointer
		-fno-sanitize-recover=all)
	add_link_options(-fsanitize=${REACHD_SANITIZE})
endif()
if(REACHD_FUZZ)
	# The libraries too, or the fuzzer would see no path but its own.
	add_compile_options(-fsanitize=fuzzer-no-link)
	add_link_options(-fsanitize=fuzzer-no-link)
endif()
