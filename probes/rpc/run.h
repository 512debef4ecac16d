/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of the rpc kind, and what its files do with it. Each stands on those above:
 *
 *   client.c    DCE/RPC on one connection; dcerpc.c, ndr.c and epm.c are its codecs
 *   names.c     well-known interfaces
 *   conf.c      the argument and the options
 *   targets.c   the ports to go to, and what they come to. Pure
 *   evidence.c  stages as they go by, the JSON of them all, and reading it
 *   mapper.c    the conversation with the endpoint mapper
 *   endpoint.c  the conversation with a port
 *   rpc.c       the kind: from the mapper to one port after the other
 *
 * One connection at a time: the mapper's, then each target's.
 */
#ifndef PROBES_RPC_RUN_H
#define PROBES_RPC_RUN_H

#include "base/size.h"
#include "base/strbuf.h"
#include "probes/probe.h"
#include "probes/rpc/client.h"
#include "probes/rpc/epm.h"

enum {
	RPC_MAX_FIXED = 16,       /* ports of the option */
	RPC_MAX_PORTS = 16,       /* of one interface that are followed */
	RPC_MAX_TARGETS = 256,    /* of rpc/[*], (interface, port) each */
	RPC_MAX_TIMEOUTS = 64,    /* that the connections of rpc/[*] take together */
	RPC_MAX_TOWERS = 64,      /* asked for in one ept_map */
	RPC_MAX_PAGES = 128,      /* of the mapper's list that are read */
	RPC_MAX_ENTRIES = 10000,  /* likewise */
	RPC_MAX_LISTED = 256,     /* endpoints in the evidence */
	RPC_MAX_STAGES = 64,      /* likewise */
	RPC_MANY_CONNECTIONS = 64 /* of rpc/[*] to a usual host, for the plan */
};

#define RPC_LABEL 64

enum rpc_mode {
	RPC_MAPPER,    /* rpc */
	RPC_INTERFACE, /* rpc/NAME, rpc/UUID */
	RPC_ALL        /* rpc with a star */
};

struct rpc_conf {
	enum rpc_mode mode;
	struct uuid_syntax interface;
	char label[RPC_LABEL];         /* its name, for people; "" when it has none */
	bool has_own_port;             /* the mapper need not be asked */
	bool has_alive;                /* ServerAlive2 follows the bind */
	uint32_t mapper_port;          /* option; EPM_PORT by default */
	struct conf_texts ports;       /* option, as written */
	uint16_t fixed[RPC_MAX_FIXED]; /* the same, read */
	size_t n_fixed;
};

/* A port to go to, and the interface to bind there. */
struct rpc_target {
	struct uuid_syntax interface;
	uint16_t port;
	/* What came of it; STATE_NONE: not tried yet. */
	enum probe_state state;
	enum probe_reason reason;
	enum probe_phase phase;
	uint32_t rtt_us;    /* of the answer that settled it; 0: none */
	struct sockerr err; /* of the connect */
};

struct rpc_stage {
	enum probe_phase phase;
	enum probe_state state;
	enum probe_reason reason; /* none: the stage went well */
	uint16_t port;
	uint32_t elapsed_us;
	char *detail; /* further members of the JSON object, without its braces; or
			 NULL */
};

struct rpc_run {
	struct probe_run run; /* first */
	struct rpc_client client;
	uint64_t stage_ns; /* when the stage in hand began */

	/* The connection in hand has served: on to the next target, or to the verdict.
	 */
	void (*served)(struct rpc_run *rpc);

	/* The mapper's answers. */
	struct uuid_syntax interface; /* the one asked for, its version once known */
	struct epm_handle handle;
	void (*then)(struct rpc_run *rpc); /* once the handle was given back */
	uint32_t pages, entries, unreadable, on_tcp;
	bool is_found; /* a version of the interface, on TCP */
	bool is_told;  /* all that was asked for */
	bool is_short; /* memory ran out inside a visit */
	struct epm_endpoint *listed;
	uint32_t n_listed, listed_room;

	/* Where the endpoints are. */
	struct rpc_target *targets;
	uint32_t n_targets, targets_room, at;
	enum probe_reason cut; /* why there are more than are followed; none: there
				  are not */
	uint64_t spent_us;     /* by the connections so far */

	/* For the evidence. */
	struct rpc_stage *stages;
	uint32_t n_stages, stages_room;
	bool are_stages_cut;
	uint16_t port; /* that the verdict is about */
};

static inline const struct rpc_conf *rpc_conf_of(const struct rpc_run *rpc)
{
	return rpc->run.spec.conf;
}

static inline struct rpc_run *rpc_of_stream(struct stream *stream)
{
	return CONTAINER_OF(stream, struct rpc_run, client.stream);
}

static inline struct rpc_run *rpc_of_client(struct rpc_client *client)
{
	return CONTAINER_OF(client, struct rpc_run, client);
}

/* ---- conf.c: members of the ops table */

extern const struct conf_field rpc_conf_fields[];
bool rpc_conf_parse(const char *argument, const struct probe_vocabulary *vocabulary,
	void *conf, char *canonical, size_t size, const char **error);
const char *rpc_conf_nearest(
	const char *argument, const struct probe_vocabulary *vocabulary);
bool rpc_conf_bound(void *conf, const struct conf_node *at, struct conf_report *report);

/* ---- mapper.c */

/* Connects to the mapper and asks what the conf wants to know; goes on with
 * rpc->served(), or settles. As start(). */
int rpc_mapper_start(struct rpc_run *rpc);

/* ---- endpoint.c */

/*
 * Connects to targets[at] and binds its interface; fills in what came of it and calls
 * rpc->served(), perhaps before it returns. As start().
 */
int rpc_endpoint_start(struct rpc_run *rpc);

/* ---- targets.c */

/* Adds a target unless it is there. Of more than `most` those that rpc_targets_sort()
 * puts first are kept, whatever the order in which they come. 0 or -ENOMEM. */
int rpc_targets_add(struct rpc_run *rpc, const struct uuid_syntax *interface,
	uint16_t port, uint32_t most);

/* By port, then interface: an order that no mapper chooses. */
void rpc_targets_sort(struct rpc_target *targets, uint32_t count);

/*
 * The one that the verdict is about: one that is open if there is any, else the worst:
 * error, prohibited, unreachable, filtered, failed, closed. Those alike: the reason
 * that stands first in its table, then the lowest port. count > 0.
 */
const struct rpc_target *rpc_targets_best(
	const struct rpc_target *targets, uint32_t count);

struct rpc_verdict {
	enum probe_state state;
	enum probe_reason reason;
	enum probe_phase phase;
	const struct rpc_target *target; /* that it is about */
	bool is_mixed;                   /* the identity tells who failed */
};

/*
 * What all targets of rpc with a star come to; count > 0. `cut` is why there are others
 * that were not followed, REASON_NONE if there are none: of those nothing is known.
 */
struct rpc_verdict rpc_targets_verdict(
	const struct rpc_target *targets, uint32_t count, enum probe_reason cut);

/*
 * "UUID@1.0 endpoint-filtered, ...": the interfaces that failed and how, sorted. No
 * ports, since they change at each boot, and no names, since they are ours. malloc'ed;
 * NULL without memory.
 */
char *rpc_targets_identity(const struct rpc_target *targets, uint32_t count);

/* ---- evidence.c */

void rpc_stage_begin(struct rpc_run *rpc, enum probe_phase phase);

/* Since the stage in hand began; at least 1. */
uint32_t rpc_stage_elapsed_us(const struct rpc_run *rpc);

/* The stage in hand is over. It went well: state and reason none. `detail` is freed in
 * time; NULL is none, for want of memory too. */
void rpc_stage_end(struct rpc_run *rpc, enum probe_state state,
	enum probe_reason reason, char *detail);

/* The stage in hand was a handshake, and went well. */
void rpc_stage_connected(struct rpc_run *rpc);

/* malloc'ed members of an object, printf's; NULL without memory. */
char *rpc_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The members of a fault's status; malloc'ed; NULL without memory. */
char *rpc_detail_status(uint32_t status);

/* The numbers in an answer that is a refusal; malloc'ed; NULL when there are none, or
 * no memory. */
char *rpc_detail_refusal(const struct dcerpc_answer *answer);

/* The members of sockerr_evidence(); malloc'ed; NULL when there are none. */
char *rpc_detail_connect(const struct sockerr *err);

/* For struct probe_ops. */
bool rpc_evidence_print(struct evidence_line *line, const struct json_t *evidence,
	const char *key, const struct json_t *value);
uint16_t rpc_evidence_found_port(const struct json_t *evidence);
extern const struct probe_advice rpc_advice[];

/* Makes result.evidence of what is known; what stands there already is kept in it. */
void rpc_evidence_make(struct rpc_run *rpc);
void rpc_evidence_fini(struct rpc_run *rpc);

#define RPC_NAME_TEXT (RPC_LABEL + UUID_SYNTAX_TEXT + 4)

/* For people: "licensing (3d26...@1.0)", or the UUID alone; returns `out`. */
const char *rpc_name_text(const struct uuid_syntax *interface, char out[RPC_NAME_TEXT]);

/* The same of the interface asked for. */
const char *rpc_asked_text(const struct rpc_run *rpc, char out[RPC_NAME_TEXT]);

/* "0.4 ms"; returns `out`. */
#define RPC_TIME_TEXT 24
const char *rpc_time_text(uint32_t us, char out[RPC_TIME_TEXT]);

#endif
