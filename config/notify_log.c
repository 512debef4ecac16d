/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks that are logs: syslog and journald. */
#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/quantity.h"
#include "config/bind.h"
#include "config/notify_bind.h"

/* ---- syslog ------------------------------------------------------------------ */

enum {
	SYSLOG_PORT = 514,
	SYSLOG_TLS_PORT = 6514, /* RFC 5425, 4.1 */
	DAEMON = 3
};

/* In the order of enum notify_transport. */
static const char *const transports[] = {"udp", "tcp", "tls", NULL};

/* RFC 5424, 6.2.1, by number. */
static const char *const facilities[] = {"kern", "user", "mail", "daemon", "auth",
	"syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
	"alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5",
	"local6", "local7", NULL};

struct syslog_form {
	const char *server;
	struct notify_syslog out;
};

static const struct conf_field syslog_fields[] = {
	{.key = "server",
		.type = CONF_TEXT,
		.offset = offsetof(struct syslog_form, server),
		.required = true,
		.help = "the syslog server: HOST or HOST:PORT"},
	{.key = "transport",
		.type = CONF_WORD,
		.offset = offsetof(struct syslog_form, out.transport),
		.words = transports,
		.help = "how messages are sent"},
	{.key = "facility",
		.type = CONF_WORD,
		.offset = offsetof(struct syslog_form, out.facility),
		.words = facilities,
		.help = "the facility of the messages"},
	{.key = "ca_file",
		.type = CONF_TEXT,
		.offset = offsetof(struct syslog_form, out.ca_file),
		.help = "the certificates to trust, PEM"},
	CONF_END,
};

/* "ADDRESS[:PORT]" or "[V6]:PORT": with the address as text. */
static bool read_address(
	struct arena *arena, const char *text, struct notify_syslog *out)
{
	char host[NET_ADDRESS_TEXT];
	struct net_address address;

	if (!net_endpoint_parse(text, &address, &out->port))
		return false;
	out->host =
		arena_strdup(arena, net_address_format(&address, host, sizeof host));
	return true;
}

/* "NAME[:PORT]". */
static bool read_name(struct arena *arena, const char *text, struct notify_syslog *out)
{
	size_t length = strcspn(text, ":");
	uint64_t port = out->port;

	if (length == 0 || length > INVENTORY_MAX_NAME ||
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789-_.") != length)
		return false;
	if (text[length] &&
		(!number_parse(text + length + 1, UINT16_MAX, &port) || !port))
		return false;
	out->port = (uint16_t)port;
	out->host = arena_strndup(arena, text, length);
	return true;
}

static int bind_server(const struct notify_binder *binder, const struct conf_node *node,
	const char *server, struct notify_syslog *out)
{
	bool is_udp = out->transport == NOTIFY_UDP;

	out->port = out->transport == NOTIFY_TLS ? SYSLOG_TLS_PORT : SYSLOG_PORT;
	if (read_address(binder->arena, server, out) ||
		(!is_udp && read_name(binder->arena, server, out)))
		return out->host ? 0 : -ENOMEM;
	conf_error(binder->report, conf_node_get(node, "server")->mark,
		is_udp ? "'%.64s' is not a valid address: for UDP write ADDRESS, ADDRESS:PORT or "
			 "[V6]:PORT"
		       : "'%.64s' is not a valid server: write HOST, HOST:PORT or [V6]:PORT",
		server);
	return -EINVAL;
}

int notify_bind_syslog(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink)
{
	struct syslog_form form = {.out = {.facility = DAEMON}};
	int rc = conf_bind(
		node, syslog_fields, NULL, &form, binder->arena, binder->report);

	if (rc == -ENOMEM || !form.server)
		return rc;
	rc = conf_worse(rc, bind_server(binder, node, form.server, &form.out));
	rc = conf_worse(rc, notify_bind_path(binder, &form.out.ca_file));
	sink->syslog = form.out;
	return rc;
}

/* ---- journald ---------------------------------------------------------------- */

int notify_bind_journald(const struct notify_binder *binder,
	const struct conf_node *node, struct notify_sink *sink)
{
	static const struct conf_field fields[] = {
		{.key = "socket",
			.type = CONF_TEXT,
			.offset = offsetof(struct notify_sink, journald),
			.help = "the socket of the journal"},
		CONF_END,
	};
	int rc;

	sink->journald = "/run/systemd/journal/socket";
	rc = conf_bind(node, fields, NULL, sink, binder->arena, binder->report);
	return rc < 0 ? rc : notify_bind_path(binder, &sink->journald);
}
