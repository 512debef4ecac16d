/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/notify/shape.h"

#include "daemon/notify/message.h"

char *shape_body(enum notify_shape shape, const json_t *message)
{
	switch (shape) {
	default:
		return message_text(message);
	}
}
