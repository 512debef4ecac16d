/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/resolve.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "probes/net/dns_system.h"
#include "probes/net/dns_view.h"
#include "probes/net/hosts.h"

enum {
	DNS_PORT = 53,
	SERVER_TEXT = NET_ADDRESS_TEXT + 10,
	HOSTS_LOOK_AT = 256, /* addresses of one name in the hosts file */
	SILENT_IN_A_ROW = 3  /* lookups, after which a server is asked last */
};

struct resolver {
	uv_loop_t *loop;
	uint8_t family; /* of lookups; 0: both */
	size_t n_servers;
	struct dns_channel *channels[RESOLVER_MAX_SERVERS];
	unsigned silent[RESOLVER_MAX_SERVERS]; /* lookups in a row without an answer */
	char texts[RESOLVER_MAX_SERVERS][SERVER_TEXT];
	bool is_system; /* hosts file and search list count */
	struct dns_system system;
	struct hosts hosts;
	struct list lookups;
	struct list ready; /* lookups whose answer is known before they begin */
	uv_timer_t kick;   /* delivers them from the loop */
	unsigned parts;    /* not yet closed */
	bool closing;
	void (*closed)(void *data);
	void *closed_data;
};

/* One of the two questions of a lookup. */
struct lookup_half {
	struct lookup *lookup;
	struct dns_query *query; /* NULL: answered */
	struct dns_view view;
};

struct lookup {
	struct list node;
	struct resolver *resolver;
	void (*done)(void *data, const struct resolver_addresses *answer);
	void *data;
	uint64_t started_us;
	struct lookup_half halves[2]; /* A, AAAA */
	size_t candidate, server;
	uint32_t tried;            /* bit i: server i was asked, the one in hand too */
	enum probe_reason failure; /* the most telling so far; none */
	bool by_server;            /* the hosts file did not know it */
	bool exists;               /* some candidate is a name without addresses */
	enum probe_reason verdict; /* of a lookup that is ready */
	size_t n_known;
	struct net_address known[RESOLVER_MAX_ADDRESSES];
	char asked[RESOLVER_NAME_TEXT];
	char name[];
};

static const enum dns_type half_types[2] = {DNS_TYPE_A, DNS_TYPE_AAAA};
static const uint8_t half_families[2] = {4, 6};

static bool is_wanted(const struct resolver *resolver, uint8_t family)
{
	return resolver->family == 0 || resolver->family == family;
}

static void know(struct lookup *lookup, const struct net_address *address)
{
	struct net_address *known = lookup->known;
	size_t at = 0;
	if (!is_wanted(lookup->resolver, address->family))
		return;
	while (at < lookup->n_known && net_address_compare(&known[at], address) < 0)
		at++;
	if (at == RESOLVER_MAX_ADDRESSES)
		return;
	if (at < lookup->n_known && net_address_compare(&known[at], address) == 0)
		return;
	if (lookup->n_known == RESOLVER_MAX_ADDRESSES)
		lookup->n_known--;
	memmove(&known[at + 1], &known[at], (lookup->n_known - at) * sizeof *known);
	known[at] = *address;
	lookup->n_known++;
}

static enum probe_state state_of(enum probe_reason reason)
{
	if (reason == REASON_RESOLVED)
		return STATE_OPEN;
	return probe_reason_is_local(reason) ? STATE_ERROR : STATE_UNRESOLVED;
}

static void forget_queries(struct lookup *lookup)
{
	for (int i = 0; i < 2; i++) {
		if (lookup->halves[i].query)
			dns_query_detach(lookup->halves[i].query);
		lookup->halves[i].query = NULL;
		dns_view_fini(&lookup->halves[i].view);
	}
}

/* Calls back and frees. */
static void finish(struct lookup *lookup, enum probe_reason reason)
{
	uint64_t elapsed_us = clock_monotonic_us() - lookup->started_us;
	struct resolver_addresses answer = {
		.state = state_of(reason),
		.reason = reason,
		.items = lookup->known,
		.count = lookup->n_known,
		.elapsed_us =
			elapsed_us < UINT32_MAX ? (uint32_t)elapsed_us : UINT32_MAX,
		.by_server = lookup->by_server,
	};
	list_remove(&lookup->node);
	forget_queries(lookup);
	lookup->done(lookup->data, &answer);
	free(lookup);
}

static void on_half(void *data, const struct dns_reply *reply);

/* The lookup's questions to its server. 0 or a negative libuv code. */
static int ask(struct lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	for (int i = 0; i < 2; i++) {
		struct lookup_half *half = &lookup->halves[i];
		half->lookup = lookup;
		if (!is_wanted(resolver, half_families[i]))
			continue;
		int rc = dns_channel_query(resolver->channels[lookup->server],
			lookup->asked, (uint16_t)half_types[i], on_half, half,
			&half->query);
		if (rc < 0) {
			forget_queries(lookup);
			return rc;
		}
	}
	return 0;
}

/* The first server not asked yet; one that keeps silent only when no other is left, so
 * that a dead one costs a scan three lookups' wait and not every lookup's. */
static bool choose_server(struct lookup *lookup)
{
	const struct resolver *resolver = lookup->resolver;
	size_t chosen = resolver->n_servers;
	for (size_t i = resolver->n_servers; i-- > 0;) {
		bool is_mute = resolver->silent[i] >= SILENT_IN_A_ROW;
		if (lookup->tried >> i & 1)
			continue;
		if (chosen == resolver->n_servers || !is_mute ||
			resolver->silent[chosen] >= SILENT_IN_A_ROW)
			chosen = i;
	}
	if (chosen == resolver->n_servers)
		return false;
	lookup->server = chosen;
	lookup->tried |= UINT32_C(1) << chosen;
	return true;
}

static void note_silence(struct lookup *lookup, enum probe_reason reason)
{
	unsigned *silent = &lookup->resolver->silent[lookup->server];
	*silent = reason != REASON_DNS_TIMEOUT ? 0
		  : *silent < SILENT_IN_A_ROW  ? *silent + 1
					       : *silent;
}

static void next_server(struct lookup *lookup, const struct dns_view *view)
{
	lookup->failure = dns_reason_telling(lookup->failure, view->reason);
	if (!choose_server(lookup))
		finish(lookup, lookup->failure);
	else if (ask(lookup) < 0)
		finish(lookup, REASON_NO_MEMORY);
}

/* The server knows no address: on along the search list. */
static void next_candidate(struct lookup *lookup, enum probe_reason reason)
{
	lookup->n_known = 0;
	lookup->failure = REASON_NONE;
	lookup->exists = lookup->exists || reason == REASON_NO_DATA;
	if (!resolver_candidate(
		    lookup->resolver, lookup->name, ++lookup->candidate, lookup->asked))
		finish(lookup, lookup->exists ? REASON_NO_DATA : REASON_NXDOMAIN);
	else if (ask(lookup) < 0)
		finish(lookup, REASON_NO_MEMORY);
}

/* What the server said to all that it was asked. */
static void take_view(struct lookup *lookup, struct dns_view *out)
{
	struct lookup_half *halves = lookup->halves;
	uint8_t family = lookup->resolver->family;
	if (family == 0) {
		dns_view_merge(out, &halves[0].view, &halves[1].view);
		return;
	}
	struct dns_view *asked = &halves[family == half_families[1]].view;
	*out = *asked;
	asked->records = NULL;
	asked->count = 0;
}

static void judge(struct lookup *lookup)
{
	struct dns_view view;
	take_view(lookup, &view);
	note_silence(lookup, view.reason);
	if (view.reason == REASON_RESOLVED)
		lookup->n_known = 0; /* a whole answer makes up for earlier halves */
	for (size_t i = 0; i < view.count; i++)
		know(lookup, &view.records[i].address);
	if (view.reason == REASON_RESOLVED)
		finish(lookup, REASON_RESOLVED);
	else if (dns_reason_is_negative(view.reason))
		next_candidate(lookup, view.reason);
	else
		next_server(lookup, &view);
	dns_view_fini(&view);
}

static void on_half(void *data, const struct dns_reply *reply)
{
	struct lookup_half *half = data;
	struct lookup *lookup = half->lookup;
	half->query = NULL;
	dns_view_read(&half->view, reply, lookup->asked,
		half_types[half == &lookup->halves[1]]);
	if (!lookup->halves[0].query && !lookup->halves[1].query)
		judge(lookup);
}

/* What needs no DNS; reason none when it is DNS that must tell. */
static enum probe_reason answer_at_once(struct lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	struct net_address found[HOSTS_LOOK_AT];
	if (net_address_parse(lookup->name, &found[0])) {
		know(lookup, &found[0]);
		return lookup->n_known > 0 ? REASON_RESOLVED : REASON_NO_DATA;
	}
	size_t n = resolver->is_system ? hosts_find(&resolver->hosts, lookup->name,
						 found, HOSTS_LOOK_AT)
				       : 0;
	for (size_t i = 0; i < n && i < HOSTS_LOOK_AT; i++)
		know(lookup, &found[i]);
	if (lookup->n_known > 0)
		return REASON_RESOLVED;
	return resolver->n_servers == 0 ? REASON_RESOLVER_UNAVAILABLE : REASON_NONE;
}

static void on_kick(uv_timer_t *timer)
{
	struct resolver *resolver = timer->data;
	while (!list_empty(&resolver->ready)) {
		struct lookup *lookup =
			CONTAINER_OF(list_pop(&resolver->ready), struct lookup, node);
		finish(lookup, lookup->verdict);
	}
}

int resolver_lookup(struct resolver *resolver, const char *name,
	void (*done)(void *data, const struct resolver_addresses *answer), void *data)
{
	size_t size = strlen(name) + 1;
	if (resolver->closing)
		return UV_ECANCELED;
	struct lookup *lookup = calloc(1, sizeof *lookup + size);
	if (!lookup)
		return UV_ENOMEM;
	memcpy(lookup->name, name, size);
	lookup->resolver = resolver;
	lookup->done = done;
	lookup->data = data;
	lookup->started_us = clock_monotonic_us();
	lookup->verdict = answer_at_once(lookup);
	lookup->by_server = lookup->verdict == REASON_NONE;
	resolver_candidate(resolver, name, 0, lookup->asked);
	choose_server(lookup);
	if (lookup->verdict == REASON_NONE && ask(lookup) < 0)
		lookup->verdict = REASON_NO_MEMORY;
	if (lookup->verdict == REASON_NONE) {
		list_append(&resolver->lookups, &lookup->node);
		return 0;
	}
	list_append(&resolver->ready, &lookup->node);
	return uv_timer_start(&resolver->kick, on_kick, 0, 0);
}

size_t resolver_server_count(const struct resolver *resolver)
{
	return resolver->n_servers;
}

const char *resolver_server_text(const struct resolver *resolver, size_t server)
{
	assert(server < resolver->n_servers);
	return resolver->texts[server];
}

bool resolver_candidate(const struct resolver *resolver, const char *name, size_t index,
	char out[RESOLVER_NAME_TEXT])
{
	return dns_system_candidate(&resolver->system, name, index, out);
}

int resolver_query(struct resolver *resolver, size_t server, const char *name,
	uint16_t type, dns_reply_fn done, void *data, struct dns_query **query)
{
	assert(server < resolver->n_servers);
	return dns_channel_query(
		resolver->channels[server], name, type, done, data, query);
}

void resolver_catch_up(struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->n_servers && !resolver->closing; i++)
		dns_channel_catch_up(resolver->channels[i]);
}

static void on_part_closed(void *data)
{
	struct resolver *resolver = data;
	if (--resolver->parts > 0)
		return;
	hosts_fini(&resolver->hosts);
	dns_system_fini(&resolver->system);
	if (resolver->closed)
		resolver->closed(resolver->closed_data);
	free(resolver);
}

static void on_kick_closed(uv_handle_t *handle)
{
	on_part_closed(handle->data);
}

static void cancel_all(struct list *lookups)
{
	while (!list_empty(lookups)) {
		struct lookup *lookup =
			CONTAINER_OF(list_pop(lookups), struct lookup, node);
		lookup->n_known = 0;
		finish(lookup, REASON_CANCELLED);
	}
}

void resolver_close(struct resolver *resolver, void (*closed)(void *data), void *data)
{
	resolver->closing = true;
	resolver->closed = closed;
	resolver->closed_data = data;
	cancel_all(&resolver->lookups);
	cancel_all(&resolver->ready);
	for (size_t i = 0; i < resolver->n_servers; i++)
		dns_channel_close(resolver->channels[i], on_part_closed, resolver);
	uv_close((uv_handle_t *)&resolver->kick, on_kick_closed);
}

static bool is_loopback(const struct net_address *address)
{
	static const uint8_t v6[16] = {[15] = 1};
	return address->family == 4 ? address->bytes[0] == 127
				    : memcmp(address->bytes, v6, sizeof v6) == 0;
}

static int add_server(struct resolver *resolver, const struct resolver_server *server,
	const struct resolver_options *options)
{
	size_t index = resolver->n_servers;
	struct dns_channel_options channel = {
		.address = server->address,
		.port = server->port,
		.timeout_ms = options->timeout_ms,
		.attempts = options->attempts,
		.own = resolver->is_system && is_loopback(&server->address),
	};
	char address[NET_ADDRESS_TEXT];
	net_address_format(&server->address, address, sizeof address);
	if (server->port == DNS_PORT)
		snprintf(resolver->texts[index], SERVER_TEXT, "%s", address);
	else
		snprintf(resolver->texts[index], SERVER_TEXT,
			server->address.family == 6 ? "[%s]:%u" : "%s:%u", address,
			server->port);
	int rc = dns_channel_open(resolver->loop, &channel, &resolver->channels[index]);
	if (rc == 0) {
		resolver->n_servers++;
		resolver->parts++;
	}
	return rc;
}

static int add_system_servers(
	struct resolver *resolver, const struct resolver_options *options)
{
	struct dns_system *system = &resolver->system;
	int rc = dns_system_read(options->resolv_conf, system);
	for (size_t i = 0; rc == 0 && i < system->n_servers; i++) {
		struct resolver_server server = {.address = system->servers[i],
			.port = options->system_port ? options->system_port : DNS_PORT};
		rc = add_server(resolver, &server, options);
	}
	return rc;
}

static int add_servers(
	struct resolver *resolver, const struct resolver_options *options)
{
	int rc = 0;
	if (resolver->is_system)
		return add_system_servers(resolver, options);
	for (size_t i = 0; rc == 0 && i < options->n_servers; i++)
		rc = add_server(resolver, &options->servers[i], options);
	return rc;
}

int resolver_open(
	uv_loop_t *loop, const struct resolver_options *options, struct resolver **out)
{
	if (options->n_servers > RESOLVER_MAX_SERVERS)
		return UV_EINVAL;
	struct resolver *resolver = calloc(1, sizeof *resolver);
	if (!resolver)
		return UV_ENOMEM;
	resolver->loop = loop;
	resolver->is_system = options->n_servers == 0;
	resolver->family = options->family;
	list_init(&resolver->lookups);
	list_init(&resolver->ready);
	hosts_init(&resolver->hosts,
		options->hosts_file ? options->hosts_file : "/etc/hosts");
	uv_timer_init(loop, &resolver->kick);
	resolver->kick.data = resolver;
	resolver->parts = 1;
	int rc = add_servers(resolver, options);
	if (rc < 0) {
		resolver_close(resolver, NULL, NULL);
		return rc;
	}
	*out = resolver;
	return 0;
}
