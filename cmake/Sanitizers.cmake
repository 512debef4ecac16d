# SPDX-License-Identifier: Apache-2.0
if(REACHD_SANITIZE)
	add_compile_options(-fsanitize=${REACHD_SANITIZE} -fno-omit-frame-pointer
		-fno-sanitize-recover=all)
	add_link_options(-fsanitize=${REACHD_SANITIZE})
endif()
