/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One look at some flows: the engine's pass, and then a second thought about silence.
 * What looks like a firewall that drops may be this machine's own cable or gateway; the
 * kernel knows, so it is asked before silence is believed.
 */
#ifndef DAEMON_SCAN_OBSERVE_H
#define DAEMON_SCAN_OBSERVE_H

#include "daemon/engine/engine.h"

/*
 * engine_run(), then silence_explain() when it succeeded. Returns as engine_run().
 * Takes up to 10 s longer when nothing at all came back by a gateway that is being
 * asked.
 */
int observe(struct engine *engine, const struct plan *plan, const uint32_t *flows,
	size_t n_flows, struct results *results);

/*
 * Turns `filtered` of the flows listed (all when NULL) into what the first step says:
 * error/no-link, error/no-gateway, or unreachable/neighbour-silent for a host on our
 * own link. Where the neighbour is still being asked and nothing came back that way,
 * waits for the outcome,
 * unless the engine is cancelled.
 */
void silence_explain(const struct engine *engine, const struct plan *plan,
	const uint32_t *flows, size_t n_flows, struct results *results);

#endif
