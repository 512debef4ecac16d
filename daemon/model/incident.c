/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/model/incident.h"

#include <assert.h>

#include "base/size.h"

static const char *const scope_words[] = {
	[INCIDENT_FLOW] = "flow",
	[INCIDENT_HOST] = "host",
	[INCIDENT_CHECK_GROUP] = "check-group",
	[INCIDENT_CHECK_SUBNET] = "check-subnet",
	[INCIDENT_CHECK_ALL] = "check-all",
	[INCIDENT_GROUP] = "group",
	[INCIDENT_SUBNET] = "subnet",
	[INCIDENT_CHECK_RANGE] = "check-range",
	[INCIDENT_CHECK_GROUPS] = "check-groups",
	[INCIDENT_CHECK_HOSTS] = "check-hosts",
	[INCIDENT_RANGE] = "range",
	[INCIDENT_GROUPS] = "groups",
	[INCIDENT_HOSTS] = "hosts",
	[INCIDENT_CAUSE] = "cause",
	[INCIDENT_ALL] = "all",
	[INCIDENT_VANTAGE] = "vantage",
};

const char *incident_scope_word(enum incident_scope scope)
{
	assert((unsigned)scope < ARRAY_SIZE(scope_words));
	return scope_words[scope];
}
