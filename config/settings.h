/* SPDX-License-Identifier: Apache-2.0 */
/* The rest of reachd.yaml: vantage, store, retention, schedule, probe, dns, rpc, guard.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/hours.h"
#include "base/uuid.h"
#include "base/zone.h"
#include "config/document.h"
#include "config/schema.h"

#define SETTINGS_MAX_DNS_SERVERS 16
#define SETTINGS_MAX_TIMEOUT_MS 300000 /* 5m */
#define SETTINGS_MAX_ATTEMPTS 20
/* Each try waits twice as long as the one before: 20 would be twelve days for 1s. */
#define SETTINGS_MAX_DNS_ATTEMPTS 5
#define SETTINGS_FLAP_CHANGES 5
#define SETTINGS_FLAP_WITHIN_MS 3600000 /* 1h */
#define SETTINGS_FLAP_SETTLE_MS 1800000 /* 30m */
#define SETTINGS_MAX_FLAP_CHANGES 100
#define SETTINGS_MAX_ENGINES 64
#define SETTINGS_MAX_INTERFACES 256

/* Which addresses of a host are probed. */
enum settings_family {
	SETTINGS_BOTH,
	SETTINGS_IPV4,
	SETTINGS_IPV6
};

struct settings_endpoint {
	struct net_address address;
	uint16_t port;
};

/* rpc.interfaces: a name for an interface that is not well known. */
struct settings_interface {
	const char *name;
	struct uuid_syntax syntax;
	struct conf_mark mark;
};

/* When scans start: `schedule`, of the file or of a rule. */
struct settings_schedule {
	uint32_t every_ms;           /* every, default 5m */
	uint32_t jitter_ms;          /* jitter, at most every_ms, default 0 */
	const struct hours *windows; /* windows: when scans may start */
	size_t n_windows;            /* 0: at any time */
	const char *timezone;        /* timezone; NULL: the machine's */
	const struct zone *zone;     /* that one; NULL where there are no windows */
};

struct settings {
	const char *vantage; /* default: this machine's host name */
	const char
		*store; /* path; relative to the file's folder; default "reachd.db" */
	struct settings_schedule
		schedule;     /* of the rules that have none of their own */
	uint64_t history_ms;  /* retention.history, default 400d */
	uint64_t rtt_ms;      /* retention.rtt, default 90d */
	uint32_t timeout_ms;  /* probe.timeout, default 2s */
	uint32_t attempts;    /* probe.attempts, default 2 */
	uint32_t concurrency; /* probe.concurrency, connections at once, default 1024 */
	uint64_t rate_per_hour; /* probe.rate, connections started, default 5000/s */
	uint32_t per_host;      /* probe.per_host, connections at once, default 128 */
	uint32_t engines;       /* probe.engines; 0: as suits machine and plan */
	uint32_t confirm;       /* probe.confirm: times a change must be seen to count,
				   default 2 */
	bool trace;             /* probe.trace: trace what got worse, default yes */
	int family;             /* probe.family, enum settings_family, default both */
	struct settings_endpoint dns[SETTINGS_MAX_DNS_SERVERS]; /* dns.servers */
	size_t n_dns;                /* 0: the system's resolvers */
	struct conf_texts dns_texts; /* dns.servers as written */
	uint32_t dns_timeout_ms;     /* dns.timeout, one try, default 1s */
	uint32_t dns_attempts;       /* dns.attempts, default 2 */
	const char *dynamic_ports;   /* rpc.dynamic_ports, a set as ports_parse() reads
					it; default "49152-65535" */
	const struct settings_interface *interfaces; /* rpc.interfaces */
	size_t n_interfaces;
	uint32_t flap_changes;   /* flap.changes, default 5 */
	uint32_t flap_within_ms; /* flap.within, default 1h */
	uint32_t flap_settle_ms; /* flap.settle, default 30m */
	uint32_t guard_share;    /* guard.share, percent, default 25 */
	uint32_t guard_odds;     /* guard.odds, 1 in so many, default 100000 */
	uint32_t guard_patience; /* guard.patience, scans, default 3 */
	uint32_t guard_require;  /* guard.require, controls that must answer, default 1
				  */
};

/* Binds the top level's keys but `inventory`, `rules`, `controls` and `notify`; keys
 * that are none of all these are mistakes. Without `store` the database is in the
 * folder of `path` (NULL: the working directory). A NULL or null `root` gives the
 * defaults. Returns as conf_bind(). */
int settings_bind(const struct conf_node *root, const char *path, struct arena *arena,
	struct conf_report *report, struct settings *out);

#endif
