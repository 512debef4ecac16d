/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks that are people: mail. */
#include <errno.h>
#include <string.h>

#include "config/bind.h"
#include "config/notify_bind.h"

/* In the order of enum notify_starttls. */
static const char *const starttls[] = {"required", "try", "none", NULL};

#define MAIL(member) offsetof(struct notify_smtp, member)

static const struct conf_field smtp_fields[] = {
	{.key = "server",
		.type = CONF_TEXT,
		.offset = MAIL(server),
		.required = true,
		.help = "the mail server, such as smtp://mail.corp.example:587"},
	{.key = "from",
		.type = CONF_TEXT,
		.offset = MAIL(from),
		.required = true,
		.help = "the sender's address"},
	{.key = "to",
		.type = CONF_TEXTS,
		.offset = MAIL(to),
		.required = true,
		.help = "the addresses of the recipients"},
	{.key = "user",
		.type = CONF_TEXT,
		.offset = MAIL(user),
		.help = "the user name for the mail server"},
	{.key = "password_file",
		.type = CONF_TEXT,
		.offset = MAIL(password.file),
		.help = "a file with the user's password"},
	{.key = "password_env",
		.type = CONF_TEXT,
		.offset = MAIL(password.env),
		.help = "an environment variable with the user's password"},
	{.key = "tls",
		.type = CONF_WORD,
		.offset = MAIL(tls),
		.words = starttls,
		.help = "whether STARTTLS must succeed"},
	{.key = "ca_file",
		.type = CONF_TEXT,
		.offset = MAIL(ca_file),
		.help = "the certificates to trust, PEM"},
	CONF_END,
};

/* One that can stand in a header and in a command as it is: LOCAL@DOMAIN in printable
 * ASCII, without what would need quotes. */
static int check_address(
	const struct notify_binder *binder, struct conf_mark mark, const char *text)
{
	size_t length = strlen(text);
	const char *at = strchr(text, '@');

	if (at && at > text && at[1] && !strchr(at + 1, '@') && length <= 254 &&
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "0123456789!#$%&'*+-/=?^_`{|}~.@") == length)
		return 0;
	conf_error(binder->report, mark,
		"'%.64s' is not a valid mail address: write NAME@DOMAIN", text);
	return -EINVAL;
}

static int check_addresses(const struct notify_binder *binder,
	const struct conf_node *node, const struct notify_smtp *smtp)
{
	int rc = 0;

	if (smtp->from)
		rc = check_address(
			binder, conf_node_get(node, "from")->mark, smtp->from);
	for (size_t i = 0; i < smtp->to.count; i++)
		rc = conf_worse(
			rc, check_address(binder, conf_node_mark(smtp->to.nodes[i]),
				    smtp->to.items[i]));
	if (smtp->to.nodes && smtp->to.count == 0) {
		conf_error(binder->report, conf_node_get(node, "to")->mark,
			"'to' is empty: write at least one address");
		return -EINVAL;
	}
	return rc;
}

/* A password goes through TLS or nowhere. */
static int check_user(const struct notify_binder *binder, const struct conf_node *node,
	const struct notify_smtp *smtp)
{
	bool is_smtps = smtp->server && strncmp(smtp->server, "smtps:", 6) == 0;

	if (!smtp->user || is_smtps || smtp->tls == NOTIFY_TLS_REQUIRED)
		return 0;
	conf_error(binder->report, conf_node_get(node, "tls")->mark,
		"'user' needs 'tls: required': otherwise the password could be sent unencrypted");
	return -EINVAL;
}

int notify_bind_smtp(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink)
{
	static const char *const schemes[] = {"smtp://", "smtps://", NULL};
	struct notify_smtp *smtp = &sink->smtp;
	int rc =
		conf_bind(node, smtp_fields, NULL, smtp, binder->arena, binder->report);

	if (rc == -ENOMEM || node->kind != CONF_MAPPING)
		return rc;
	rc = conf_worse(
		rc, notify_check_url(binder, node, "server", smtp->server, schemes,
			    "a URL that begins with smtp:// or smtps://"));
	rc = conf_worse(rc, check_addresses(binder, node, smtp));
	rc = conf_worse(rc, check_user(binder, node, smtp));
	rc = conf_worse(
		rc, notify_bind_secret(binder, node, "password", &smtp->password));
	return conf_worse(rc, notify_bind_path(binder, &smtp->ca_file));
}
