/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a scan degraded: signs that this machine or its uplink is in trouble, and
 * not the network. Its changes are withheld then. Every cause has an end: one that
 * lasts for guard.patience scans is accepted as genuine. Pure.
 */
#ifndef DAEMON_ANALYZE_HEALTH_H
#define DAEMON_ANALYZE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/analyze/controls.h"
#include "daemon/engine/plan.h"
#include "daemon/engine/results.h"

/* In the order in which they are looked for. X(symbol, word, sentence) */
#define HEALTH_CAUSE_LIST(X)                                                          \
	X(FINE, "", NULL)                                                             \
	X(SHORTAGE, "shortage",                                                       \
		"this machine ran out of descriptors, ports or memory")               \
	X(UNMEASURED, "unmeasured", "no flow could be measured from this machine")    \
	X(NO_LINK, "no-link", "the link or the gateway of this machine is down")      \
	X(NO_LOOKUP, "no-lookup", "none of this machine's name lookups was answered") \
	X(CONTROLS, "controls",                                                       \
		"the controls, which must always answer, did not answer")             \
	X(IMPROBABLE, "improbable",                                                   \
		"too many unrelated flows became unreachable at once")

#define X(symbol, word, text) HEALTH_##symbol,
enum health_cause {
	HEALTH_CAUSE_LIST(X) HEALTH_CAUSES
};
#undef X

/* The word that the store keeps; "" when all is well. Static. */
const char *health_word(enum health_cause cause);

/* A sentence for people; NULL when all is well. Static. */
const char *health_text(enum health_cause cause);

/* HEALTH_FINE for any other word. */
enum health_cause health_from_word(const char *word);

/* How the scans of a vantage before this one went. */
struct health_streak {
	uint32_t degraded;                /* the newest ones in a row that were */
	uint32_t by_cause[HEALTH_CAUSES]; /* of these */
	int64_t since;                    /* the first of these; 0: none */
	int64_t since_us;                 /* when that began */
	enum health_cause
		accepted; /* what the newest one had and was not degraded by */
};

struct health {
	enum health_cause cause;
	bool degraded; /* false beside a cause: it is accepted as genuine */
};

/*
 * `before`: what was last known of each flow, or NULL before the first scan. A scan is
 * degraded when this machine ran short of something; when not one flow could be
 * measured; when the link or the gateway was gone for guard.share of the flows; when
 * none of several name lookups was answered, or the only one was not and nothing else
 * was measured; when too few controls answered; or when guard.h finds that too much is
 * unreachable. Controls that stay silent are accepted as genuine only while all else is
 * well. 0 or -ENOMEM.
 */
int health_judge(const struct plan *plan, const struct results *results,
	const struct controls_before *before, const struct health_streak *streak,
	struct health *out);

/* What there is to say of the vantage itself. */
enum health_news {
	HEALTH_NO_NEWS,
	HEALTH_BEGAN,    /* it is degraded, and was not */
	HEALTH_ACCEPTED, /* what it was degraded by is the network's */
	HEALTH_LASTS,    /* it is its own trouble, and no longer withholds the rest */
	HEALTH_ENDED,
};

enum health_news health_news(
	const struct health_streak *streak, const struct health *now);

#endif
