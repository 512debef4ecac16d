/* SPDX-License-Identifier: Apache-2.0 */
/* A circular, doubly linked, intrusive list. A node that is in no list points to
 * itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>

#include "base/size.h"

struct list {
	struct list *prev, *next;
};

static inline void list_init(struct list *node)
{
	node->prev = node;
	node->next = node;
}

static inline bool list_empty(const struct list *head)
{
	return head->next == head;
}

static inline void list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}

/* Takes the node out of whatever list it is in; harmless when it is in none. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}

/* Takes the first node out of a list that is not empty. */
static inline struct list *list_pop(struct list *head)
{
	struct list *first = head->next;
	head->next = first->next;
	head->next->prev = head;
	list_init(first);
	return first;
}

#define LIST_FIRST(head, type, member) CONTAINER_OF((head)->next, type, member)

#endif
