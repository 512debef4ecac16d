/* SPDX-License-Identifier: Apache-2.0 */
/* A plan made from the text of a configuration, and what was said about both. */
#ifndef TESTS_SUPPORT_MADE_H
#define TESTS_SUPPORT_MADE_H

#include "daemon/engine/plan.h"

#define INVENTORY                                                      \
	"vantage: sh1\n"                                               \
	"inventory:\n"                                                 \
	"  all:\n"                                                     \
	"    children:\n"                                              \
	"      session_hosts:\n"                                       \
	"        hosts:\n"                                             \
	"          sh1: {ansible_host: 10.1.0.1}\n"                    \
	"          sh2: {ansible_host: 10.1.0.2}\n"                    \
	"      license_servers:\n"                                     \
	"        hosts:\n"                                             \
	"          ls1: {ansible_host: 10.2.0.1}\n"                    \
	"          ls2: {reachd_addresses: [10.2.0.2, 2001:db8::2]}\n" \
	"          ls3.corp.example:\n"

struct made {
	struct conf_report report;
	struct config *config;
	struct plan *plan;
	int rc; /* of plan_build() */
	char *said;
};

/* Loads a configuration without a mistake. */
void made_load(struct made *made, const char *text);

/* Keeps what the report says in `said`. */
void made_print(struct made *made);

/* Loads, builds, prints. */
void made_build(struct made *made, const char *text);

void made_fini(struct made *made);

/* Fails unless `words` were said. */
void made_assert_said(const struct made *made, const char *words);

#endif
