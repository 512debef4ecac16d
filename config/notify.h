/* SPDX-License-Identifier: Apache-2.0 */
/* `notify:`: who is told of what. Secrets are named here, not read. */
#ifndef CONFIG_NOTIFY_H
#define CONFIG_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hours.h"
#include "base/zone.h"
#include "config/document.h"
#include "config/inventory.h"
#include "config/report.h"
#include "config/rules.h"
#include "config/schema.h"

#define NOTIFY_MAX_SINKS 32
#define NOTIFY_MAX_NAME 64

enum notify_kind {
	NOTIFY_FILE,
	NOTIFY_EXEC,
	NOTIFY_WEBHOOK,
	NOTIFY_SYSLOG,
	NOTIFY_JOURNALD,
	NOTIFY_SMTP,
	NOTIFY_KIND_COUNT
};

/* The key of a kind, "file", "exec" ...; static. */
const char *notify_kind_word(enum notify_kind kind);

/* Where a secret is read from, each time it is needed. Both NULL: there is none. */
struct notify_secret {
	const char *file; /* path */
	const char *env;  /* environment variable */
};

enum notify_shape {
	NOTIFY_JSON,         /* the notice as it is */
	NOTIFY_SLACK,        /* also Mattermost, Rocket.Chat */
	NOTIFY_TEAMS,        /* an adaptive card */
	NOTIFY_ALERTMANAGER, /* api/v2/alerts */
	NOTIFY_SHAPE_COUNT
};

struct notify_webhook {
	const char *url; /* http: or https:; NULL: url_from has it */
	struct notify_secret url_from;
	int shape;                   /* enum notify_shape */
	struct notify_secret secret; /* the key of the HMAC that signs a body */
	struct notify_secret token;  /* Authorization: Bearer */
	const char *proxy;      /* URL; NULL: none, whatever the environment says */
	const char *proxy_user; /* or NULL */
	struct notify_secret proxy_password;
	const char *ca_file; /* PEM; NULL: the system's */
};

enum notify_transport {
	NOTIFY_UDP,
	NOTIFY_TCP,
	NOTIFY_TLS
};

struct notify_syslog {
	const char *host; /* a name, or an address; for UDP always an address */
	uint16_t port;
	int transport; /* enum notify_transport */
	int facility;  /* RFC 5424, 6.2.1: 0 to 23 */
	const char *ca_file;
};

enum notify_starttls {
	NOTIFY_TLS_REQUIRED,
	NOTIFY_TLS_TRY,
	NOTIFY_TLS_NONE
};

struct notify_smtp {
	const char *server; /* URL, smtp: or smtps: */
	const char *from;
	struct conf_texts to;
	const char *user; /* or NULL */
	struct notify_secret password;
	int tls; /* enum notify_starttls */
	const char *ca_file;
};

/* Which notices a sink gets: those that match each list that is not empty. */
struct notify_only {
	struct conf_texts kinds, statuses, rules, groups;
};

/* Kinds of notices, in the words of `kind` in JSON; NULL terminated. */
extern const char *const notify_kinds[];

/* What a notice says of the life of its incident, likewise. */
extern const char *const notify_statuses[];

struct notify_sink {
	const char *name; /* unique */
	enum notify_kind kind;
	uint32_t timeout_ms; /* of one delivery; default 10s */
	struct notify_only only;
	const struct hours *quiet; /* when it is not told; what comes then waits */
	size_t n_quiet;
	const struct zone *zone; /* of the quiet hours; NULL where there are none */
	uint32_t digest_ms;      /* how long notices are gathered; 0: told one by one */
	const char *file;        /* NOTIFY_FILE: path */
	struct conf_texts exec;  /* NOTIFY_EXEC: the program's path and its arguments */
	struct notify_webhook webhook;
	struct notify_syslog syslog;
	const char *journald; /* NOTIFY_JOURNALD: path of the socket */
	struct notify_smtp smtp;
	struct conf_mark mark;
};

struct notify_list {
	const struct notify_sink *sinks;
	uint32_t count;
	bool first_scan; /* what fails its rule from the start is reported; true unless
			    the file says otherwise */
};

/*
 * Binds `notify:` (a list; NULL or null: no sinks). Paths are relative to the folder of
 * its file. Rules and groups in filters must exist. Returns 0, -EINVAL after reporting,
 * -ENOMEM.
 */
int notify_bind(const struct conf_node *node, const struct inventory *inventory,
	const struct rule_list *rules, struct arena *arena, struct conf_report *report,
	struct notify_list *out);

#endif
