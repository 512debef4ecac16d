/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of hosts and groups, and whom they say to dial. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/suggest.h"
#include "config/inventory_build.h"

static const char *const our_variables[] = {"reachd_addresses"};

static bool is_digits(const char *text, size_t length)
{
	return strspn(text, "0123456789") >= length;
}

/*
 * RFC 1123, 2.1, with the underscore that Windows and DNS in practice allow. A name
 * whose last label is a number is none: it is an address with a mistake in it.
 */
static bool is_dns_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	if (strlen(text) > 253)
		return false;
	for (;;) {
		size_t length = strspn(text, allowed);
		if (length == 0 || length > 63 || text[0] == '-' ||
			text[length - 1] == '-')
			return false;
		bool last = !text[length] || (text[length] == '.' && !text[length + 1]);
		if (last)
			return !is_digits(text, length);
		if (text[length] != '.')
			return false;
		text += length + 1;
	}
}

/* Not the address of one other machine: 0.0.0.0 and :: are this one, and 224.0.0.0/4,
 * ff00::/8 and 255.255.255.255 are many. */
static bool is_one_host(const struct net_address *address)
{
	static const uint8_t zeros[16];
	size_t length = address->family == 4 ? 4 : 16;
	if (memcmp(address->bytes, zeros, length) == 0)
		return false;
	if (address->family == 4)
		return (address->bytes[0] & 0xf0) != 0xe0 &&
		       memcmp(address->bytes, "\xff\xff\xff\xff", 4) != 0;
	return address->bytes[0] != 0xff;
}

/* A value that only Ansible can read; reports it. */
static bool is_opaque(
	const struct conf_node *node, const char *name, struct conf_report *report)
{
	bool template = strstr(node->text, "{{") || strstr(node->text, "{%");
	bool vault = strncmp(node->text, "$ANSIBLE_VAULT", 14) == 0;
	if (!template && !vault)
		return false;
	conf_error(report, node->mark,
		template ? "'%s' is a template, which reachd can't evaluate"
			 : "'%s' is encrypted, and reachd can't open vaults",
		name);
	if (strcmp(name, "reachd_addresses") != 0)
		conf_help(report, "add the address as 'reachd_addresses'");
	return true;
}

static bool read_address(const struct conf_node *node, const char *name,
	struct net_address *address, struct conf_report *report)
{
	if (node->kind != CONF_SCALAR || conf_node_is_null(node)) {
		conf_error(report, node->mark, "'%s' must be an address, found %s",
			name,
			conf_node_is_null(node) ? "nothing"
						: conf_kind_name(node->kind));
		return false;
	}
	if (is_opaque(node, name, report))
		return false;
	if (!net_address_parse(node->text, address)) {
		conf_error(report, node->mark,
			"'%s' is not a valid IPv4 or IPv6 address", node->text);
		if (is_dns_name(node->text))
			conf_help(report, "put a name to look up into 'ansible_host'");
		return false;
	}
	if (!is_one_host(address)) {
		conf_error(report, node->mark, "'%s' is not the address of one host",
			node->text);
		return false;
	}
	return true;
}

static bool is_duplicate(const struct net_address *addresses, uint32_t count,
	const struct conf_node *node, struct conf_report *report)
{
	for (uint32_t i = 0; i < count; i++) {
		if (net_address_compare(&addresses[i], &addresses[count]) != 0)
			continue;
		conf_error(report, node->mark, "duplicate address '%s'", node->text);
		return true;
	}
	return false;
}

static int read_addresses(
	struct inventory_builder *builder, struct inventory_target *target)
{
	static const char name[] = "reachd_addresses";
	const struct conf_node *node = target->node;
	bool list = node->kind == CONF_SEQUENCE;
	size_t count = list ? node->count : 1;
	target->read = true;
	if (count == 0 || count > INVENTORY_MAX_ADDRESSES) {
		conf_error(builder->report, node->mark,
			"'%s' has %zu addresses; a host can have 1 to %d", name, count,
			INVENTORY_MAX_ADDRESSES);
		return 0;
	}
	struct net_address *addresses =
		arena_calloc(builder->arena, count, sizeof *addresses);
	if (!addresses)
		return -ENOMEM;
	target->addresses = addresses;
	for (size_t i = 0; i < count; i++) {
		const struct conf_node *item = list ? node->items[i] : node;
		uint32_t n = target->n_addresses;
		if (read_address(item, name, &addresses[n], builder->report) &&
			!is_duplicate(addresses, n, item, builder->report))
			target->n_addresses++;
	}
	return 0;
}

/* One address, or else a name. 0 or -ENOMEM; 1 when the text is neither. */
static int from_text(struct inventory_builder *builder, const char *text,
	struct inventory_target *target)
{
	struct net_address address;
	target->read = true;
	if (!net_address_parse(text, &address)) {
		if (!is_dns_name(text))
			return 1;
		target->dial_name = arena_strdup(builder->arena, text);
		return target->dial_name ? 0 : -ENOMEM;
	}
	struct net_address *copy = arena_calloc(builder->arena, 1, sizeof *copy);
	if (!copy)
		return -ENOMEM;
	*copy = address;
	target->addresses = copy;
	target->n_addresses = 1;
	return is_one_host(copy) ? 0 : 1;
}

int inventory_target_read(
	struct inventory_builder *builder, struct inventory_target *target)
{
	const struct conf_node *node = target->node;
	struct conf_report *report = builder->report;
	if (target->read)
		return 0;
	target->read = true;
	if (node->kind != CONF_SCALAR) {
		conf_error(report, node->mark,
			"'ansible_host' must be one address or one name, not %s",
			conf_kind_name(node->kind));
		conf_help(report, "put several addresses into 'reachd_addresses'");
		return 0;
	}
	if (is_opaque(node, "ansible_host", report))
		return 0;
	int rc = from_text(builder, node->text, target);
	if (rc == 1)
		conf_error(report, node->mark,
			"'%s' is not a valid address or host name", node->text);
	return rc < 0 ? rc : 0;
}

int inventory_target_from_name(struct inventory_builder *builder,
	const struct build_host *host, struct inventory_target *target)
{
	int rc = from_text(builder, host->name, target);
	if (rc == 1) {
		conf_error(builder->report, host->mark,
			"host '%s' has no address, and its name is not a valid DNS name",
			host->name);
		conf_help(builder->report, "give it an 'ansible_host'");
	}
	return rc < 0 ? rc : 0;
}

static int set_target(struct inventory_builder *builder, const struct conf_node *value,
	enum inventory_variable which, struct inventory_variables *variables)
{
	if (conf_node_is_null(value))
		return 0;
	struct inventory_target *target =
		arena_calloc(builder->arena, 1, sizeof *target);
	if (!target)
		return -ENOMEM;
	target->node = value;
	variables->targets[which] = target;
	return which == VARIABLE_ADDRESSES ? read_addresses(builder, target) : 0;
}

static void set_priority(struct inventory_builder *builder,
	const struct conf_node *value, struct inventory_variables *variables)
{
	char *end = NULL;
	errno = 0;
	long number = value->kind == CONF_SCALAR ? strtol(value->text, &end, 10) : 0;
	if (end && end != value->text && !*end && !errno)
		variables->priority = number;
	else
		conf_warning(builder->report, value->mark,
			"'ansible_group_priority' must be a whole number; this one is "
			"ignored");
}

static void report_unknown(
	struct inventory_builder *builder, const struct conf_node *key)
{
	conf_error(builder->report, key->mark, "unknown variable '%s'", key->text);
	const char *near =
		suggest_nearest(key->text, our_variables, ARRAY_SIZE(our_variables));
	if (near)
		conf_help(builder->report, "did you mean '%s'?", near);
	else
		conf_help(builder->report,
			"the only variable of reachd is 'reachd_addresses'");
}

int inventory_variables_read(struct inventory_builder *builder,
	const struct conf_node *vars, struct inventory_variables *variables)
{
	size_t count = conf_node_is_null(vars) ? 0 : vars->count;
	for (size_t i = 0; i < count; i++) {
		const struct conf_node *key = vars->pairs[i].key;
		const struct conf_node *value = vars->pairs[i].value;
		int rc = 0;
		if (strcmp(key->text, "ansible_host") == 0 ||
			strcmp(key->text, "ansible_ssh_host") == 0)
			rc = set_target(builder, value, VARIABLE_HOST, variables);
		else if (strcmp(key->text, "reachd_addresses") == 0)
			rc = set_target(builder, value, VARIABLE_ADDRESSES, variables);
		else if (strcmp(key->text, "ansible_group_priority") == 0)
			set_priority(builder, value, variables);
		else if (strncmp(key->text, "reachd_", 7) == 0)
			report_unknown(builder, key);
		if (rc < 0)
			return rc;
	}
	return 0;
}
