/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/deadline.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"

/* Lengths keep this many steps per doubling at least, so that they grow by 1 % at most.
 */
#define STEPS 100

struct deadline_class {
	uv_timer_t timer;   /* referenced while `armed` is not empty */
	struct list armed;  /* of struct deadline, the next due first */
	uint32_t length_ms; /* rounded */
	struct deadline_class *next;
};

static uint32_t round_length(uint32_t timeout_ms)
{
	uint32_t step = 1;
	while (timeout_ms / step >= 2 * STEPS)
		step *= 2;
	uint64_t rounded = ((uint64_t)timeout_ms + step - 1) / step * step;
	return rounded > UINT32_MAX ? UINT32_MAX : (uint32_t)rounded;
}

static void on_timer(uv_timer_t *timer);

/* The loop's own idea of now may be old, so it is refreshed before it is added to. */
static void start_timer(struct deadline_class *class, uint64_t now_us)
{
	const struct deadline *first = LIST_FIRST(&class->armed, struct deadline, node);
	uint64_t left_us = first->due_us > now_us ? first->due_us - now_us : 0;
	uv_update_time(class->timer.loop);
	uv_timer_start(&class->timer, on_timer, (left_us + 999) / 1000, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct deadline_class *class = timer->data;
	/* Read once: what a callback arms anew is due later than this. */
	uint64_t now_us = clock_monotonic_us();

	while (!list_empty(&class->armed)) {
		struct deadline *first =
			LIST_FIRST(&class->armed, struct deadline, node);
		if (first->due_us > now_us)
			break;
		deadline_disarm(first);
		first->expired(first);
	}
	/* A closed class stays closed: its list is empty. */
	if (!list_empty(&class->armed))
		start_timer(class, clock_monotonic_us());
}

static struct deadline_class *class_new(struct deadline_set *set, uint32_t length_ms)
{
	struct deadline_class *class = malloc(sizeof *class);
	if (!class)
		return NULL;
	uv_timer_init(set->loop, &class->timer);
	uv_unref((uv_handle_t *)&class->timer);
	class->timer.data = class;
	list_init(&class->armed);
	class->length_ms = length_ms;
	class->next = set->classes;
	set->classes = class;
	return class;
}

/* The class of that length, moved to the front since it will be asked for again. */
static struct deadline_class *class_find(struct deadline_set *set, uint32_t length_ms)
{
	struct deadline_class **link = &set->classes;
	while (*link && (*link)->length_ms != length_ms)
		link = &(*link)->next;
	struct deadline_class *found = *link;
	if (!found || found == set->classes)
		return found;
	*link = found->next;
	found->next = set->classes;
	set->classes = found;
	return found;
}

void deadline_set_init(struct deadline_set *set, uv_loop_t *loop)
{
	set->loop = loop;
	set->classes = NULL;
}

void deadline_init(struct deadline *deadline)
{
	list_init(&deadline->node);
	deadline->class = NULL;
	deadline->due_us = 0;
	deadline->expired = NULL;
}

int deadline_arm(struct deadline_set *set, struct deadline *deadline,
	uint32_t timeout_ms, void (*expired)(struct deadline *deadline))
{
	uint32_t length_ms = round_length(timeout_ms);
	struct deadline_class *class = class_find(set, length_ms);
	if (!class)
		class = class_new(set, length_ms);
	if (!class)
		return -ENOMEM;

	deadline_disarm(deadline);
	bool was_empty = list_empty(&class->armed);
	uint64_t now_us = clock_monotonic_us();
	deadline->due_us = now_us + (uint64_t)length_ms * 1000;
	deadline->expired = expired;
	deadline->class = class;
	list_append(&class->armed, &deadline->node);
	if (was_empty) {
		/* A timer left running by an earlier member fires too early at worst
		 * and is then set anew. */
		uv_ref((uv_handle_t *)&class->timer);
		if (!uv_is_active((uv_handle_t *)&class->timer))
			start_timer(class, now_us);
	}
	return 0;
}

void deadline_disarm(struct deadline *deadline)
{
	struct deadline_class *class = deadline->class;
	if (!class)
		return;
	list_remove(&deadline->node);
	deadline->class = NULL;
	if (list_empty(&class->armed))
		uv_unref((uv_handle_t *)&class->timer);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void deadline_set_close(struct deadline_set *set)
{
	while (set->classes) {
		struct deadline_class *class = set->classes;
		assert(list_empty(&class->armed));
		set->classes = class->next;
		uv_close((uv_handle_t *)&class->timer, on_closed);
	}
}
