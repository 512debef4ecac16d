/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence, which is JSON, as one line that a person reads. */
#ifndef DAEMON_RENDER_EVIDENCE_H
#define DAEMON_RENDER_EVIDENCE_H

#include "base/strbuf.h"

/*
 * Appends the evidence: runs of ports compressed ("49152-49663 closed, 49664 open"), an
 * ICMP error by type, code and sender, DNS servers by what each said; whatever else it
 * holds as "name value". At most about `limit` bytes, then "...". Nothing for NULL, ""
 * and {}. The text is not made visible.
 */
void evidence_add(struct strbuf *out, const char *evidence, size_t limit);

#endif
