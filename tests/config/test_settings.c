/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/config/loaded.h"

#include <unistd.h>

#include "base/strbuf.h"

#define REST                                  \
	"inventory: {web: {hosts: {w1: }}}\n" \
	"rules: [{name: n, to: web, check: tcp/443}]\n"

static void good(struct loaded *loaded, const char *settings)
{
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, settings);
	strbuf_adds(&text, REST);
	loaded_good(loaded, text.text);
	strbuf_fini(&text);
}

static void refused(const char *settings, size_t errors, const char *part)
{
	struct strbuf text;
	strbuf_init(&text);
	strbuf_adds(&text, settings);
	strbuf_adds(&text, REST);
	expect_refused(text.text, errors, part);
	strbuf_fini(&text);
}

static void expect_defaults(const struct settings *settings)
{
	char name[256] = "";
	assert_int_equal(gethostname(name, sizeof name - 1), 0);
	assert_string_equal(settings->vantage, name);
	assert_string_equal(settings->store, "reachd.db");
	assert_int_equal(settings->schedule.every_ms, 300000);
	assert_int_equal(settings->schedule.jitter_ms, 0);
	assert_int_equal(settings->schedule.n_windows, 0);
	assert_null(settings->schedule.timezone);
	assert_null(settings->schedule.zone);
	assert_true(settings->history_ms == UINT64_C(34560000000));
	assert_true(settings->rtt_ms == UINT64_C(7776000000));
	assert_int_equal(settings->timeout_ms, 2000);
	assert_int_equal(settings->attempts, 2);
	assert_int_equal(settings->concurrency, 1024);
	assert_int_equal(settings->rate_per_hour, 18000000);
	assert_int_equal(settings->per_host, 128);
	assert_int_equal(settings->engines, 0);
	assert_int_equal(settings->confirm, 2);
	assert_true(settings->trace);
	assert_int_equal(settings->family, SETTINGS_BOTH);
	assert_int_equal(settings->n_dns, 0);
	assert_int_equal(settings->dns_timeout_ms, 1000);
	assert_int_equal(settings->dns_attempts, 2);
	assert_string_equal(settings->dynamic_ports, "49152-65535");
	assert_int_equal(settings->n_interfaces, 0);
}

static void everything_has_a_default(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "");
	expect_defaults(&loaded.config->settings);
	loaded_fini(&loaded);
	good(&loaded, "vantage:\nstore:\nschedule:\nprobe:\ndns: {servers: }\n");
	expect_defaults(&loaded.config->settings);
	loaded_fini(&loaded);
}

static void without_a_file_the_defaults_hold(void **state)
{
	(void)state;
	struct arena arena;
	struct conf_report report;
	struct settings settings;
	arena_init(&arena, 0);
	conf_report_init(&report);
	assert_int_equal(settings_bind(NULL, NULL, &arena, &report, &settings), 0);
	expect_defaults(&settings);
	conf_report_fini(&report);
	arena_fini(&arena);
}

static void every_key_is_bound(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded,
		"vantage: par-sh-001\n"
		"store: /var/lib/reachd/reachd.db\n"
		"retention: {history: 3650d, rtt: 1h}\n"
		"schedule: {every: 1h, jitter: 30s}\n"
		"probe: {timeout: 1500ms, attempts: 3, concurrency: 65535, "
		"rate: 300/m, per_host: 7, engines: 4, confirm: 1, family: ipv4, trace: no}\n"
		"dns: {servers: [192.0.2.53, \"192.0.2.54:5353\", "
		"\"2001:db8::53\", \"[2001:db8::54]:53\"], timeout: 250ms, "
		"attempts: 5}\n");
	const struct settings *settings = &loaded.config->settings;
	assert_string_equal(settings->vantage, "par-sh-001");
	assert_string_equal(settings->store, "/var/lib/reachd/reachd.db");
	assert_int_equal(settings->schedule.every_ms, 3600000);
	assert_int_equal(settings->schedule.jitter_ms, 30000);
	assert_true(settings->history_ms == UINT64_C(315360000000));
	assert_int_equal(settings->rtt_ms, 3600000);
	assert_int_equal(settings->timeout_ms, 1500);
	assert_int_equal(settings->attempts, 3);
	assert_int_equal(settings->concurrency, 65535);
	assert_int_equal(settings->rate_per_hour, 18000);
	assert_int_equal(settings->per_host, 7);
	assert_int_equal(settings->engines, 4);
	assert_int_equal(settings->confirm, 1);
	assert_false(settings->trace);
	assert_int_equal(settings->family, SETTINGS_IPV4);
	assert_int_equal(settings->n_dns, 4);
	assert_int_equal(settings->dns[0].port, 53);
	assert_int_equal(settings->dns[1].port, 5353);
	assert_int_equal(settings->dns[2].address.family, 6);
	char text[NET_ADDRESS_TEXT];
	assert_string_equal(
		net_address_format(&settings->dns[3].address, text, sizeof text),
		"2001:db8::54");
	assert_int_equal(settings->dns_timeout_ms, 250);
	assert_int_equal(settings->dns_attempts, 5);
	loaded_fini(&loaded);
}

static void one_server_may_be_text(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "dns: {servers: 192.0.2.53}\n");
	assert_int_equal(loaded.config->settings.n_dns, 1);
	loaded_fini(&loaded);
}

static void the_store_is_relative_to_the_files_folder(void **state)
{
	(void)state;
	struct arena arena;
	struct conf_report report;
	struct settings settings;
	const struct conf_node *root = NULL;
	arena_init(&arena, 0);
	conf_report_init(&report);
	static const char text[] = "store: data/r.db\n";
	static const struct {
		const char *file, *store;
	} cases[] = {{"/etc/reachd/a.yaml", "/etc/reachd/data/r.db"},
		{"a.yaml", "data/r.db"}};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(conf_document_parse(cases[i].file, text,
					 sizeof text - 1, &arena, &report, &root),
			0);
		assert_int_equal(
			settings_bind(root, cases[i].file, &arena, &report, &settings),
			0);
		assert_string_equal(settings.store, cases[i].store);
	}
	assert_int_equal(
		settings_bind(NULL, "etc/a.yaml", &arena, &report, &settings), 0);
	assert_string_equal(settings.store, "etc/reachd.db");
	conf_report_fini(&report);
	arena_fini(&arena);
}

static void unknown_keys_are_mistakes_with_a_suggestion(void **state)
{
	(void)state;
	refused("vantagge: x\n", 1, "did you mean 'vantage'?");
	refused("inventry: x\n", 1, "did you mean 'inventory'?");
	refused("probe: {timout: 1s}\n", 1, "did you mean 'timeout'?");
	refused("dns: {server: 192.0.2.1}\n", 1, "did you mean 'servers'?");
	refused("schedule: {every: 5m, jiter: 1s}\n", 1, "did you mean 'jitter'?");
}

static void values_out_of_range_are_mistakes(void **state)
{
	(void)state;
	refused("schedule: {every: 999ms}\n", 1, "every");
	refused("schedule: {every: 5m, jitter: 6m}\n", 1, "longer than 'every' (5m)");
	refused("probe: {timeout: 0}\n", 1, "timeout");
	refused("probe: {timeout: 301s}\n", 1, "timeout");
	refused("probe: {attempts: 0}\n", 1, "attempts");
	refused("probe: {attempts: 21}\n", 1, "attempts");
	refused("probe: {concurrency: 65536}\n", 1, "concurrency");
	refused("probe: {per_host: 0}\n", 1, "per_host");
	refused("probe: {confirm: 11}\n", 1, "confirm");
	refused("probe: {family: ipv5}\n", 1, "family");
	refused("probe: {rate: 0/s}\n", 1, "rate");
	refused("dns: {attempts: 6}\n", 1, "attempts");
	refused("probe: {rate: 5000}\n", 1, "rate");
	refused("dns: {servers: [192.0.2.1], timeout: 1}\n", 1, "timeout");
}

static void jitter_may_be_a_share_of_every(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "schedule: {jitter: 10%, every: 1h}\n");
	assert_int_equal(loaded.config->settings.schedule.jitter_ms, 360000);
	loaded_fini(&loaded);
	good(&loaded, "schedule: {every: 1s, jitter: 100%}\n");
	assert_int_equal(loaded.config->settings.schedule.jitter_ms, 1000);
	loaded_fini(&loaded);
	refused("schedule: {jitter: 101%}\n", 1, "such as 10%, not '101%'");
	refused("schedule: {jitter: -1%}\n", 1, "such as 10%, not '-1%'");
	refused("schedule: {jitter: '%'}\n", 1, "such as 10%, not '%'");
	refused("schedule: {jitter: 30}\n", 1, "a duration such as 30s");
}

static void windows_are_hours_of_the_week_in_a_zone(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "schedule: {windows: [weekdays 20:00-06:00, weekends], "
		      "timezone: Europe/Berlin}\n");
	const struct settings *settings = &loaded.config->settings;
	assert_int_equal(settings->schedule.n_windows, 2);
	assert_int_equal(settings->schedule.windows[0].from_min, 1200);
	assert_int_equal(settings->schedule.windows[1].days, 0x60);
	assert_string_equal(settings->schedule.timezone, "Europe/Berlin");
	assert_int_equal(
		zone_offset_s(settings->schedule.zone, INT64_C(1782864000)), 7200);
	loaded_fini(&loaded);
	good(&loaded, "schedule: {windows: sun}\n");
	assert_int_equal(loaded.config->settings.schedule.n_windows, 1);
	assert_non_null(loaded.config->settings.schedule.zone);
	loaded_fini(&loaded);
	good(&loaded, "schedule: {windows: [], timezone: UTC}\n");
	assert_int_equal(loaded.config->settings.schedule.n_windows, 0);
	loaded_fini(&loaded);
}

static void the_limits_themselves_are_allowed(void **state)
{
	(void)state;
	struct loaded loaded;
	good(&loaded, "schedule: {every: 1s, jitter: 1s}\n"
		      "probe: {timeout: 1ms, attempts: 1, concurrency: 1, per_host: "
		      "1, rate: 1/h, confirm: 1}\n");
	assert_int_equal(loaded.config->settings.rate_per_hour, 1);
	loaded_fini(&loaded);
	good(&loaded, "schedule: {every: 7d}\n"
		      "probe: {timeout: 5m, attempts: 20, concurrency: 65535, "
		      "per_host: 65535, confirm: 10, family: ipv6}\n"
		      "dns: {attempts: 5}\n");
	assert_int_equal(loaded.config->settings.timeout_ms, 300000);
	assert_int_equal(loaded.config->settings.family, SETTINGS_IPV6);
	loaded_fini(&loaded);
}

/* A server with another port is another server; and the largest numbers and names. */
static void the_largest_counts_are_allowed(void **state)
{
	(void)state;
	struct strbuf text;
	struct loaded loaded;
	strbuf_init(&text);
	strbuf_addf(
		&text, "dns: {servers: [192.0.2.1, \"192.0.2.1:5353\"]}\nvantage: ");
	for (int i = 0; i < INVENTORY_MAX_NAME; i++)
		strbuf_adds(&text, "v");
	strbuf_adds(&text, "\nrpc:\n  interfaces:\n");
	for (int i = 0; i < SETTINGS_MAX_INTERFACES; i++)
		strbuf_addf(&text,
			"    n%d: 338cd001-2244-31f1-aaaa-900038001003@1.0\n", i);
	good(&loaded, text.text);
	const struct settings *settings = &loaded.config->settings;
	assert_int_equal(settings->n_dns, 2);
	assert_int_equal(strlen(settings->vantage), INVENTORY_MAX_NAME);
	assert_int_equal(settings->n_interfaces, SETTINGS_MAX_INTERFACES);
	loaded_fini(&loaded);
	strbuf_adds(&text, "    more: 338cd001-2244-31f1-aaaa-900038001003@1.0\n");
	refused(text.text, 1, "at most 256 interfaces are allowed");
	strbuf_fini(&text);
}

static void wrong_shapes_are_mistakes(void **state)
{
	(void)state;
	refused("probe: fast\n", 1, "probe");
	refused("schedule: [5m]\n", 1, "schedule");
	refused("vantage: [a]\n", 1, "vantage");
	refused("dns: {servers: {a: b}}\n", 1, "servers");
}

static void dns_servers_are_addresses_named_once(void **state)
{
	(void)state;
	refused("dns: {servers: [ns1.corp.example]}\n", 1, "ADDRESS:PORT");
	refused("dns: {servers: [\"192.0.2.1:0\"]}\n", 1, "ADDRESS:PORT");
	refused("dns: {servers: [192.0.2.1, \"192.0.2.1:53\"]}\n", 1,
		"duplicate DNS server");
	refused("dns: {servers: [192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, "
		"192.0.2.5, 192.0.2.6, 192.0.2.7, 192.0.2.8, 192.0.2.9, 192.0.2.10, "
		"192.0.2.11, 192.0.2.12, 192.0.2.13, 192.0.2.14, 192.0.2.15, "
		"192.0.2.16, 192.0.2.17]}\n",
		1, "at most 16");
}

static void rpc_interfaces_get_names(void **state)
{
	(void)state;
	char text[UUID_SYNTAX_TEXT];
	struct loaded loaded;
	good(&loaded, "rpc:\n  dynamic_ports: 50000-50255\n  interfaces:\n"
		      "    my-broker: 338CD001-2244-31F1-AAAA-900038001003@1.0\n"
		      "    b.2: 338cd001-2244-31f1-aaaa-900038001003@2\n");
	const struct settings *settings = &loaded.config->settings;
	assert_string_equal(settings->dynamic_ports, "50000-50255");
	assert_int_equal(settings->n_interfaces, 2);
	assert_string_equal(settings->interfaces[0].name, "my-broker");
	assert_string_equal(uuid_syntax_format(&settings->interfaces[0].syntax, text),
		"338cd001-2244-31f1-aaaa-900038001003@1.0");
	assert_string_equal(settings->interfaces[1].name, "b.2");
	assert_int_equal(settings->interfaces[1].syntax.major, 2);
	loaded_fini(&loaded);
}

static void mistakes_of_all_sections_are_told_at_once(void **state)
{
	(void)state;
	refused("vantage: []\nschedule: {every: soon}\nprobe: {attempts: many}\n"
		"dns: {servers: [x], attempts: 0}\nrpc: {dynamic_ports: 0}\n"
		"extra: 1\n",
		7, "extra");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_has_a_default),
		cmocka_unit_test(without_a_file_the_defaults_hold),
		cmocka_unit_test(every_key_is_bound),
		cmocka_unit_test(one_server_may_be_text),
		cmocka_unit_test(the_store_is_relative_to_the_files_folder),
		cmocka_unit_test(unknown_keys_are_mistakes_with_a_suggestion),
		cmocka_unit_test(values_out_of_range_are_mistakes),
		cmocka_unit_test(jitter_may_be_a_share_of_every),
		cmocka_unit_test(windows_are_hours_of_the_week_in_a_zone),
		cmocka_unit_test(the_limits_themselves_are_allowed),
		cmocka_unit_test(the_largest_counts_are_allowed),
		cmocka_unit_test(wrong_shapes_are_mistakes),
		cmocka_unit_test(dns_servers_are_addresses_named_once),
		cmocka_unit_test(rpc_interfaces_get_names),
		cmocka_unit_test(mistakes_of_all_sections_are_told_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
