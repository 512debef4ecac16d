/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a test of a probe needs: a loop, what the engine would lend (slots are granted
 * from the loop, one after the other), and peers on loopback. Header only; include the
 * four headers that cmocka.h wants first.
 */
#ifndef TESTS_PROBES_HARNESS_H
#define TESTS_PROBES_HARNESS_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/size.h"
#include "probes/run.h"

#define HARNESS_WANTS 65536

struct harness {
	struct probe_env env;
	uv_loop_t loop;
	struct deadline_set deadlines;
	uv_idle_t granter;
	bool says_again;                        /* what env->again answers */
	bool holds_back;                        /* grant nothing for now */
	struct probe_run *wants[HARNESS_WANTS]; /* NULL: its run is gone */
	size_t first_want, n_wants;
	unsigned started, finished;
	unsigned granted, released; /* slots, the first of each run included */
	unsigned in_use, most_in_use;
};

static inline struct harness *harness_of(struct probe_env *env)
{
	return CONTAINER_OF(env, struct harness, env);
}

static inline void harness_count_grant(struct harness *h)
{
	h->granted++;
	if (++h->in_use > h->most_in_use)
		h->most_in_use = h->in_use;
}

static inline void harness_on_idle(uv_idle_t *idle)
{
	struct harness *h = idle->data;
	if (h->first_want == h->n_wants) {
		h->first_want = h->n_wants = 0;
		uv_idle_stop(idle);
		return;
	}
	if (h->holds_back)
		return;
	/* Only those asked for before: a grant asks for more. */
	for (size_t end = h->n_wants; h->first_want < end;) {
		struct probe_run *run = h->wants[h->first_want++];
		if (!run)
			continue;
		harness_count_grant(h);
		probe_run_grant(run);
	}
}

static inline void harness_want(struct probe_env *env, struct probe_run *run)
{
	struct harness *h = harness_of(env);
	assert_true(h->n_wants < HARNESS_WANTS);
	h->wants[h->n_wants++] = run;
	uv_idle_start(&h->granter, harness_on_idle);
}

static inline void harness_release(struct probe_env *env, struct probe_run *run)
{
	struct harness *h = harness_of(env);
	(void)run;
	assert_true(h->in_use > 0);
	h->in_use--;
	h->released++;
}

static inline bool harness_again(struct probe_env *env, struct probe_run *run)
{
	(void)run;
	return harness_of(env)->says_again;
}

/* Zeroed memory in, a loop ready for runs out. */
static inline void harness_open(struct harness *h)
{
	assert_int_equal(uv_loop_init(&h->loop), 0);
	deadline_set_init(&h->deadlines, &h->loop);
	uv_idle_init(&h->loop, &h->granter);
	h->granter.data = h;
	h->says_again = true;
	h->env = (struct probe_env){
		.loop = &h->loop,
		.deadlines = &h->deadlines,
		.want = harness_want,
		.release = harness_release,
		.again = harness_again,
	};
}

static inline struct harness *harness_new(void)
{
	struct harness *h = calloc(1, sizeof *h);
	assert_non_null(h);
	harness_open(h);
	return h;
}

/* Everything that was started has ended, every slot came back, nothing is left open. */
static inline void harness_free(struct harness *h)
{
	assert_int_equal(h->finished, h->started);
	assert_int_equal(h->released, h->granted);
	assert_int_equal(h->in_use, 0);
	uv_close((uv_handle_t *)&h->granter, NULL);
	deadline_set_close(&h->deadlines);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&h->loop), 0);
	free(h);
}

/* Where one run ended. Copy of the result; its strings are the test's to free. */
struct harness_run {
	struct harness *harness;
	struct probe_run *run; /* NULL once done */
	struct probe_result result;
	unsigned dones;
	void (*then)(struct harness_run *at); /* called from done; may be NULL */
	void *data;
};

static inline void harness_on_done(struct probe_run *run, void *data)
{
	struct harness_run *at = data;
	struct harness *h = at->harness;
	for (size_t i = h->first_want; i < h->n_wants; i++)
		if (h->wants[i] == run)
			h->wants[i] = NULL;
	at->result = run->result;
	run->result.evidence = NULL;
	run->result.identity = NULL;
	at->run = NULL;
	at->dones++;
	h->finished++;
	if (at->then)
		at->then(at);
}

static inline void harness_start(
	struct harness *h, const struct probe_spec *spec, struct harness_run *at)
{
	at->harness = h;
	h->started++;
	harness_count_grant(h);
	assert_int_equal(
		probe_run_start(&h->env, spec, harness_on_done, at, &at->run), 0);
	/* done() never runs inside start. */
	assert_non_null(at->run);
}

static inline void harness_run_fini(struct harness_run *at)
{
	free(at->result.evidence);
	free(at->result.identity);
	at->result.evidence = NULL;
	at->result.identity = NULL;
}

static inline void harness_until_idle(struct harness *h)
{
	uv_run(&h->loop, UV_RUN_DEFAULT);
}

/* Starts one run and sees it through. */
static inline struct harness_run harness_run_one(
	struct harness *h, const struct probe_spec *spec)
{
	struct harness_run at = {0};
	harness_start(h, spec, &at);
	harness_until_idle(h);
	assert_int_equal(at.dones, 1);
	return at;
}

static inline void assert_result(const struct harness_run *at, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase)
{
	assert_string_equal(
		probe_state_word(at->result.state), probe_state_word(state));
	assert_string_equal(
		probe_reason_word(at->result.reason), probe_reason_word(reason));
	assert_string_equal(
		probe_phase_word(at->result.phase), probe_phase_word(phase));
}

/* --- peers on loopback --- */

static inline struct net_address harness_address(const char *text)
{
	struct net_address address;
	assert_true(net_address_parse(text, &address));
	return address;
}

/* A bound socket; port 0 picks one, *port says which. */
static inline int harness_bind(const char *text, uint16_t *port)
{
	struct net_address address = harness_address(text);
	struct sockaddr_storage ss;
	socklen_t length = net_address_to_sockaddr(&address, *port, &ss);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	const int on = 1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&ss, length) < 0) {
		close(fd);
		return -1;
	}
	length = sizeof ss;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &length), 0);
	*port = ntohs(((struct sockaddr_in *)&ss)->sin_port);
	return fd;
}

/* Accepts in the kernel, whatever the test does. */
static inline int harness_listen(const char *text, uint16_t *port)
{
	int fd = harness_bind(text, port);
	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 1024), 0);
	return fd;
}

/* A port where nobody listens and nobody else can: bound, and thus answered by RST. */
static inline int harness_refuse(const char *text, uint16_t *port)
{
	int fd = harness_bind(text, port);
	assert_true(fd >= 0);
	return fd;
}

/*
 * A port that never answers: the kernel drops the SYN for a listener whose backlog of
 * none is filled by one connection. *filler is that connection.
 */
static inline int harness_silence(const char *text, uint16_t *port, int *filler)
{
	struct net_address address = harness_address(text);
	struct sockaddr_storage ss;
	int fd = harness_bind(text, port);
	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 0), 0);
	socklen_t length = net_address_to_sockaddr(&address, *port, &ss);
	*filler = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(*filler >= 0);
	assert_int_equal(connect(*filler, (struct sockaddr *)&ss, length), 0);
	return fd;
}

/* No descriptor can be opened until the limit is put back with harness_limit_back(). */
static inline void harness_limit_files(unsigned more, struct rlimit *saved)
{
	int lowest = dup(0);
	assert_true(lowest >= 0);
	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, saved), 0);
	struct rlimit limit = *saved;
	limit.rlim_cur = (rlim_t)lowest + more;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static inline void harness_limit_back(const struct rlimit *saved)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, saved), 0);
}

#endif
