/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/run.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/size.h"

static void finish(struct probe_run *run)
{
	for (; run->slots > 0; run->slots--)
		run->env->release(run->env, run);
	if (run->spec.ops->fini)
		run->spec.ops->fini(run);
	run->done(run, run->data);
	free(run->result.evidence);
	free(run->result.identity);
	free(run);
}

static void on_handle_closed(uv_handle_t *uv_handle)
{
	struct probe_handle *handle =
		CONTAINER_OF(uv_handle, struct probe_handle, handle);
	struct probe_run *run = handle->run;

	list_remove(&handle->node);
	run->n_handles--;
	if (!run->settled && handle->closed)
		handle->closed(handle);
	if (run->settled && run->n_handles == 0 && !run->finishing)
		finish(run);
}

static void on_ending_closed(uv_handle_t *uv_handle)
{
	finish(CONTAINER_OF(uv_handle, struct probe_run, ending));
}

/*
 * Settled and nothing left to close: a timer that is closed at once makes the loop call
 * back, so that done() never runs inside the call that settles.
 */
static void finish_from_loop(struct probe_run *run)
{
	run->finishing = true;
	uv_timer_init(run->env->loop, &run->ending);
	uv_close((uv_handle_t *)&run->ending, on_ending_closed);
}

static void close_handle(struct probe_handle *handle)
{
	if (handle->closing)
		return;
	handle->closing = true;
	uv_close(&handle->handle, on_handle_closed);
}

static void close_handles(struct probe_run *run)
{
	struct list *node = run->handles.next;
	for (; node != &run->handles; node = node->next)
		close_handle(CONTAINER_OF(node, struct probe_handle, node));
}

void probe_run_hold(struct probe_run *run, struct probe_handle *handle)
{
	handle->run = run;
	handle->closed = NULL;
	handle->closing = false;
	handle->handle.data = handle;
	list_append(&run->handles, &handle->node);
	run->n_handles++;
	/* start() may go on for a while after something in it settled the run. */
	if (run->settled)
		close_handle(handle);
}

void probe_run_drop(struct probe_run *run, struct probe_handle *handle,
	void (*closed)(struct probe_handle *handle))
{
	assert(handle->run == run);
	if (run->settled)
		return;
	handle->closed = closed;
	close_handle(handle);
}

void probe_run_settle(struct probe_run *run, enum probe_state state,
	enum probe_reason reason, enum probe_phase phase)
{
	if (run->settled)
		return;
	run->settled = true;
	run->result.state = state;
	run->result.reason = reason;
	run->result.phase = phase;
	deadline_disarm(&run->deadline);
	if (run->spec.ops->stop)
		run->spec.ops->stop(run);
	if (run->n_handles > 0)
		close_handles(run);
	else if (!run->starting)
		finish_from_loop(run);
}

enum probe_reason probe_reason_from_code(int uv_code)
{
	switch (uv_code) {
	case UV_EMFILE:
	case UV_ENFILE:
		return REASON_NO_DESCRIPTOR;
	case UV_EADDRNOTAVAIL:
		return REASON_NO_PORT;
	case UV_ENOBUFS:
		return REASON_NO_BUFFERS;
	case UV_ENOMEM:
		return REASON_NO_MEMORY;
	case UV_ENETUNREACH:
	case UV_EHOSTUNREACH:
		return REASON_NO_ROUTE;
	case UV_EACCES:
	case UV_EPERM:
		return REASON_LOCAL_FIREWALL;
	case UV_EAFNOSUPPORT:
	case UV_EPROTONOSUPPORT:
		return REASON_NO_FAMILY;
	case UV_ECANCELED:
		return REASON_CANCELLED;
	default:
		return REASON_LOCAL_ERROR;
	}
}

/* The reason is a class; the code behind it goes into the evidence. */
static void note_code(struct probe_run *run, int uv_code)
{
	char name[32], text[64];
	if (run->result.evidence)
		return;
	uv_err_name_r(uv_code, name, sizeof name);
	snprintf(text, sizeof text, "{\"errno\":\"%s\"}", name);
	run->result.evidence = strdup(text); /* no memory: no evidence */
}

void probe_run_settle_local(struct probe_run *run, int uv_code, enum probe_phase phase)
{
	if (run->settled)
		return;
	note_code(run, uv_code);
	probe_run_settle(run, STATE_ERROR, probe_reason_from_code(uv_code), phase);
}

static void on_deadline(struct deadline *deadline)
{
	struct probe_run *run = CONTAINER_OF(deadline, struct probe_run, deadline);
	if (run->spec.ops->expired)
		run->spec.ops->expired(run);
	else
		probe_run_settle(run, STATE_FILTERED, REASON_TIMEOUT, run->phase);
}

/* Each connection of a kind that is not paced has the whole time limit. */
static int arm_deadline(struct probe_run *run)
{
	return deadline_arm(
		run->env->deadlines, &run->deadline, run->spec.timeout_ms, on_deadline);
}

int probe_run_start(struct probe_env *env, const struct probe_spec *spec,
	probe_done_fn done, void *data, struct probe_run **out)
{
	assert(spec->ops->run_size >= sizeof(struct probe_run));
	struct probe_run *run = calloc(1, spec->ops->run_size);
	if (!run)
		return -ENOMEM;
	run->spec = *spec;
	run->env = env;
	run->done = done;
	run->data = data;
	run->slots = 1;
	run->started_us = clock_monotonic_us();
	list_init(&run->handles);
	deadline_init(&run->deadline);
	bool paced = spec->ops->flags & PROBE_PACED;
	run->result.attempts = paced ? 0 : 1;
	if (!paced && arm_deadline(run) < 0) {
		free(run);
		return -ENOMEM;
	}

	run->starting = true;
	int rc = spec->ops->start(run);
	run->starting = false;
	if (rc < 0)
		probe_run_settle_local(run, rc, run->phase);
	/* A run that settled itself inside start() before it held anything. */
	if (run->settled && run->n_handles == 0 && !run->finishing)
		finish_from_loop(run);
	*out = run;
	return 0;
}

void probe_run_cancel(struct probe_run *run)
{
	probe_run_settle(run, STATE_ERROR, REASON_CANCELLED, run->phase);
}

void probe_run_want(struct probe_run *run)
{
	if (run->settled)
		return;
	run->wants++;
	run->env->want(run->env, run);
}

void probe_run_grant(struct probe_run *run)
{
	assert(run->wants > 0);
	run->wants--;
	run->slots++;
	/* A run that has settled gives it back when it finishes. */
	if (run->settled)
		return;
	if (!(run->spec.ops->flags & PROBE_PACED) && arm_deadline(run) < 0)
		probe_run_settle_local(run, UV_ENOMEM, run->phase);
	else
		run->spec.ops->grant(run);
}

void probe_run_release(struct probe_run *run)
{
	if (run->settled)
		return;
	assert(run->slots > 0);
	run->slots--;
	run->env->release(run->env, run);
}

bool probe_run_again(struct probe_run *run)
{
	return !run->settled && run->env->again && run->env->again(run->env, run);
}

bool probe_run_next(struct probe_run *run)
{
	if (run->settled)
		return false;
	if (!probe_run_again(run)) {
		deadline_disarm(&run->deadline);
		probe_run_release(run);
		probe_run_want(run);
		return false;
	}
	if (arm_deadline(run) == 0)
		return true;
	probe_run_settle_local(run, UV_ENOMEM, run->phase);
	return false;
}

void probe_run_extend(struct probe_run *run)
{
	if (!run->settled && arm_deadline(run) < 0)
		probe_run_settle_local(run, UV_ENOMEM, run->phase);
}

void probe_run_tell(
	struct probe_run *run, enum probe_phase phase, const char *format, ...)
{
	char text[256];
	va_list arguments;
	if (!run->env->tell || run->settled)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	run->env->tell(run->env, run, phase, text);
}
