/* SPDX-License-Identifier: Apache-2.0 */
/* What notify*.c share: the binding of one list of sinks. */
#ifndef CONFIG_NOTIFY_BIND_H
#define CONFIG_NOTIFY_BIND_H

#include "config/notify.h"

struct notify_binder {
	const char *path; /* of the configuration */
	const struct inventory *inventory;
	const struct rule_list *rules;
	struct arena *arena;
	struct conf_report *report;
};

/* Binds the value of a sink's kind key into *sink. 0, -EINVAL after reporting, -ENOMEM.
 */
int notify_bind_file(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink);
int notify_bind_exec(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink);
int notify_bind_webhook(const struct notify_binder *binder,
	const struct conf_node *node, struct notify_sink *sink);

int notify_bind_syslog(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink);
int notify_bind_journald(const struct notify_binder *binder,
	const struct conf_node *node, struct notify_sink *sink);
int notify_bind_smtp(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink);

/* Makes a path, NULL or not, relative to the configuration's folder. 0 or -ENOMEM. */
int notify_bind_path(const struct notify_binder *binder, const char **path);

/* Refuses a URL, NULL or not, that has none of the schemes ("http://", NULL terminated)
 * and a host behind it; `wanted` says what it must be. 0, or -EINVAL after reporting.
 */
int notify_check_url(const struct notify_binder *binder,
	const struct conf_node *section, const char *key, const char *url,
	const char *const *schemes, const char *wanted);

/* Makes paths of a section relative to the configuration's folder and refuses a secret
 * that is named twice; `key` is the secret's key in the section, without "_file". 0,
 * -EINVAL after reporting, -ENOMEM. */
int notify_bind_secret(const struct notify_binder *binder,
	const struct conf_node *section, const char *key, struct notify_secret *secret);

/* Binds `only:`. 0, -EINVAL after reporting, -ENOMEM. */
int notify_bind_only(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_only *only);

#endif
