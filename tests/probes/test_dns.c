/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include <fcntl.h>
#include <jansson.h>

#include "dns_peer.h"
#include "probes/net/resolve.h"
#include "probes/registry.h"

#define HOST "rdls01.corp.example"
#define MAX_PEERS 3

/* Some servers and a resolver that asks them, on a harness's loop. */
struct servers {
	struct dns_peer peers[MAX_PEERS];
	size_t count;
	struct resolver *resolver;
};

static struct servers servers;
static _Alignas(max_align_t) unsigned char conf[1024];

static void open_servers(struct harness *h, size_t count, uint32_t timeout_ms)
{
	struct resolver_server addresses[MAX_PEERS];
	memset(&servers, 0, sizeof servers);
	for (size_t i = 0; i < count; i++) {
		struct dns_peer *peer = &servers.peers[i];
		dns_peer_open(peer, &h->loop);
		uv_unref((uv_handle_t *)&peer->udp);
		uv_unref((uv_handle_t *)&peer->tcp);
		addresses[i].address = harness_address("127.0.0.1");
		addresses[i].port = peer->port;
	}
	servers.count = count;
	struct resolver_options options = {.servers = addresses,
		.n_servers = count,
		.timeout_ms = timeout_ms,
		.attempts = 1};
	assert_int_equal(resolver_open(&h->loop, &options, &servers.resolver), 0);
	h->env.resolver = servers.resolver;
}

static void close_servers(void)
{
	resolver_close(servers.resolver, NULL, NULL);
	for (size_t i = 0; i < servers.count; i++)
		dns_peer_close(&servers.peers[i]);
}

static const void *parse(const char *argument)
{
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error = NULL;
	assert_true(dns_probe_ops.conf_size <= sizeof conf);
	memset(conf, 0, sizeof conf);
	assert_true(dns_probe_ops.parse(
		argument, NULL, conf, canonical, sizeof canonical, &error));
	return conf;
}

/* --- the contract --- */

static void open_peer(struct contract *c, enum contract_peer peer)
{
	/* A query outlives its run: here the loop waits for it. */
	open_servers(c->h, 2, peer == PEER_SILENT ? 300 : 5000);
	for (size_t i = 0; i < 2; i++) {
		if (peer == PEER_ANSWERS) {
			dns_peer_answer(&servers.peers[i], "peer", DNS_TYPE_A,
				"10.0.0.1,10.0.0.2");
		} else if (peer == PEER_REFUSES) {
			dns_peer_rcode(&servers.peers[i], "peer", DNS_TYPE_A,
				DNS_RCODE_REFUSED);
			dns_peer_rcode(&servers.peers[i], "peer", DNS_TYPE_AAAA,
				DNS_RCODE_REFUSED);
		} else {
			servers.peers[i].deaf = true;
		}
	}
	c->spec.ops = &dns_probe_ops;
	c->spec.conf = parse(NULL);
}

static void close_peer(struct contract *c)
{
	(void)c;
	close_servers();
}

static const struct contract_kind kind = {
	.open_peer = open_peer,
	.close_peer = close_peer,
	.answers = {STATE_OPEN, REASON_RESOLVED},
	.refuses = {STATE_UNRESOLVED, REASON_REFUSED},
	.silent = {STATE_UNRESOLVED, REASON_DNS_TIMEOUT},
	.without_descriptors = REASON_NO_DESCRIPTOR,
};

/* --- what it finds --- */

struct scene {
	struct harness *h;
	struct probe_spec spec;
	struct harness_run at;
	json_t *evidence;
};

static struct scene scene;

static int set_up(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof scene);
	scene.h = harness_new();
	scene.spec = (struct probe_spec){.ops = &dns_probe_ops,
		.timeout_ms = 2000,
		.attempts = 1,
		.window = 1,
		.target.host = HOST};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	json_decref(scene.evidence);
	harness_run_fini(&scene.at);
	close_servers();
	harness_free(scene.h);
	return 0;
}

static void look(const char *argument)
{
	json_decref(scene.evidence);
	harness_run_fini(&scene.at);
	scene.spec.conf = parse(argument);
	scene.at = harness_run_one(scene.h, &scene.spec);
	scene.evidence = scene.at.result.evidence
				 ? json_loads(scene.at.result.evidence, 0, NULL)
				 : NULL;
}

static void assert_seen(enum probe_state state, enum probe_reason reason)
{
	assert_result(&scene.at, state, reason, PHASE_DNS);
}

/* What the evidence says of a server: a string, or the JSON text of a list. */
static void assert_said(size_t server, const char *key, const char *wanted)
{
	json_t *entry =
		json_array_get(json_object_get(scene.evidence, "servers"), server);
	json_t *value = json_object_get(entry, key);
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	assert_non_null(text);
	assert_string_equal(text, wanted);
	free(text);
}

static void declare(struct net_address *address, const char *text)
{
	*address = harness_address(text);
	scene.spec.target.declared = address;
	scene.spec.target.n_declared = 1;
}

static void a_name_that_all_servers_resolve_alike_is_open(void **state)
{
	(void)state;
	open_servers(scene.h, 2, 1000);
	for (int i = 0; i < 2; i++) {
		dns_peer_answer(&servers.peers[i], HOST, DNS_TYPE_A,
			i ? "10.0.0.1,10.0.0.2" : "10.0.0.2,10.0.0.1");
		dns_peer_answer(&servers.peers[i], HOST, DNS_TYPE_AAAA, "2001:db8::1");
	}
	look(NULL);
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	assert_true(scene.at.result.rtt_us > 0);
	assert_said(0, "reason", "\"resolved\"");
	assert_said(0, "rcode", "\"NOERROR\"");
	assert_said(0, "addresses", "[\"10.0.0.1\",\"10.0.0.2\",\"2001:db8::1\"]");
	assert_said(1, "addresses", "[\"10.0.0.1\",\"10.0.0.2\",\"2001:db8::1\"]");
	char wanted[64];
	snprintf(wanted, sizeof wanted, "\"127.0.0.1:%u\"", servers.peers[1].port);
	assert_said(1, "server", wanted);
	assert_string_equal(
		json_string_value(json_object_get(scene.evidence, "name")), HOST);
	assert_null(json_object_get(scene.evidence, "declared"));
}

static void a_name_that_one_server_lacks_is_a_disagreement_that_names_it(void **state)
{
	(void)state;
	open_servers(scene.h, 2, 1000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1");
	look(NULL);
	assert_seen(STATE_FAILED, REASON_DNS_DISAGREE);
	assert_said(0, "reason", "\"resolved\"");
	assert_said(1, "reason", "\"nxdomain\"");
	assert_said(1, "rcode", "\"NXDOMAIN\"");
}

static void different_addresses_are_a_disagreement(void **state)
{
	(void)state;
	open_servers(scene.h, 2, 1000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1");
	dns_peer_answer(&servers.peers[1], HOST, DNS_TYPE_A, "10.0.0.2");
	look(NULL);
	assert_seen(STATE_FAILED, REASON_DNS_DISAGREE);
}

static void one_silent_server_leaves_the_name_unresolved_and_is_named(void **state)
{
	(void)state;
	open_servers(scene.h, 2, 30);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1");
	servers.peers[1].deaf = true;
	look(NULL);
	assert_seen(STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_said(0, "addresses", "[\"10.0.0.1\"]");
	assert_said(1, "reason", "\"dns-timeout\"");
}

static void the_deadline_keeps_what_was_heard(void **state)
{
	(void)state;
	open_servers(scene.h, 2, 60000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1");
	servers.peers[1].deaf = true;
	scene.spec.timeout_ms = 50;
	/* The detached queries would keep the loop for a minute. */
	scene.spec.conf = parse(NULL);
	harness_start(scene.h, &scene.spec, &scene.at);
	while (scene.at.dones == 0)
		uv_run(&scene.h->loop, UV_RUN_ONCE);
	scene.evidence = json_loads(scene.at.result.evidence, 0, NULL);
	assert_seen(STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_said(0, "reason", "\"resolved\"");
	assert_said(1, "reason", "\"dns-timeout\"");
	/* Silence has no round trip. */
	assert_in_range(scene.at.result.rtt_us, 1, 49999);
}

static void a_closed_port_is_a_silent_server_with_the_error_told(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 1000);
	dns_peer_close(&servers.peers[0]);
	servers.count = 0;
	uv_run(&scene.h->loop, UV_RUN_NOWAIT);
	look(NULL);
	assert_seen(STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_said(0, "error", "\"ECONNREFUSED\"");
}

static void half_an_answer_leaves_the_name_unresolved(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 1000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1");
	dns_peer_rcode(&servers.peers[0], HOST, DNS_TYPE_AAAA, DNS_RCODE_SERVFAIL);
	look(NULL);
	assert_seen(STATE_UNRESOLVED, REASON_SERVFAIL);
	assert_said(0, "addresses", "[\"10.0.0.1\"]");
	assert_said(0, "rcode", "\"SERVFAIL\"");
}

static void another_address_than_declared_is_a_mismatch(void **state)
{
	struct net_address declared;
	(void)state;
	open_servers(scene.h, 1, 1000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1");
	declare(&declared, "10.0.0.1");
	look(NULL);
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	declare(&declared, "10.0.0.2");
	look(NULL);
	assert_seen(STATE_FAILED, REASON_DNS_MISMATCH);
	char *text = json_dumps(json_object_get(scene.evidence, "declared"), 0);
	assert_string_equal(text, "[\"10.0.0.2\"]");
	free(text);
}

static void a_truncated_answer_is_fetched_over_tcp(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 1000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1,10.0.0.2")
		->truncate = true;
	look(NULL);
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	assert_said(0, "addresses", "[\"10.0.0.1\",\"10.0.0.2\"]");
	assert_int_equal(servers.peers[0].n_tcp, 1);
}

static void nonsense_is_malformed(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 1000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, NULL)->garble = true;
	look(NULL);
	assert_seen(STATE_UNRESOLVED, REASON_DNS_MALFORMED);
}

static void an_address_is_not_a_name(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 1000);
	scene.spec.target.host = "10.0.0.1";
	look(NULL);
	assert_seen(STATE_UNRESOLVED, REASON_NOT_A_NAME);
	look("PTR");
	assert_seen(STATE_UNRESOLVED, REASON_NOT_A_NAME);
	assert_int_equal(servers.peers[0].n_udp, 0);
}

static void pointers_of_resolved_addresses_must_name_the_host(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 1000);
	struct dns_peer *peer = &servers.peers[0];
	dns_peer_answer(peer, HOST, DNS_TYPE_A, "10.0.0.1,10.0.0.2");
	dns_peer_answer(peer, "1.0.0.10.in-addr.arpa", DNS_TYPE_PTR, HOST);
	struct dns_peer_rule *second = dns_peer_answer(
		peer, "2.0.0.10.in-addr.arpa", DNS_TYPE_PTR, "x.example," HOST);
	look("PTR");
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	second->records = "x.example";
	look("PTR");
	assert_seen(STATE_FAILED, REASON_PTR_MISMATCH);
	json_t *entry = json_array_get(json_object_get(scene.evidence, "servers"), 0);
	json_t *pointer = json_array_get(json_object_get(entry, "pointers"), 1);
	assert_string_equal(
		json_string_value(json_object_get(pointer, "address")), "10.0.0.2");
	assert_string_equal(
		json_string_value(json_array_get(json_object_get(pointer, "names"), 0)),
		"x.example");
	second->name = "elsewhere.example";
	look("PTR");
	assert_seen(STATE_FAILED, REASON_PTR_MISMATCH);
}

static void pointers_of_declared_addresses_need_no_forward_name(void **state)
{
	struct net_address declared;
	(void)state;
	open_servers(scene.h, 1, 1000);
	declare(&declared, "2001:db8::1");
	dns_peer_answer(&servers.peers[0],
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
		".ip6.arpa",
		DNS_TYPE_PTR, HOST);
	look("ptr");
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	assert_int_equal(servers.peers[0].n_udp, 1);
	declare(&declared, "10.9.9.9");
	look("PTR");
	assert_seen(STATE_UNRESOLVED, REASON_NXDOMAIN);
}

/* An inventory may give a host any number of them. */
static void pointers_of_the_first_addresses_are_asked(void **state)
{
	struct net_address declared[DNS_MAX_RECORDS + 5];
	(void)state;
	open_servers(scene.h, 1, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(declared); i++) {
		declared[i] = harness_address("10.0.0.1");
		declared[i].bytes[3] = (uint8_t)i;
	}
	scene.spec.target.declared = declared;
	scene.spec.target.n_declared = ARRAY_SIZE(declared);
	look("PTR");
	assert_seen(STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_int_equal(servers.peers[0].n_udp, DNS_MAX_RECORDS);
}

static void pointers_of_a_name_without_address_are_not_asked(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 1000);
	look("PTR");
	assert_seen(STATE_UNRESOLVED, REASON_NXDOMAIN);
	assert_said(0, "reason", "\"nxdomain\"");
}

static void services_must_be_the_same_everywhere(void **state)
{
	static const char name[] = "_ldap._tcp.corp.example";
	(void)state;
	open_servers(scene.h, 2, 1000);
	dns_peer_answer(&servers.peers[0], name, DNS_TYPE_SRV,
		"10 5 389 dc2.corp.example,0 100 389 dc1.corp.example");
	struct dns_peer_rule *second = dns_peer_answer(&servers.peers[1], name,
		DNS_TYPE_SRV, "0 100 389 dc1.corp.example,10 5 389 dc2.corp.example");
	look("SRV:_LDAP._tcp.corp.example.");
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	assert_said(0, "services",
		"[{\"priority\":0,\"weight\":100,\"port\":389,"
		"\"target\":\"dc1.corp.example\"},"
		"{\"priority\":10,\"weight\":5,\"port\":389,"
		"\"target\":\"dc2.corp.example\"}]");
	second->records = "0 100 636 dc1.corp.example,10 5 389 dc2.corp.example";
	look("SRV:_ldap._tcp.corp.example");
	assert_seen(STATE_FAILED, REASON_DNS_DISAGREE);
	look("SRV:_none._tcp.corp.example");
	assert_seen(STATE_UNRESOLVED, REASON_NXDOMAIN);
}

static void evidence_is_bounded(void **state)
{
	static char names[32][250];
	static char records[32 * 251], addresses[32 * 12], pointers[32][40];
	(void)state;
	open_servers(scene.h, 3, 2000);
	for (int i = 0; i < 32; i++) {
		memset(names[i], 'a' + i % 26, sizeof names[i] - 1);
		for (size_t dot = 60; dot <= 240; dot += 60)
			names[i][dot] = '.';
		names[i][0] = (char)('a' + i / 26);
		sprintf(records + strlen(records), "%s,", names[i]);
		sprintf(addresses + strlen(addresses), "10.0.0.%d,", i + 1);
		sprintf(pointers[i], "%d.0.0.10.in-addr.arpa", i + 1);
	}
	for (int s = 0; s < 3; s++) {
		struct dns_peer *peer = &servers.peers[s];
		dns_peer_answer(peer, HOST, DNS_TYPE_A, addresses)->truncate = true;
		for (int i = 0; i < 32; i++)
			dns_peer_answer(peer, pointers[i], DNS_TYPE_PTR, records)
				->truncate = true;
	}
	look("PTR");
	assert_seen(STATE_FAILED, REASON_PTR_MISMATCH);
	assert_true(strlen(scene.at.result.evidence) < 200000);
	assert_said(2, "more", "true");
}

static void reads_its_arguments(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {{NULL, ""}, {"ptr", "PTR"}, {"PTR", "PTR"},
		{"srv:_X._tcp.Corp.Example.", "SRV:_x._tcp.corp.example"}};
	static const char *const wrong[] = {
		"A", "SRV", "SRV:", "PTR:", "SRV:a..b", "53"};
	char canonical[PROBE_ARGUMENT_MAX];
	const char *error = NULL;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(dns_probe_ops.parse(cases[i].text, NULL, conf, canonical,
			sizeof canonical, &error));
		assert_string_equal(canonical, cases[i].canonical);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		error = NULL;
		assert_false(dns_probe_ops.parse(
			wrong[i], NULL, conf, canonical, sizeof canonical, &error));
		assert_non_null(error);
	}
}

/* --- with the system's configuration --- */

static void short_names_follow_the_search_list(void **state)
{
	char path[] = "/tmp/reachd.test.XXXXXX";
	static const char text[] = "nameserver 127.0.0.1\nsearch a.example b.example\n";
	(void)state;
	open_servers(scene.h, 1, 1000);
	resolver_close(servers.resolver, NULL, NULL);
	int fd = mkstemp(path);
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	struct resolver_options options = {.timeout_ms = 1000,
		.attempts = 1,
		.resolv_conf = path,
		.hosts_file = "/dev/null",
		.system_port = servers.peers[0].port};
	assert_int_equal(resolver_open(&scene.h->loop, &options, &servers.resolver), 0);
	unlink(path);
	scene.h->env.resolver = servers.resolver;
	scene.spec.target.host = "rdls01";
	dns_peer_answer(&servers.peers[0], "rdls01.b.example", DNS_TYPE_A, "10.0.0.1");
	look(NULL);
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	assert_string_equal(json_string_value(json_object_get(scene.evidence, "name")),
		"rdls01.b.example");
	scene.spec.target.host = "rdls02";
	look(NULL);
	assert_seen(STATE_UNRESOLVED, REASON_NXDOMAIN);
	/* What exists without an address is no-data, wherever in the list. */
	dns_peer_answer(&servers.peers[0], "rdls02.a.example", DNS_TYPE_PTR, NULL);
	look(NULL);
	assert_seen(STATE_UNRESOLVED, REASON_NO_DATA);
}

/* --- a loop that was busy elsewhere --- */

/* One run whose server has answered both questions and whose time is up before the loop
 * looks at the answers. False: this machine was slow, and the resolver's own tick, 20
 * ms after the questions, may have looked. */
static bool try_late(void)
{
	unsigned wanted = servers.peers[0].n_udp + 2;
	uint64_t begin = uv_hrtime(), late;

	harness_run_fini(&scene.at);
	memset(&scene.at, 0, sizeof scene.at);
	harness_start(scene.h, &scene.spec, &scene.at);
	while (servers.peers[0].n_udp < wanted && scene.at.dones == 0)
		uv_run(&scene.h->loop, UV_RUN_NOWAIT);
	while (uv_hrtime() - begin < 12 * 1000000)
		;
	late = uv_hrtime() - begin;
	while (scene.at.dones == 0)
		uv_run(&scene.h->loop, UV_RUN_ONCE);
	return late < 17 * 1000000;
}

static void look_late(void)
{
	unsigned tries = 0;

	scene.spec.timeout_ms = 10;
	scene.spec.conf = parse(NULL);
	while (!try_late())
		assert_true(++tries < 500);
	scene.evidence = json_loads(scene.at.result.evidence, 0, NULL);
}

static void answers_that_lie_unread_count(void **state)
{
	(void)state;
	open_servers(scene.h, 1, 60000);
	dns_peer_answer(&servers.peers[0], HOST, DNS_TYPE_A, "10.0.0.1");
	look_late();
	assert_seen(STATE_OPEN, REASON_RESOLVED);
	assert_said(0, "addresses", "[\"10.0.0.1\"]");
}

/* The name may be the next one of the list, which nobody was asked for. */
static void a_search_list_that_is_cut_is_no_missing_name(void **state)
{
	char path[] = "/tmp/reachd-resolv.XXXXXX";
	int fd = mkstemp(path);
	struct dns_peer *peer = &servers.peers[0];
	struct resolver_options options = {.timeout_ms = 60000,
		.attempts = 1,
		.resolv_conf = path,
		.hosts_file = "/dev/null"};

	(void)state;
	assert_true(fd >= 0);
	assert_true(
		dprintf(fd, "nameserver 127.0.0.1\nsearch a.example b.example\n") > 0);
	close(fd);
	memset(&servers, 0, sizeof servers);
	dns_peer_open(peer, &scene.h->loop);
	uv_unref((uv_handle_t *)&peer->udp);
	uv_unref((uv_handle_t *)&peer->tcp);
	servers.count = 1;
	options.system_port = peer->port;
	assert_int_equal(resolver_open(&scene.h->loop, &options, &servers.resolver), 0);
	scene.h->env.resolver = servers.resolver;
	dns_peer_answer(peer, "short.b.example", DNS_TYPE_A, "10.0.0.1");
	scene.spec.target.host = "short";
	look_late();
	unlink(path);
	assert_seen(STATE_UNRESOLVED, REASON_DNS_TIMEOUT);
	assert_said(0, "reason", "\"nxdomain\"");
	assert_string_equal(json_string_value(json_object_get(scene.evidence, "name")),
		"short.a.example");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONTRACT_TESTS("dns: ", &kind),
		TEST(a_name_that_all_servers_resolve_alike_is_open),
		TEST(a_name_that_one_server_lacks_is_a_disagreement_that_names_it),
		TEST(different_addresses_are_a_disagreement),
		TEST(one_silent_server_leaves_the_name_unresolved_and_is_named),
		TEST(the_deadline_keeps_what_was_heard),
		TEST(a_closed_port_is_a_silent_server_with_the_error_told),
		TEST(half_an_answer_leaves_the_name_unresolved),
		TEST(another_address_than_declared_is_a_mismatch),
		TEST(a_truncated_answer_is_fetched_over_tcp),
		TEST(nonsense_is_malformed),
		TEST(an_address_is_not_a_name),
		TEST(pointers_of_resolved_addresses_must_name_the_host),
		TEST(pointers_of_declared_addresses_need_no_forward_name),
		TEST(pointers_of_the_first_addresses_are_asked),
		TEST(pointers_of_a_name_without_address_are_not_asked),
		TEST(services_must_be_the_same_everywhere),
		TEST(evidence_is_bounded),
		cmocka_unit_test(reads_its_arguments),
		TEST(short_names_follow_the_search_list),
		TEST(answers_that_lie_unread_count),
		TEST(a_search_list_that_is_cut_is_no_missing_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
