/* SPDX-License-Identifier: Apache-2.0 */
#include "config/notify.h"

#include <errno.h>
#include <string.h>

#include "base/address.h"
#include "base/quantity.h"
#include "base/size.h"
#include "config/bind.h"
#include "config/notify_bind.h"
#include "config/settings_schedule.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool has_only(const char *text, const char *characters)
{
	return text[strspn(text, characters)] == '\0';
}

/* ---- URLs, secrets --------------------------------------------------------------- */

/* One of the schemes (NULL terminated), with something behind it and nothing invisible
 * in it. */
static int check_url(const struct conf_node *node, struct conf_report *report,
	const char *key, const char *const *schemes, const char *wanted)
{
	const char *url = node->text;

	for (; *schemes; schemes++) {
		size_t length = strlen(*schemes);
		if (strncmp(url, *schemes, length) == 0 && url[length] &&
			url[length] != '/' && !strpbrk(url, " \t\r\n"))
			return 0;
	}
	conf_error(report, node->mark, "'%s' must be a URL that begins with %s", key,
		wanted);
	return -EINVAL;
}

/* NAME_file and NAME_env exclude each other. */
static int check_secret(const struct conf_node *section, const char *name,
	const struct notify_secret *secret, struct conf_report *report)
{
	size_t length = strlen(name);

	if (!secret->file || !secret->env)
		return 0;
	for (size_t i = 0; i < section->count; i++) {
		const struct conf_node *key = section->pairs[i].key;
		if (strncmp(key->text, name, length) == 0 &&
			strcmp(key->text + length, "_env") == 0)
			conf_error(report, key->mark,
				"'%s_file' and '%s_env' can't be combined", name, name);
	}
	return -EINVAL;
}

/* ---- webhook --------------------------------------------------------------------- */

/* In the order of enum notify_shape. */
static const char *const shapes[] = {"json", "slack", "teams", "alertmanager", NULL};

static int check_web_url(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *out)
{
	static const char *const schemes[] = {"http://", "https://", NULL};

	(void)arena;
	(void)out;
	return check_url(node, report, "url", schemes, "http:// or https://");
}

static int check_proxy(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *out)
{
	static const char *const schemes[] = {
		"http://", "https://", "socks5://", "socks5h://", NULL};

	(void)arena;
	(void)out;
	return check_url(
		node, report, "proxy", schemes, "http://, https:// or socks5://");
}

#define WEB(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct notify_webhook, member, __VA_ARGS__)

static const struct conf_field webhook_fields[] = {
	WEB("url", TEXT, url, .then = check_web_url, .help = "the URL to post to"),
	WEB("url_file", PATH, url_from.file, .help = "a file with the URL"),
	WEB("url_env", TEXT, url_from.env,
		.help = "an environment variable with the URL"),
	WEB("shape", WORD, shape, .words = shapes,
		.help = "the format that the receiver expects"),
	WEB("secret_file", PATH, secret.file,
		.help = "a file with the key to sign with"),
	WEB("secret_env", TEXT, secret.env,
		.help = "an environment variable with the key to sign with"),
	WEB("token_file", PATH, token.file, .help = "a file with a bearer token"),
	WEB("token_env", TEXT, token.env,
		.help = "an environment variable with a bearer token"),
	WEB("proxy", TEXT, proxy, .then = check_proxy,
		.help = "the proxy to use, such as http://proxy.corp.example:3128"),
	WEB("proxy_user", TEXT, proxy_user, .help = "the user name for the proxy"),
	WEB("proxy_password_file", PATH, proxy_password.file,
		.help = "a file with the proxy's password"),
	WEB("proxy_password_env", TEXT, proxy_password.env,
		.help = "an environment variable with the proxy's password"),
	WEB("ca_file", PATH, ca_file, .help = "the certificates to trust, PEM"),
	CONF_END,
};

static int check_webhook(const struct notify_binder *binder,
	const struct conf_node *node, const struct notify_sink *sink)
{
	const struct notify_webhook *webhook = &sink->webhook;
	int rc = 0;

	if (!webhook->url + !webhook->url_from.file + !webhook->url_from.env != 2) {
		conf_error(binder->report, node->mark,
			"a webhook needs one of 'url', 'url_file' and 'url_env'");
		rc = -EINVAL;
	}
	rc = conf_worse(
		rc, check_secret(node, "secret", &webhook->secret, binder->report));
	rc = conf_worse(
		rc, check_secret(node, "token", &webhook->token, binder->report));
	return conf_worse(rc, check_secret(node, "proxy_password",
				      &webhook->proxy_password, binder->report));
}

/* ---- exec ------------------------------------------------------------------------ */

static int bind_exec(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink)
{
	const char **program = sink->exec.items;

	if (sink->exec.count == 0 || !strchr(*program, '/')) {
		conf_error(binder->report, node->mark,
			"'exec' must begin with the path of the program, such as "
			"/usr/local/bin/page");
		conf_help(binder->report,
			"no shell is used: write each argument as an item of its "
			"own, as in [/usr/local/bin/page, --team, network]");
		return -EINVAL;
	}
	*program = conf_path(binder->arena,
		conf_report_file(binder->report, node->mark.file), *program);
	return *program ? 0 : -ENOMEM;
}

/* ---- syslog, journald ------------------------------------------------------------ */

enum {
	SYSLOG_PORT = 514,
	SYSLOG_TLS_PORT = 6514, /* RFC 5425, 4.1 */
	FACILITY_DAEMON = 3
};

/* In the order of enum notify_transport. */
static const char *const transports[] = {"udp", "tcp", "tls", NULL};

/* RFC 5424, 6.2.1, by number. */
static const char *const facilities[] = {"kern", "user", "mail", "daemon", "auth",
	"syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp", "audit",
	"alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5",
	"local6", "local7", NULL};

#define SYSLOG(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct notify_syslog, member, __VA_ARGS__)

static const struct conf_field syslog_fields[] = {
	SYSLOG("server", TEXT, host, .required = true,
		.help = "the syslog server: HOST or HOST:PORT"),
	SYSLOG("transport", WORD, transport, .words = transports,
		.help = "how messages are sent"),
	SYSLOG("facility", WORD, facility, .words = facilities,
		.help = "the facility of the messages"),
	SYSLOG("ca_file", PATH, ca_file, .help = "the certificates to trust, PEM"),
	CONF_END,
};

static const struct conf_field journald_fields[] = {
	CONF_FIELD("socket", CONF_PATH, struct notify_sink, journald,
		.help = "the socket of the journal"),
	CONF_END,
};

/* Reads "ADDRESS[:PORT]", "[V6]:PORT" or, but for UDP, "NAME[:PORT]". */
static int bind_syslog(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink)
{
	struct notify_syslog *out = &sink->syslog;
	bool is_udp = out->transport == NOTIFY_UDP;
	char address_text[NET_ADDRESS_TEXT];
	const char *text = out->host;
	struct net_address address;
	uint64_t port;
	size_t length;

	if (!text)
		return 0;
	length = strcspn(text, ":");
	out->port = out->transport == NOTIFY_TLS ? SYSLOG_TLS_PORT : SYSLOG_PORT;
	port = out->port;
	if (net_endpoint_parse(text, &address, &out->port)) {
		net_address_format(&address, address_text, sizeof address_text);
		out->host = arena_strdup(binder->arena, address_text);
		return out->host ? 0 : -ENOMEM;
	}
	if (!is_udp && length && length <= INVENTORY_MAX_NAME &&
		strspn(text, LETTERS DIGITS "-_.") == length &&
		(!text[length] ||
			(number_parse(text + length + 1, UINT16_MAX, &port) && port))) {
		out->port = (uint16_t)port;
		out->host = arena_strndup(binder->arena, text, length);
		return out->host ? 0 : -ENOMEM;
	}
	conf_error(binder->report, conf_node_get(node, "server")->mark,
		is_udp ? "'%.64s' is not a valid address: for UDP write ADDRESS, "
			 "ADDRESS:PORT or [V6]:PORT"
		       : "'%.64s' is not a valid server: write HOST, HOST:PORT or "
			 "[V6]:PORT",
		text);
	return -EINVAL;
}

/* ---- mail ------------------------------------------------------------------------ */

/* In the order of enum notify_starttls. */
static const char *const starttls[] = {"required", "try", "none", NULL};

static int check_mail_url(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *out)
{
	static const char *const schemes[] = {"smtp://", "smtps://", NULL};

	(void)arena;
	(void)out;
	return check_url(node, report, "server", schemes, "smtp:// or smtps://");
}

/* LOCAL@DOMAIN in printable ASCII, without what would need quotes: it stands in headers
 * and commands as it is. */
static int check_address(const struct conf_node *node, struct arena *arena,
	struct conf_report *report, void *out)
{
	const char *text = node->text;
	const char *at = strchr(text, '@');

	(void)arena;
	(void)out;
	if (at && at > text && at[1] && !strchr(at + 1, '@') && strlen(text) <= 254 &&
		has_only(text, LETTERS DIGITS "!#$%&'*+-/=?^_`{|}~.@"))
		return 0;
	conf_error(report, node->mark,
		"'%.64s' is not a valid mail address: write NAME@DOMAIN", text);
	return -EINVAL;
}

#define MAIL(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct notify_smtp, member, __VA_ARGS__)

static const struct conf_field smtp_fields[] = {
	MAIL("server", TEXT, server, .required = true, .then = check_mail_url,
		.help = "the mail server, such as smtp://mail.corp.example:587"),
	MAIL("from", TEXT, from, .required = true, .then = check_address,
		.help = "the sender's address"),
	MAIL("to", TEXTS, to, .required = true, .then = check_address,
		.help = "the addresses of the recipients"),
	MAIL("user", TEXT, user, .help = "the user name for the mail server"),
	MAIL("password_file", PATH, password.file,
		.help = "a file with the user's password"),
	MAIL("password_env", TEXT, password.env,
		.help = "an environment variable with the user's password"),
	MAIL("tls", WORD, tls, .words = starttls,
		.help = "whether STARTTLS must succeed"),
	MAIL("ca_file", PATH, ca_file, .help = "the certificates to trust, PEM"),
	CONF_END,
};

static int check_smtp(const struct notify_binder *binder, const struct conf_node *node,
	const struct notify_sink *sink)
{
	const struct notify_smtp *smtp = &sink->smtp;
	bool is_smtps = smtp->server && strncmp(smtp->server, "smtps:", 6) == 0;
	int rc = 0;

	if (smtp->to.nodes && smtp->to.count == 0) {
		conf_error(binder->report, conf_node_get(node, "to")->mark,
			"'to' is empty: write at least one address");
		rc = -EINVAL;
	}
	if (smtp->user && !is_smtps && smtp->tls != NOTIFY_TLS_REQUIRED) {
		conf_error(binder->report, conf_node_get(node, "tls")->mark,
			"'user' needs 'tls: required': otherwise the password could be "
			"sent unencrypted");
		rc = -EINVAL;
	}
	return conf_worse(
		rc, check_secret(node, "password", &smtp->password, binder->report));
}

/* ---- a sink ---------------------------------------------------------------------- */

struct sink_form {
	struct notify_sink sink;
	struct conf_texts quiet;
	const char *timezone;
};

#define SINK(key, type, member, ...) \
	CONF_FIELD(key, CONF_##type, struct sink_form, member, __VA_ARGS__)

static const struct conf_field sink_fields[] = {
	SINK("name", TEXT, sink.name, .required = true,
		.help = "the name of the sink in the store and in messages"),
	SINK("timeout", DURATION, sink.timeout_ms, .min = 100, .max = 300000,
		.help = "how long one delivery may take"),
	SINK("only", ELSEWHERE, sink.only, .help = "which notices it gets"),
	SINK("quiet", TEXTS, quiet,
		.help = "the hours of the week in which it gets no notices"),
	SINK("timezone", TEXT, timezone, .help = "the time zone of the quiet hours"),
	SINK("digest", DURATION, sink.digest_ms, .min = 1000,
		.max = UINT64_C(24) * 60 * 60 * 1000,
		.help = "how long notices are gathered into one message"),
	SINK("file", PATH, sink.file, .help = "a file of JSON lines"),
	SINK("exec", TEXTS, sink.exec, .help = "a program that reads JSON"),
	SINK("webhook", SECTION, sink.webhook, .fields = webhook_fields,
		.help = "a web server that accepts JSON"),
	SINK("syslog", SECTION, sink.syslog, .fields = syslog_fields,
		.help = "a syslog server"),
	SINK("journald", SECTION, sink, .fields = journald_fields,
		.help = "the journal of this machine"),
	SINK("smtp", SECTION, sink.smtp, .fields = smtp_fields,
		.help = "a mail server"),
	CONF_END,
};

/* In the order of enum notify_kind. */
static const char *const kind_words[NOTIFY_KIND_COUNT] = {
	"file", "exec", "webhook", "syslog", "journald", "smtp"};

const char *notify_kind_word(enum notify_kind kind)
{
	return kind_words[kind];
}

static int check_name(const struct notify_binder *binder, const struct conf_node *node,
	const struct notify_sink *sinks, uint32_t count, const char *name)
{
	struct conf_mark mark = conf_node_get(node, "name")->mark;

	if (strlen(name) > NOTIFY_MAX_NAME ||
		!has_only(name, "abcdefghijklmnopqrstuvwxyz" DIGITS "-_.")) {
		conf_error(binder->report, mark,
			"'%.64s' is not a valid name for a sink: use at most %d of the "
			"characters a-z, 0-9, '-', '_' and '.'",
			name, NOTIFY_MAX_NAME);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!sinks[i].name || strcmp(sinks[i].name, name) != 0)
			continue;
		conf_error(binder->report, mark, "duplicate sink '%s'", name);
		return -EINVAL;
	}
	return 0;
}

/* Finds the one key that says what kind the sink is, and finishes what that holds. With
 * `is_wrong` the key may be among those that were not understood. */
static int bind_kind(const struct notify_binder *binder, const struct conf_node *node,
	bool is_wrong, struct notify_sink *sink)
{
	const struct conf_node *found = NULL;

	for (int i = 0; i < NOTIFY_KIND_COUNT; i++) {
		const struct conf_node *value = conf_node_get(node, kind_words[i]);
		if (conf_node_is_null(value))
			continue;
		if (found) {
			conf_error(binder->report, value->mark,
				"a sink has one kind, and this one already has '%s'",
				kind_words[sink->kind]);
			return -EINVAL;
		}
		found = value;
		sink->kind = (enum notify_kind)i;
	}
	if (!found && !is_wrong) {
		conf_error(binder->report, node->mark, "the kind of sink is missing");
		conf_help(binder->report,
			"add 'file', 'exec', 'webhook', 'syslog', 'journald' or "
			"'smtp'");
	}
	if (!found)
		return -EINVAL;
	if (sink->kind == NOTIFY_EXEC)
		return bind_exec(binder, found, sink);
	if (found->kind != CONF_MAPPING)
		return 0;
	if (sink->kind == NOTIFY_WEBHOOK)
		return check_webhook(binder, found, sink);
	if (sink->kind == NOTIFY_SYSLOG)
		return bind_syslog(binder, found, sink);
	return sink->kind == NOTIFY_SMTP ? check_smtp(binder, found, sink) : 0;
}

static int bind_sink(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sinks, uint32_t at)
{
	struct sink_form form = {
		.sink = {.timeout_ms = 10000,
			.syslog = {.facility = FACILITY_DAEMON},
			.journald = "/run/systemd/journal/socket",
			.mark = node->mark},
	};
	struct notify_sink *sink = &sinks[at];
	int rc = conf_bind(
		node, sink_fields, NULL, &form, binder->arena, binder->report);

	if (rc == -ENOMEM || !form.sink.name || node->kind != CONF_MAPPING)
		return rc;
	*sink = form.sink;
	rc = conf_worse(rc, check_name(binder, node, sinks, at, sink->name));
	rc = conf_worse(rc, bind_kind(binder, node, rc < 0, sink));
	if (rc == -ENOMEM)
		return rc;
	rc = conf_worse(rc, settings_bind_hours(&form.quiet, binder->arena,
				    binder->report, &sink->quiet, &sink->n_quiet));
	if (rc != -ENOMEM && (form.timezone || sink->n_quiet))
		rc = conf_worse(
			rc, settings_bind_zone(form.timezone,
				    conf_node_get(
					    node, form.timezone ? "timezone" : "quiet"),
				    binder->arena, binder->report, &sink->zone));
	if (rc == -ENOMEM)
		return rc;
	return conf_worse(
		rc, notify_bind_only(binder, conf_node_get(node, "only"), &sink->only));
}

struct notify_section {
	bool first_scan;
	const struct conf_node *sinks;
};

static const struct conf_field section_fields[] = {
	{.key = "first_scan",
		.type = CONF_BOOL,
		.offset = offsetof(struct notify_section, first_scan),
		.help = "whether what fails from the start is reported"},
	{.key = "sinks",
		.type = CONF_TREE,
		.offset = offsetof(struct notify_section, sinks),
		.help = "the list of sinks"},
	CONF_END,
};

static int bind_sinks(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_list *out)
{
	struct notify_sink *sinks;
	int rc = 0;

	if (node->kind != CONF_SEQUENCE) {
		conf_error(binder->report, node->mark,
			"'notify' must be a list of sinks, not %s",
			conf_kind_name(node->kind));
		conf_help(binder->report,
			"or a mapping with 'first_scan' and that list as 'sinks'");
		return -EINVAL;
	}
	if (node->count > NOTIFY_MAX_SINKS) {
		conf_error(binder->report, node->mark, "at most %d sinks are allowed",
			NOTIFY_MAX_SINKS);
		return -EINVAL;
	}
	sinks = arena_calloc(
		binder->arena, node->count ? node->count : 1, sizeof *sinks);
	if (!sinks)
		return -ENOMEM;
	for (uint32_t i = 0; i < node->count && rc != -ENOMEM; i++)
		rc = conf_worse(rc, bind_sink(binder, node->items[i], sinks, i));
	if (rc == 0) {
		out->sinks = sinks;
		out->count = (uint32_t)node->count;
	}
	return rc;
}

int notify_bind(const struct conf_node *node, const struct inventory *inventory,
	const struct rule_list *rules, struct arena *arena, struct conf_report *report,
	struct notify_list *out)
{
	struct notify_binder binder = {inventory, rules, arena, report};
	struct notify_section section = {.first_scan = true, .sinks = node};
	int rc = 0;

	*out = (struct notify_list){.first_scan = true};
	if (conf_node_is_null(node))
		return 0;
	if (node->kind == CONF_MAPPING) {
		section.sinks = NULL;
		rc = conf_bind(node, section_fields, NULL, &section, arena, report);
		out->first_scan = section.first_scan;
	}
	if (conf_node_is_null(section.sinks) || rc == -ENOMEM)
		return rc;
	return conf_worse(rc, bind_sinks(&binder, section.sinks, out));
}
