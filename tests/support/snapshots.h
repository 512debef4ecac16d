/* SPDX-License-Identifier: Apache-2.0 */
/* Fleets written down, one flow a line. */
#ifndef TESTS_SUPPORT_SNAPSHOTS_H
#define TESTS_SUPPORT_SNAPSHOTS_H

#include "daemon/model/snapshot.h"

/*
 * Makes a snapshot of a text such as
 *
 *	w1 tcp/443 open
 *	w1 tcp/80  filtered  told=open #3
 *	w2 tcp/22  closed    expect=blocked silenced
 *
 * Hosts come together. After the state stand, in any order: expect=WORD (open), held
 * (its rule's `require` excuses it), told=STATE (what was reported; without it nothing
 * was), told=STATE/fail, #N (part of incident N), silenced, flapping, gap (could not be
 * measured), carried, gone (absent). The verdict follows from state and expectation, a
 * block counting as proved. `scan` 0: there was none. snapshot_fini() it.
 */
void snapshot_write(struct snapshot *out, int64_t scan, const char *text);

#endif
