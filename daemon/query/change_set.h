/* SPDX-License-Identifier: Apache-2.0 */
/* Building a change_set: shared by its two sources, no one else's. */
#ifndef DAEMON_QUERY_CHANGE_SET_H
#define DAEMON_QUERY_CHANGE_SET_H

#include "daemon/query/changes.h"

/* Appends a copy. 0 or -ENOMEM. */
int change_set_add(struct change_set *set, const struct change *change);

/* Folds into incidents, once set->input is complete; orders the items. 0 or -ENOMEM. */
int change_set_fold(struct change_set *set);

#endif
