/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/ports.h"
#include "base/suggest.h"
#include "probes/rpc/names.h"
#include "probes/rpc/run.h"

const struct conf_field rpc_conf_fields[] = {
	{.key = "mapper_port",
		.type = CONF_NUMBER,
		.offset = offsetof(struct rpc_conf, mapper_port),
		.min = 1,
		.max = UINT16_MAX,
		.help = "where the endpoint mapper is, if not on 135"},
	{.key = "ports",
		.type = CONF_TEXTS,
		.offset = offsetof(struct rpc_conf, ports),
		.help = "tried when the endpoint mapper refuses to answer"},
	CONF_END,
};

static void use_name(struct rpc_conf *conf, const struct rpc_name *name)
{
	snprintf(conf->label, sizeof conf->label, "%s", name->name);
	conf->has_own_port = name->port != 0;
	conf->has_alive = name->has_alive;
}

/* An interface that lives in the mapper's process is there under its UUID too. */
static void parse_uuid(struct rpc_conf *conf)
{
	const struct rpc_name *name = rpc_name_of(&conf->interface.uuid);

	if (!name)
		return;
	use_name(conf, name);
	if (conf->has_own_port && conf->interface.any_version)
		conf->interface = name->syntax;
}

bool rpc_conf_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *data, char *canonical, size_t size, const char **error)
{
	struct rpc_conf *conf = data;
	struct rpc_name name;
	char text[UUID_SYNTAX_TEXT];

	conf->mapper_port = EPM_PORT;
	canonical[0] = '\0';
	if (!argument)
		return true;
	conf->mode = RPC_INTERFACE;
	if (strcmp(argument, "*") == 0) {
		conf->mode = RPC_ALL;
		snprintf(canonical, size, "*");
	} else if (uuid_syntax_parse(argument, &conf->interface)) {
		uuid_syntax_format(&conf->interface, text);
		snprintf(canonical, size, "%s", text);
		parse_uuid(conf);
	} else if (rpc_name_find(argument, vocabulary, &name)) {
		conf->interface = name.syntax;
		use_name(conf, &name);
		snprintf(canonical, size, "%s", name.name);
	} else {
		*error = "it must be * or the name of an interface, such as licensing, "
			 "or its UUID, optionally with @MAJOR.MINOR";
		return false;
	}
	return true;
}

/* Of the best so far, NULL if there is none, and another. */
static const char *nearer(const char *argument, const char *best, const char *other)
{
	const char *const both[] = {best, other};

	return best ? suggest_nearest(argument, both, 2)
		    : suggest_nearest(argument, &other, 1);
}

const char *rpc_conf_nearest(
	const char *argument, const struct probe_vocabulary *vocabulary)
{
	const char *best = NULL;

	for (const struct rpc_name *at = rpc_names; at->name; at++)
		best = nearer(argument, best, at->name);
	for (size_t i = 0; vocabulary && i < vocabulary->n_interfaces; i++)
		best = nearer(argument, best, vocabulary->interfaces[i].name);
	return best;
}

/* One port of the option. */
static bool read_port(struct rpc_conf *conf, size_t index, struct conf_report *report)
{
	const char *text = conf->ports.items[index];
	struct conf_mark mark = conf_node_mark(conf->ports.nodes[index]);

	if (!port_parse(text, &conf->fixed[conf->n_fixed])) {
		conf_error(report, mark,
			"'%.40s' is not a valid port: it must be a number from 1 to 65535",
			text);
		return false;
	}
	conf->n_fixed++;
	return true;
}

bool rpc_conf_bound(void *data, const struct conf_node *at, struct conf_report *report)
{
	struct rpc_conf *conf = data;
	bool is_right = true;

	(void)at;
	if (conf->ports.count == 0)
		return true;
	if (conf->mode != RPC_INTERFACE || conf->has_own_port) {
		conf_error(report, conf_node_mark(conf->ports.nodes[0]),
			"'ports' needs an interface that the endpoint mapper is asked "
			"for, such as rpc/licensing");
		return false;
	}
	if (conf->ports.count > RPC_MAX_FIXED) {
		conf_error(report, conf_node_mark(conf->ports.nodes[RPC_MAX_FIXED]),
			"'ports' has %zu ports; at most %d are allowed",
			conf->ports.count, RPC_MAX_FIXED);
		return false;
	}
	for (size_t i = 0; i < conf->ports.count; i++)
		is_right = read_port(conf, i, report) && is_right;
	return is_right;
}
