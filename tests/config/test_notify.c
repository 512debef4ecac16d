/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/config/loaded.h"

#define REST                                  \
	"inventory: {web: {hosts: {w1: }}}\n" \
	"rules: [{name: n, to: web, check: tcp/443}]\n"

static void nobody_is_told_by_default(void **state)
{
	struct loaded loaded;

	(void)state;
	loaded_good(&loaded, REST);
	assert_int_equal(loaded.config->notify.count, 0);
	loaded_fini(&loaded);
	loaded_good(&loaded, "notify:\n" REST);
	assert_int_equal(loaded.config->notify.count, 0);
	loaded_fini(&loaded);
	loaded_good(&loaded, "notify: []\n" REST);
	assert_int_equal(loaded.config->notify.count, 0);
	loaded_fini(&loaded);
}

static void each_kind_is_read(void **state)
{
	struct loaded loaded;
	const struct notify_sink *sinks;

	(void)state;
	loaded_good(&loaded,
		"notify:\n"
		"  - {name: log, file: told.jsonl, timeout: 3s}\n"
		"  - {name: page, exec: [/bin/page, --team, network]}\n"
		"  - name: hook\n"
		"    webhook:\n"
		"      {url: 'https://hook.corp.example/x', secret_file: key,\n"
		"       token_env: TOKEN, proxy: 'http://proxy.corp.example:3128',\n"
		"       proxy_user: me, proxy_password_env: PW, ca_file: /etc/ca.pem}\n"
		"    only: {kind: [regression, exposure], rule: n, group: web}\n" REST);
	assert_int_equal(loaded.config->notify.count, 3);
	sinks = loaded.config->notify.sinks;
	assert_string_equal(sinks[0].name, "log");
	assert_int_equal(sinks[0].kind, NOTIFY_FILE);
	assert_string_equal(sinks[0].file, "told.jsonl");
	assert_int_equal(sinks[0].timeout_ms, 3000);
	assert_int_equal(sinks[1].kind, NOTIFY_EXEC);
	assert_int_equal(sinks[1].exec.count, 3);
	assert_string_equal(sinks[1].exec.items[2], "network");
	assert_int_equal(sinks[1].timeout_ms, 10000);
	assert_int_equal(sinks[2].kind, NOTIFY_WEBHOOK);
	assert_int_equal(sinks[2].webhook.shape, NOTIFY_JSON);
	assert_string_equal(sinks[2].webhook.secret.file, "key");
	assert_null(sinks[2].webhook.secret.env);
	assert_string_equal(sinks[2].webhook.token.env, "TOKEN");
	assert_string_equal(sinks[2].webhook.proxy_password.env, "PW");
	assert_string_equal(sinks[2].webhook.ca_file, "/etc/ca.pem");
	assert_int_equal(sinks[2].only.kinds.count, 2);
	assert_string_equal(sinks[2].only.rules.items[0], "n");
	assert_string_equal(sinks[2].only.groups.items[0], "web");
	loaded_fini(&loaded);
}

static void the_group_of_all_hosts_holds_nothing_back(void **state)
{
	struct loaded loaded;

	(void)state;
	loaded_good(&loaded,
		"notify:\n"
		"  - {name: one, file: told, only: {group: all, rule: n}}\n"
		"  - {name: two, file: told, only: {group: [web, all]}}\n" REST);
	assert_int_equal(loaded.config->notify.sinks[0].only.groups.count, 0);
	assert_int_equal(loaded.config->notify.sinks[0].only.rules.count, 1);
	assert_int_equal(loaded.config->notify.sinks[1].only.groups.count, 0);
	loaded_fini(&loaded);
}

static void logs_and_mail_are_read(void **state)
{
	struct loaded loaded;
	const struct notify_sink *sinks;

	(void)state;
	loaded_good(&loaded,
		"notify:\n"
		"  - {name: a, syslog: {server: 192.0.2.1}}\n"
		"  - {name: b, syslog: {server: '[2001:db8::1]:1514', transport: tcp}}\n"
		"  - {name: c, syslog: {server: log.corp.example, transport: tls,\n"
		"      facility: local7}}\n"
		"  - {name: d, syslog: {server: 'log.corp.example:99', transport: tcp}}\n"
		"  - {name: e, journald: {}}\n"
		"  - {name: f, journald: {socket: /run/j}}\n"
		"  - {name: g, smtp: {server: 'smtp://mail.corp.example', from: a@b.example,\n"
		"      to: [c@d.example, e@f.example], tls: none}}\n" REST);
	sinks = loaded.config->notify.sinks;
	assert_string_equal(sinks[0].syslog.host, "192.0.2.1");
	assert_int_equal(sinks[0].syslog.port, 514);
	assert_int_equal(sinks[0].syslog.transport, NOTIFY_UDP);
	assert_int_equal(sinks[0].syslog.facility, 3);
	assert_string_equal(sinks[1].syslog.host, "2001:db8::1");
	assert_int_equal(sinks[1].syslog.port, 1514);
	assert_string_equal(sinks[2].syslog.host, "log.corp.example");
	assert_int_equal(sinks[2].syslog.port, 6514);
	assert_int_equal(sinks[2].syslog.facility, 23);
	assert_int_equal(sinks[3].syslog.port, 99);
	assert_string_equal(sinks[4].journald, "/run/systemd/journal/socket");
	assert_string_equal(sinks[5].journald, "/run/j");
	assert_string_equal(sinks[6].smtp.from, "a@b.example");
	assert_int_equal(sinks[6].smtp.to.count, 2);
	assert_int_equal(sinks[6].smtp.tls, NOTIFY_TLS_NONE);
	loaded_fini(&loaded);
}

static void paths_are_relative_to_the_files_folder(void **state)
{
	char path[] = "/tmp/reachd-notify-XXXXXX";
	char file[64];
	struct conf_report report;
	struct config *config;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(file, sizeof file, "%s/r.yaml", path);
	out = fopen(file, "w");
	assert_non_null(out);
	fputs("notify: [{name: a, file: told}, {name: b, exec: [./page, ./x]},"
	      " {name: c, webhook: {url_file: url}}]\n" REST,
		out);
	fclose(out);
	conf_report_init(&report);
	assert_int_equal(config_load(file, &report, &config), 0);
	assert_memory_equal(config->notify.sinks[0].file, path, strlen(path));
	assert_memory_equal(config->notify.sinks[1].exec.items[0], path, strlen(path));
	assert_string_equal(config->notify.sinks[1].exec.items[1], "./x");
	assert_memory_equal(
		config->notify.sinks[2].webhook.url_from.file, path, strlen(path));
	config_free(config);
	conf_report_fini(&report);
	assert_int_equal(remove(file), 0);
	assert_int_equal(remove(path), 0);
}

static void thirty_two_sinks_are_the_most(void **state)
{
	char text[4096] = "notify:\n";
	struct loaded loaded;

	(void)state;
	for (int i = 0; i < NOTIFY_MAX_SINKS; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text),
			"  - {name: s%d, file: a}\n", i);
	strcat(text, REST);
	loaded_good(&loaded, text);
	assert_int_equal(loaded.config->notify.count, NOTIFY_MAX_SINKS);
	loaded_fini(&loaded);
	memmove(text + strlen("notify:\n  - {name: x, file: a}\n"),
		text + strlen("notify:\n"), strlen(text) - strlen("notify:\n") + 1);
	memcpy(text, "notify:\n  - {name: x, file: a}\n",
		strlen("notify:\n  - {name: x, file: a}\n"));
	expect_refused(text, 1, "at most 32 sinks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_told_by_default),
		cmocka_unit_test(each_kind_is_read),
		cmocka_unit_test(the_group_of_all_hosts_holds_nothing_back),
		cmocka_unit_test(logs_and_mail_are_read),
		cmocka_unit_test(paths_are_relative_to_the_files_folder),
		cmocka_unit_test(thirty_two_sinks_are_the_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
