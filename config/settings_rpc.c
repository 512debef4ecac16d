/* SPDX-License-Identifier: Apache-2.0 */
#include "config/settings_rpc.h"

#include <errno.h>
#include <string.h>

#include "base/ports.h"
#include "config/bind.h"

struct rpc_section {
	const char *dynamic_ports;
	const struct conf_node *interfaces;
};

static const struct conf_field rpc_fields[] = {
	{.key = "dynamic_ports",
		.type = CONF_TEXT,
		.offset = offsetof(struct rpc_section, dynamic_ports),
		.help = "where RPC services listen, such as 50000-50255"},
	{.key = "interfaces",
		.type = CONF_TREE,
		.offset = offsetof(struct rpc_section, interfaces),
		.help = "names for rpc/NAME"},
	CONF_END,
};

static int bind_ports(const char *text, const struct conf_node *section,
	struct conf_report *report, struct settings *out)
{
	struct port_set ports;
	const char *error;

	if (!text)
		return 0;
	if (!ports_parse(text, &ports, &error)) {
		conf_error(report, conf_node_get(section, "dynamic_ports")->mark,
			"'%.64s' is no set of ports: %s", text, error);
		return -EINVAL;
	}
	out->dynamic_ports = text;
	return 0;
}

/* What can stand after "rpc/" and is neither a UUID nor '*'. */
static bool is_name(const char *text)
{
	struct uuid_syntax syntax;

	return *text && !uuid_syntax_parse(text, &syntax) &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		       strlen(text) &&
	       strlen(text) <= 64;
}

static int bind_interface(const struct conf_pair *pair, struct arena *arena,
	struct conf_report *report, struct settings_interface *out)
{
	static const struct conf_field text = {.type = CONF_TEXT};
	const char *syntax = NULL;

	*out = (struct settings_interface){
		.name = pair->key->text, .mark = pair->key->mark};
	if (!is_name(out->name)) {
		conf_error(report, pair->key->mark,
			"'%.64s' can't name an interface: a name has up to 64 of the "
			"characters a-z, 0-9, '-', '_' and '.', and is no UUID",
			out->name);
		return -EINVAL;
	}
	int rc = conf_bind_value(pair->value, &text, &syntax, arena, report);
	if (rc < 0)
		return rc;
	if (!uuid_syntax_parse(syntax, &out->syntax) || out->syntax.any_version) {
		conf_error(report, pair->value->mark,
			"'%.64s' is no interface: write UUID@MAJOR.MINOR", syntax);
		return -EINVAL;
	}
	return 0;
}

static int bind_interfaces(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	struct settings_interface *items;
	int rc = 0;

	if (conf_node_is_null(node))
		return 0;
	if (node->kind != CONF_MAPPING) {
		conf_error(report, node->mark,
			"'interfaces' must be a mapping of names to UUID@MAJOR.MINOR, "
			"not %s",
			conf_kind_name(node->kind));
		return -EINVAL;
	}
	if (node->count > SETTINGS_MAX_INTERFACES) {
		conf_error(report, node->mark, "at most %d interfaces can be named",
			SETTINGS_MAX_INTERFACES);
		return -EINVAL;
	}
	items = arena_calloc(arena, node->count, sizeof *items);
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < node->count && rc != -ENOMEM; i++)
		rc = conf_worse(
			rc, bind_interface(&node->pairs[i], arena, report, &items[i]));
	out->interfaces = items;
	out->n_interfaces = rc < 0 ? 0 : node->count;
	return rc;
}

int settings_bind_rpc(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, struct settings *out)
{
	struct rpc_section section = {0};

	if (conf_node_is_null(node))
		return 0;
	int rc = conf_bind(node, rpc_fields, NULL, &section, arena, report);
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, bind_ports(section.dynamic_ports, node, report, out));
	if (rc != -ENOMEM)
		rc = conf_worse(
			rc, bind_interfaces(section.interfaces, arena, report, out));
	return rc;
}
