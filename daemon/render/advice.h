/* SPDX-License-Identifier: Apache-2.0 */
/* The likely cause of what a probe saw, and what to do about it, in a sentence or two.
 */
#ifndef DAEMON_RENDER_ADVICE_H
#define DAEMON_RENDER_ADVICE_H

#include "base/strbuf.h"
#include "daemon/render/report.h"

/* Appends the advice for a result that does not pass; nothing where there is none to
 * give. Names the port and the sender that the evidence holds. */
void advice_add(struct strbuf *out, const struct report_result *result);

#endif
