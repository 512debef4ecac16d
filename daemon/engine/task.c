/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/engine/task.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

enum {
	FIRST_BACKOFF_MS = 200,
	LAST_BACKOFF_MS = 5000,
	FIRST_PAUSE_MS = 10,
	LAST_PAUSE_MS = 1000
};

struct task;

/* One address of a task. */
struct target {
	struct list node; /* in task_host.ready, or nowhere */
	struct task *task;
	struct probe_run *run; /* NULL between attempts */
	struct deadline backoff;
	uint64_t short_us; /* when a shortage first stopped it; 0: none did */
	uint32_t pause_ms; /* the last pause that a shortage cost it */
	uint32_t attempts; /* that reached the network */
	bool retried_local;
	bool settled;
};

struct task {
	struct list node; /* in task_set.running */
	struct task_set *set;
	struct task_host *host;
	uint32_t flow;
	uint32_t open; /* targets not settled */
	uint32_t n_targets;
	struct flow_address *seen; /* of each target; &one, or malloc'ed */
	struct flow_address one;
	char **identities; /* of each target; behind the last of them */
	struct target targets[];
};

/* ---- what happens, in lines for people ---------------------------------------- */

void task_log(const struct task_set *set, uint32_t flow, enum probe_phase phase,
	struct strbuf *text)
{
	const struct engine_options *options = set->options;

	if (text->text && !text->failed)
		options->observer(options->observer_data, flow,
			clock_monotonic_us() - set->started_us, probe_phase_word(phase),
			text->text);
	strbuf_fini(text);
}

const char *task_elapsed(uint64_t us, char out[TASK_ELAPSED_TEXT])
{
	if (us < 1000)
		snprintf(out, TASK_ELAPSED_TEXT, "%u us", (unsigned)us);
	else if (us < 1000000)
		snprintf(out, TASK_ELAPSED_TEXT, "%.1f ms", (double)us / 1e3);
	else
		snprintf(out, TASK_ELAPSED_TEXT, "%.2f s", (double)us / 1e6);
	return out;
}

static struct flow_address *seen_of(const struct target *target)
{
	return &target->task->seen[target - target->task->targets];
}

/* "127.0.0.1: attempt 2: line"; a run that repeats each connection itself is no
 * attempt. */
static void log_line(
	const struct target *target, enum probe_phase phase, const char *line)
{
	const struct task *task = target->task;
	const struct net_address *address = &seen_of(target)->address;
	char text[NET_ADDRESS_TEXT];
	struct strbuf buf;

	strbuf_init(&buf);
	if (address->family)
		strbuf_addf(
			&buf, "%s: ", net_address_format(address, text, sizeof text));
	if (!(task_check(task->set, task->flow)->ops->flags & PROBE_PACED))
		strbuf_addf(&buf, "attempt %u: ", (unsigned)target->attempts + 1);
	strbuf_adds(&buf, line);
	task_log(task->set, task->flow, phase, &buf);
}

static void on_line(struct probe_env *env, struct probe_run *run,
	enum probe_phase phase, const char *line)
{
	(void)env;
	log_line(run->data, phase, line);
}

static void log_attempt(const struct target *target, const struct probe_run *run)
{
	const struct probe_result *result = &run->result;
	char elapsed[TASK_ELAPSED_TEXT], line[128];

	snprintf(line, sizeof line, "%s, %s after %s", probe_state_word(result->state),
		probe_reason_word(result->reason),
		task_elapsed(result->rtt_us ? result->rtt_us
					    : clock_monotonic_us() - run->started_us,
			elapsed));
	log_line(target, result->phase, line);
}

/* ---- the end of a task --------------------------------------------------------- */

/* Milliseconds since the scan began, of which this may not be the first run. */
static uint32_t now_ms(const struct task_set *set)
{
	uint64_t ms = (clock_monotonic_us() - set->results->started_us) / 1000;

	return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

void task_settle(struct task_set *set, uint32_t flow, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase)
{
	set->results->flows[flow] = (struct flow_result){
		.state = (uint8_t)state,
		.reason = (uint8_t)reason,
		.phase = (uint8_t)phase,
		.at_ms = now_ms(set),
	};
	set->settled++;
}

/* One target less is open; the last one ends the task. */
static void task_put(struct task *task)
{
	struct task_set *set = task->set;
	struct flow_result *result = &set->results->flows[task->flow];

	if (--task->open > 0)
		return;
	results_fold(task->seen, task->identities, task->n_targets,
		plan_flow_by_path(set->plan, task->flow), result);
	result->at_ms = now_ms(set);
	set->settled++;
	if (task_check(set, task->flow)->ops->flags & PROBE_PACED)
		set->paced -= task->n_targets;
	list_remove(&task->node);
	free(task);
}

/* The task may be gone afterwards. */
static void settle(struct target *target, struct probe_result *result)
{
	struct task *task = target->task;
	unsigned flags = task_check(task->set, task->flow)->ops->flags;
	bool counts_itself = flags & (PROBE_PACED | PROBE_PER_HOST);
	uint32_t attempts = counts_itself ? result->attempts : target->attempts;
	struct flow_address *seen = seen_of(target);

	seen->state = (uint8_t)result->state;
	seen->reason = (uint8_t)result->reason;
	seen->phase = (uint8_t)result->phase;
	seen->attempts = attempts > UINT8_MAX ? UINT8_MAX : (uint8_t)attempts;
	seen->rtt_us = result->rtt_us;
	seen->evidence = result->evidence;
	task->identities[target - task->targets] = result->identity;
	result->evidence = NULL;
	result->identity = NULL;
	target->settled = true;
	task_put(task);
}

static void settle_error(struct target *target, enum probe_reason reason)
{
	struct probe_result result = {.state = STATE_ERROR, .reason = reason};

	settle(target, &result);
}

void task_cancel_all(struct task_set *set)
{
	struct list *node, *next;

	set->cancelled = true;
	for (node = set->running.next; node != &set->running; node = next) {
		struct task *task = CONTAINER_OF(node, struct task, node);
		next = node->next;
		task->open++; /* it must not end while its targets are visited */
		for (uint32_t i = 0; i < task->n_targets; i++) {
			struct target *target = &task->targets[i];
			if (target->run) {
				probe_run_cancel(target->run);
			} else if (!target->settled) {
				deadline_disarm(&target->backoff);
				list_remove(&target->node);
				settle_error(target, REASON_CANCELLED);
			}
		}
		task_put(task);
	}
}

/* ---- what follows an attempt --------------------------------------------------- */

static void on_backoff(struct deadline *deadline)
{
	struct target *target = CONTAINER_OF(deadline, struct target, backoff);
	struct task *task = target->task;

	list_append(&task->host->ready, &target->node);
	task->set->ready(task->set, task->host);
}

/* Ready again after about `ms`: a quarter more or less, so that targets that failed
 * together do not come back together; in few steps, since each length has a timer. */
static void retry_after(struct target *target, uint32_t ms)
{
	struct task_set *set = target->task->set;
	uint32_t wait = ms - ms / 4 + random_below(&set->random, 9) * ms / 16;

	/* Without memory for a timer the throttle's pause has to do. */
	if (deadline_arm(&set->deadlines, &target->backoff, wait, on_backoff) < 0)
		on_backoff(&target->backoff);
}

static uint32_t doubled(uint32_t ms, uint32_t first, uint32_t last)
{
	if (ms == 0)
		return first;
	return ms > last / 2 ? last : ms * 2;
}

static uint32_t backoff_ms(uint32_t attempts)
{
	uint32_t ms = 0;

	for (uint32_t i = 0; i < attempts && ms < LAST_BACKOFF_MS; i++)
		ms = doubled(ms, FIRST_BACKOFF_MS, LAST_BACKOFF_MS);
	return ms;
}

/* True when the target waits; false when its patience is used up. */
static bool wait_for_shortage(struct target *target, uint64_t started_us)
{
	struct task_set *set = target->task->set;
	uint64_t now_us = clock_monotonic_us();

	throttle_shortage(&set->throttle, started_us, now_us, set->pace.in_flight);
	if (target->short_us == 0)
		target->short_us = now_us;
	if (now_us - target->short_us > set->throttle.patience_us ||
		throttle_is_stuck(&set->throttle, now_us))
		return false;
	target->pause_ms = doubled(target->pause_ms, FIRST_PAUSE_MS, LAST_PAUSE_MS);
	retry_after(target, target->pause_ms);
	return true;
}

/* After an attempt of this machine's own trouble. */
static bool retry_trouble(
	struct target *target, enum probe_reason reason, uint64_t started_us)
{
	if (probe_reason_is_shortage(reason))
		return wait_for_shortage(target, started_us);
	if (target->retried_local ||
		(reason != REASON_NO_ROUTE && reason != REASON_NO_GATEWAY &&
			reason != REASON_LOCAL_FIREWALL &&
			reason != REASON_LOCAL_ERROR))
		return false;
	target->retried_local = true;
	retry_after(target, FIRST_BACKOFF_MS);
	return true;
}

/* After an attempt that reached the network. Part of a partial answer may have been
 * silence: a packet that was lost. */
static bool retry_silence(struct target *target, const struct probe_result *result)
{
	const struct task *task = target->task;
	const struct plan_check *check = task_check(task->set, task->flow);

	target->attempts++;
	target->short_us = 0;
	throttle_success(&task->set->throttle);
	if (check->ops->flags & (PROBE_PACED | PROBE_PER_HOST))
		return false;
	if (result->state != STATE_FILTERED && result->state != STATE_PARTIAL &&
		!probe_reason_is_silence(result->reason))
		return false;
	if (target->attempts >= check->attempts)
		return false;
	retry_after(target, backoff_ms(target->attempts));
	return true;
}

static void on_done(struct probe_run *run, void *data)
{
	struct target *target = data;
	struct task_set *set = target->task->set;
	struct task_host *host = target->task->host;
	bool again = false;

	list_remove(&target->node);
	target->run = NULL;
	if (set->options->observer)
		log_attempt(target, run);
	if (!set->cancelled)
		again = run->result.state == STATE_ERROR
				? retry_trouble(
					  target, run->result.reason, run->started_us)
				: retry_silence(target, &run->result);
	if (!again)
		settle(target, &run->result);
	set->ready(set, host);
}

/* ---- starting ------------------------------------------------------------------ */

static void take_slot(struct target *target)
{
	struct task_set *set = target->task->set;

	pace_take(&set->pace);
	set->connections++;
	target->task->host->slots++;
}

static void give_slot(struct target *target)
{
	target->task->host->slots--;
	pace_give(&target->task->set->pace);
}

static void start(struct target *target)
{
	struct task *task = target->task;
	struct task_set *set = task->set;
	const struct plan_check *check = task_check(set, task->flow);
	const struct plan_host *host = &set->plan->hosts[task->host->host];
	const struct net_address *address = &seen_of(target)->address;
	const struct probe_spec spec = {
		.ops = check->ops,
		.conf = check->conf,
		.target = {.host = host->name,
			.address = address->family ? address : NULL,
			.declared = host->addresses,
			.n_declared = host->n_addresses},
		.timeout_ms = check->timeout_ms,
		.attempts = check->attempts,
		.window = set->options->per_host,
	};

	take_slot(target);
	if (probe_run_start(&set->env, &spec, on_done, target, &target->run) == 0)
		return;
	give_slot(target);
	target->run = NULL;
	if (!wait_for_shortage(target, clock_monotonic_us()))
		settle_error(target, REASON_NO_MEMORY);
}

void task_serve(struct task_host *host)
{
	struct target *target = LIST_FIRST(&host->ready, struct target, node);
	struct probe_run *run = target->run;

	if (!run || run->settled || run->wants == 1)
		list_remove(&target->node);
	if (!run) {
		start(target);
	} else if (!run->settled) {
		take_slot(target);
		probe_run_grant(run);
	}
}

static struct task *task_new(uint32_t n_targets)
{
	struct task *task = calloc(1,
		sizeof *task + n_targets * (sizeof task->targets[0] + sizeof(char *)));

	if (!task)
		return NULL;
	task->open = task->n_targets = n_targets;
	task->identities = (char **)(void *)&task->targets[n_targets];
	task->seen = &task->one;
	if (n_targets > 1)
		task->seen = calloc(n_targets, sizeof *task->seen);
	if (task->seen)
		return task;
	free(task);
	return NULL;
}

void task_begin(struct task_set *set, struct task_host *host, uint32_t flow)
{
	const struct host_addresses *addresses = &set->results->hosts[host->host];
	unsigned flags = task_check(set, flow)->ops->flags;
	uint32_t count = flags & PROBE_PER_HOST ? 1 : addresses->count;
	struct task *task;

	assert(count > 0); /* a host has addresses or was looked up */
	task = task_new(count);
	if (!task) {
		task_settle(set, flow, STATE_ERROR, REASON_NO_MEMORY, PHASE_NONE);
		return;
	}
	task->set = set;
	task->host = host;
	task->flow = flow;
	list_append(&set->running, &task->node);
	for (uint32_t i = 0; i < count; i++) {
		struct target *target = &task->targets[i];
		target->task = task;
		list_init(&target->node);
		deadline_init(&target->backoff);
		if (!(flags & PROBE_PER_HOST))
			task->seen[i].address = addresses->items[i];
		if (i > 0)
			list_append(&host->ready, &target->node);
	}
	if (flags & PROBE_PACED)
		set->paced += count;
	start(&task->targets[0]);
}

/* ---- what runs ask for while they run ------------------------------------------- */

static void on_want(struct probe_env *env, struct probe_run *run)
{
	struct task_set *set = CONTAINER_OF(env, struct task_set, env);
	struct target *target = run->data;
	struct task_host *host = target->task->host;

	/* Ahead of what has not begun: the sooner a sweep ends the better. */
	if (list_empty(&target->node))
		list_append(host->ready.next, &target->node);
	set->ready(set, host);
}

static void on_release(struct probe_env *env, struct probe_run *run)
{
	struct task_set *set = CONTAINER_OF(env, struct task_set, env);
	struct target *target = run->data;

	give_slot(target);
	set->ready(set, target->task->host);
}

void task_set_init(struct task_set *set)
{
	list_init(&set->running);
	set->env.want = on_want;
	set->env.release = on_release;
	set->env.tell = set->options->observer ? on_line : NULL;
}
