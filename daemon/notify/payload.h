/* SPDX-License-Identifier: Apache-2.0 */
/* A message in the shape that a web service understands. Pure. */
#ifndef DAEMON_NOTIFY_PAYLOAD_H
#define DAEMON_NOTIFY_PAYLOAD_H

#include <jansson.h>

#include "config/notify.h"

/* The body to post; malloc'ed. NULL: no memory. */
char *payload_body(enum notify_shape shape, const json_t *message);

#endif
