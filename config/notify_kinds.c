/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of sink is told by its key. */
#include <errno.h>
#include <string.h>

#include "config/bind.h"
#include "config/notify_bind.h"

/* ---- common ------------------------------------------------------------------ */

int notify_bind_path(const struct notify_binder *binder, const char **path)
{
	if (!*path)
		return 0;
	*path = conf_path(binder->arena, binder->path, *path);
	return *path ? 0 : -ENOMEM;
}

/* The key "KEY_file" or "KEY_env" in the section. */
static const struct conf_node *named(
	const struct conf_node *section, const char *key, const char *suffix)
{
	size_t length = strlen(key);

	for (size_t i = 0; section->kind == CONF_MAPPING && i < section->count; i++) {
		const char *text = section->pairs[i].key->text;
		if (strncmp(text, key, length) == 0 &&
			strcmp(text + length, suffix) == 0)
			return section->pairs[i].key;
	}
	return NULL;
}

int notify_bind_secret(const struct notify_binder *binder,
	const struct conf_node *section, const char *key, struct notify_secret *secret)
{
	const struct conf_node *second = named(section, key, "_env");

	if (secret->file && secret->env && second) {
		conf_error(binder->report, second->mark,
			"'%s_file' and '%s_env' can't be combined", key, key);
		return -EINVAL;
	}
	return notify_bind_path(binder, &secret->file);
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* A URL of one of the schemes, with something behind it and nothing invisible in it. */
int notify_check_url(const struct notify_binder *binder,
	const struct conf_node *section, const char *key, const char *url,
	const char *const *schemes, const char *wanted)
{
	const struct conf_node *at = conf_node_get(section, key);

	if (!url)
		return 0;
	for (const char *const *s = schemes; *s; s++) {
		size_t length = strlen(*s);
		if (begins_with(url, *s) && url[length] && url[length] != '/' &&
			!strpbrk(url, " \t\r\n"))
			return 0;
	}
	conf_error(binder->report, at->mark, "'%s' must be %s", key, wanted);
	return -EINVAL;
}

/* ---- file, exec -------------------------------------------------------------- */

int notify_bind_file(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink)
{
	static const struct conf_field text = {.key = "file", .type = CONF_TEXT};
	int rc = conf_bind_value(
		node, &text, &sink->file, binder->arena, binder->report);

	return rc < 0 ? rc : notify_bind_path(binder, &sink->file);
}

int notify_bind_exec(const struct notify_binder *binder, const struct conf_node *node,
	struct notify_sink *sink)
{
	static const struct conf_field texts = {.key = "exec", .type = CONF_TEXTS};
	int rc = conf_bind_value(
		node, &texts, &sink->exec, binder->arena, binder->report);

	if (rc < 0)
		return rc;
	if (sink->exec.count == 0 || !strchr(sink->exec.items[0], '/')) {
		conf_error(binder->report, node->mark,
			"'exec' must begin with the path of the program, such as "
			"/usr/local/bin/page");
		conf_help(binder->report,
			"no shell is used: write each argument as an item of its "
			"own, as in [/usr/local/bin/page, --team, network]");
		return -EINVAL;
	}
	return notify_bind_path(binder, &sink->exec.items[0]);
}

/* ---- webhook ----------------------------------------------------------------- */

/* In the order of enum notify_shape. */
static const char *const shapes[] = {"json", "slack", "teams", "alertmanager", NULL};

#define WEB(member) offsetof(struct notify_webhook, member)

static const struct conf_field webhook_fields[] = {
	{.key = "url",
		.type = CONF_TEXT,
		.offset = WEB(url),
		.help = "the URL to post to"},
	{.key = "url_file",
		.type = CONF_TEXT,
		.offset = WEB(url_from.file),
		.help = "a file with the URL"},
	{.key = "url_env",
		.type = CONF_TEXT,
		.offset = WEB(url_from.env),
		.help = "an environment variable with the URL"},
	{.key = "shape",
		.type = CONF_WORD,
		.offset = WEB(shape),
		.words = shapes,
		.help = "the format that the receiver expects"},
	{.key = "secret_file",
		.type = CONF_TEXT,
		.offset = WEB(secret.file),
		.help = "a file with the key to sign with"},
	{.key = "secret_env",
		.type = CONF_TEXT,
		.offset = WEB(secret.env),
		.help = "an environment variable with the key to sign with"},
	{.key = "token_file",
		.type = CONF_TEXT,
		.offset = WEB(token.file),
		.help = "a file with a bearer token"},
	{.key = "token_env",
		.type = CONF_TEXT,
		.offset = WEB(token.env),
		.help = "an environment variable with a bearer token"},
	{.key = "proxy",
		.type = CONF_TEXT,
		.offset = WEB(proxy),
		.help = "the proxy to use, such as http://proxy.corp.example:3128"},
	{.key = "proxy_user",
		.type = CONF_TEXT,
		.offset = WEB(proxy_user),
		.help = "the user name for the proxy"},
	{.key = "proxy_password_file",
		.type = CONF_TEXT,
		.offset = WEB(proxy_password.file),
		.help = "a file with the proxy's password"},
	{.key = "proxy_password_env",
		.type = CONF_TEXT,
		.offset = WEB(proxy_password.env),
		.help = "an environment variable with the proxy's password"},
	{.key = "ca_file",
		.type = CONF_TEXT,
		.offset = WEB(ca_file),
		.help = "the certificates to trust, PEM"},
	CONF_END,
};

static int check_urls(const struct notify_binder *binder, const struct conf_node *node,
	const struct notify_webhook *webhook)
{
	static const char *const web[] = {"http://", "https://", NULL};
	static const char *const proxies[] = {
		"http://", "https://", "socks5://", "socks5h://", NULL};
	int count = (webhook->url != NULL) + (webhook->url_from.file != NULL) +
		    (webhook->url_from.env != NULL);
	int rc = 0;

	if (count != 1) {
		conf_error(binder->report, node->mark,
			"a webhook needs one of 'url', 'url_file' and 'url_env'");
		rc = -EINVAL;
	}
	rc = conf_worse(rc, notify_check_url(binder, node, "url", webhook->url, web,
				    "a URL that begins with http:// or https://"));
	return conf_worse(
		rc, notify_check_url(binder, node, "proxy", webhook->proxy, proxies,
			    "a URL that begins with http://, https:// or socks5://"));
}

int notify_bind_webhook(const struct notify_binder *binder,
	const struct conf_node *node, struct notify_sink *sink)
{
	struct notify_webhook *webhook = &sink->webhook;
	int rc = conf_bind(
		node, webhook_fields, NULL, webhook, binder->arena, binder->report);

	if (rc == -ENOMEM || node->kind != CONF_MAPPING)
		return rc;
	rc = conf_worse(rc, check_urls(binder, node, webhook));
	rc = conf_worse(rc, notify_bind_path(binder, &webhook->url_from.file));
	rc = conf_worse(
		rc, notify_bind_secret(binder, node, "secret", &webhook->secret));
	rc = conf_worse(rc, notify_bind_secret(binder, node, "token", &webhook->token));
	rc = conf_worse(rc, notify_bind_secret(binder, node, "proxy_password",
				    &webhook->proxy_password));
	return conf_worse(rc, notify_bind_path(binder, &webhook->ca_file));
}
