/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of check, and the grammar KIND[/ARGUMENT]. */
#ifndef PROBES_REGISTRY_H
#define PROBES_REGISTRY_H

#include "base/arena.h"
#include "config/report.h"
#include "probes/probe.h"

/* Every kind, in the order in which messages name them. */
#define REGISTRY_KINDS(X) X(tcp) X(dns) X(sweep) X(rpc) X(rdp) X(smb) X(ldap)

#define REGISTRY_DECLARE(kind) extern const struct probe_ops kind##_probe_ops;
REGISTRY_KINDS(REGISTRY_DECLARE)
#undef REGISTRY_DECLARE

/* Their tables, NULL terminated. */
extern const struct probe_ops *const registry_kinds[];

/* NULL when there is no such kind. */
const struct probe_ops *registry_find(const char *name);

/* The kind of a check that was parsed once, such as one from the store: "tcp/443".
 * NULL: this program knows no such kind. */
const struct probe_ops *registry_of_check(const char *check);

struct check {
	const struct probe_ops *ops;
	const char *name; /* canonical: "tcp/443", "dns", "sweep/49152-65535" */
	void *conf; /* ops->conf_size bytes; options are bound over it by the caller */
};

/*
 * Reads KIND[/ARGUMENT]; everything lives in `arena`. Mistakes (unknown kind with the
 * nearest one as help, missing, bad or superfluous argument) go to the report at
 * `mark`. `vocabulary` may be NULL: no names but the kinds' own. Returns 0, -EINVAL,
 * -ENOMEM.
 */
int check_parse(const char *text, const struct probe_vocabulary *vocabulary,
	struct conf_mark mark, struct arena *arena, struct conf_report *report,
	struct check *out);

#endif
