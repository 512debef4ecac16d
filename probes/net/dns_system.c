/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/net/dns_system.h"

#include <ares.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

static bool is_known(const struct dns_system *system, const struct net_address *address)
{
	for (size_t i = 0; i < system->n_servers; i++)
		if (net_address_compare(&system->servers[i], address) == 0)
			return true;
	return false;
}

static int read_servers(ares_channel channel, struct dns_system *out)
{
	struct ares_addr_port_node *list = NULL;
	if (ares_get_servers_ports(channel, &list) != ARES_SUCCESS)
		return UV_ENOMEM;
	for (struct ares_addr_port_node *node = list;
		node && out->n_servers < RESOLVER_MAX_SERVERS; node = node->next) {
		bool v4 = node->family == AF_INET;
		struct net_address address = {.family = v4 ? 4 : 6};
		memcpy(address.bytes, &node->addr, v4 ? 4 : 16);
		if (!is_known(out, &address))
			out->servers[out->n_servers++] = address;
	}
	if (list)
		ares_free_data(list);
	return 0;
}

/* "search ." stands for the root, under which each name is tried anyway. */
static bool is_root(const char *domain)
{
	return domain[0] == '\0' || strcmp(domain, ".") == 0;
}

static int read_domains(ares_channel channel, struct dns_system *out)
{
	struct ares_options options;
	int mask, rc = 0;
	memset(&options, 0, sizeof options);
	if (ares_save_options(channel, &options, &mask) != ARES_SUCCESS)
		return UV_ENOMEM;
	size_t n = options.ndomains > 0 ? (size_t)options.ndomains : 0;
	out->n_dots = options.ndots > 0 ? (unsigned)options.ndots : 0;
	if (n > 0)
		out->domains = calloc(n, sizeof *out->domains);
	if (n > 0 && !out->domains)
		rc = UV_ENOMEM;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (is_root(options.domains[i]))
			continue;
		out->domains[out->n_domains] = strdup(options.domains[i]);
		if (out->domains[out->n_domains])
			out->n_domains++;
		else
			rc = UV_ENOMEM;
	}
	ares_destroy_options(&options);
	return rc;
}

int dns_system_read(const char *path, struct dns_system *out)
{
	ares_channel channel;
	struct ares_options options = {.resolvconf_path = (char *)path};
	memset(out, 0, sizeof *out);
	if (ares_init_options(&channel, &options, path ? ARES_OPT_RESOLVCONF : 0) !=
		ARES_SUCCESS)
		return UV_ENOMEM;
	int rc = read_servers(channel, out);
	if (rc == 0)
		rc = read_domains(channel, out);
	ares_destroy(channel);
	if (rc < 0)
		dns_system_fini(out);
	return rc;
}

bool dns_system_candidate(const struct dns_system *system, const char *name,
	size_t index, char out[RESOLVER_NAME_TEXT])
{
	size_t length = strlen(name), dots = 0;
	bool absolute = length > 0 && name[length - 1] == '.';
	for (const char *c = name; *c; c++)
		dots += *c == '.';
	size_t n_domains = absolute ? 0 : system->n_domains;
	size_t self = dots >= system->n_dots ? 0 : n_domains;
	if (index > n_domains)
		return false;
	if (index == self)
		snprintf(out, RESOLVER_NAME_TEXT, "%.*s", (int)(length - absolute),
			name);
	else
		snprintf(out, RESOLVER_NAME_TEXT, "%s.%s", name,
			system->domains[index > self ? index - 1 : index]);
	return true;
}

void dns_system_fini(struct dns_system *system)
{
	for (size_t i = 0; i < system->n_domains; i++)
		free(system->domains[i]);
	free(system->domains);
	system->domains = NULL;
	system->n_domains = 0;
}
