/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/model/lifecycle.h"

#include <assert.h>

#include "base/size.h"

const char *incident_status_word(enum incident_status status)
{
	static const char *const words[] = {"opened", "updated", "closed"};

	assert((unsigned)status < ARRAY_SIZE(words));
	return words[status];
}
