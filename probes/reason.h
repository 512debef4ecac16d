/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed vocabulary of what a probe can find: states, the paths they imply, phases
 * and reasons. The words are a promise to people and programs: never renamed, never
 * reused, only added. Numbers are for memory; the store keeps words.
 */
#ifndef PROBES_REASON_H
#define PROBES_REASON_H

#include <stdbool.h>

enum probe_path {
	PATH_UNKNOWN,
	PATH_CLEAR,
	PATH_PARTIAL,
	PATH_BLOCKED
};

/* X(symbol, word, path) */
#define PROBE_STATES(X)                                             \
	X(NONE, "none", UNKNOWN) /* not observed: never reported */ \
	X(OPEN, "open", CLEAR)                                      \
	X(CLOSED, "closed", CLEAR)                                  \
	X(FAILED, "failed", CLEAR)                                  \
	X(PARTIAL, "partial", PARTIAL)                              \
	X(FILTERED, "filtered", BLOCKED)                            \
	X(PROHIBITED, "prohibited", BLOCKED)                        \
	X(UNREACHABLE, "unreachable", BLOCKED)                      \
	X(UNRESOLVED, "unresolved", UNKNOWN)                        \
	X(ERROR, "error", UNKNOWN)

/* X(symbol, word) */
#define PROBE_PHASES(X)         \
	X(NONE, "none")         \
	X(RESOLVE, "resolve")   \
	X(CONNECT, "connect")   \
	X(DNS, "dns")           \
	X(SWEEP, "sweep")       \
	X(EPM, "epm")           \
	X(ENDPOINT, "endpoint") \
	X(BIND, "bind")         \
	X(CALL, "call")         \
	X(RDP, "rdp")           \
	X(SMB, "smb")           \
	X(LDAP, "ldap")         \
	X(TRACE, "trace")

/*
 * X(symbol, word, text): `text` is the sentence for people. Local trouble stands last,
 * under its own heading, and goes with STATE_ERROR alone.
 */
#define PROBE_REASONS(X)                                                                   \
	X(NONE, "none", "nothing observed")                                                \
	/* connect */                                                                      \
	X(SYN_ACK, "syn-ack", "the connection was accepted")                               \
	X(RST, "rst", "the connection was refused with a reset")                           \
	X(TIMEOUT, "timeout", "no answer to any attempt")                                  \
	X(ICMP_NET_UNREACHABLE, "icmp-net-unreachable", "a router has no route")           \
	X(ICMP_HOST_UNREACHABLE, "icmp-host-unreachable",                                  \
		"a router can't reach the host")                                           \
	X(ICMP_PROTOCOL_UNREACHABLE, "icmp-protocol-unreachable",                          \
		"the protocol is refused by ICMP")                                         \
	X(ICMP_PORT_UNREACHABLE, "icmp-port-unreachable",                                  \
		"the port is refused by ICMP")                                             \
	X(ICMP_ADMIN_PROHIBITED, "icmp-admin-prohibited",                                  \
		"an administrator forbids the traffic")                                    \
	X(ICMP_NET_PROHIBITED, "icmp-net-prohibited",                                      \
		"an administrator forbids the network")                                    \
	X(ICMP_HOST_PROHIBITED, "icmp-host-prohibited",                                    \
		"an administrator forbids the host")                                       \
	X(ICMP_POLICY_FAIL, "icmp-policy-fail", "the source address fails a policy")       \
	X(ICMP_REJECT_ROUTE, "icmp-reject-route", "a route rejects the destination")       \
	X(ICMP_SOURCE_ROUTE_FAILED, "icmp-source-route-failed",                            \
		"a source route failed")                                                   \
	X(ICMP_BEYOND_SCOPE, "icmp-beyond-scope",                                          \
		"the source address's scope ends there")                                   \
	X(ICMP_FRAGMENTATION_NEEDED, "icmp-fragmentation-needed",                          \
		"a packet was too big for a link")                                         \
	X(ICMP_TIME_EXCEEDED, "icmp-time-exceeded",                                        \
		"the packet's hops ran out: a routing loop")                               \
	X(ICMP_PARAMETER_PROBLEM, "icmp-parameter-problem",                                \
		"a router refused the header")                                             \
	X(ICMP_OTHER, "icmp-other", "an unknown ICMP error")                               \
	X(NEIGHBOUR_SILENT, "neighbour-silent",                                            \
		"the host is on this link and does not answer ARP or neighbour discovery") \
	/* several addresses that differ */                                                \
	X(NOT_ALL_ADDRESSES, "not-all-addresses",                                          \
		"some addresses answer and some do not")                                   \
	X(NO_ADDRESS_ACCEPTS, "no-address-accepts",                                        \
		"some addresses refuse the connection, the others do not answer")          \
	X(ADDRESSES_DIFFER_CLEAR, "addresses-differ-clear",                                \
		"every address lets packets through, but not all answer alike")            \
	X(ADDRESSES_DIFFER_BLOCKED, "addresses-differ-blocked",                            \
		"no address lets packets through, but not all are blocked alike")          \
	/* names */                                                                        \
	X(RESOLVED, "resolved", "every server resolves the name and they agree")           \
	X(NXDOMAIN, "nxdomain", "the name does not exist")                                 \
	X(NO_DATA, "no-data", "the name exists and has no such record")                    \
	X(SERVFAIL, "servfail", "the DNS server failed")                                   \
	X(REFUSED, "refused", "the DNS server refuses to answer")                          \
	X(DNS_TIMEOUT, "dns-timeout", "no DNS server answered")                            \
	X(DNS_MALFORMED, "dns-malformed", "a DNS answer makes no sense")                   \
	X(DNS_DISAGREE, "dns-disagree", "the DNS servers do not agree")                    \
	X(DNS_MISMATCH, "dns-mismatch", "DNS has other addresses than the inventory")      \
	X(PTR_MISMATCH, "ptr-mismatch", "the address resolves to another name")            \
	X(NOT_A_NAME, "not-a-name",                                                        \
		"the inventory has an address and no name to look up")                     \
	/* sweeps */                                                                       \
	X(ALL_CLEAR, "all-clear", "every port lets packets through")                       \
	X(SOME_BLOCKED, "some-blocked", "some ports let packets through, some do not")     \
	X(NO_PORT_ACCEPTS, "no-port-accepts",                                              \
		"some ports refuse the connection, the others do not answer")              \
	X(ALL_SILENT, "all-silent", "no port answered")                                    \
	X(ALL_PROHIBITED, "all-prohibited", "every port is forbidden by ICMP")             \
	X(ALL_UNREACHABLE, "all-unreachable", "every port is unreachable by ICMP")         \
	/* any protocol above TCP */                                                       \
	X(NO_ANSWER, "no-answer",                                                          \
		"the connection was accepted, but there was no answer")                    \
	X(PEER_CLOSED, "peer-closed",                                                      \
		"the connection was accepted, and closed without an answer")               \
	X(PEER_RESET, "peer-reset",                                                        \
		"the connection was accepted, and reset without an answer")                \
	X(MALFORMED_ANSWER, "malformed-answer", "the answer is in another protocol")       \
	/* the endpoint mapper */                                                          \
	X(EPM_ANSWERED, "epm-answered", "the endpoint mapper answers")                     \
	X(EPM_SILENT, "epm-silent",                                                        \
		"the endpoint mapper accepts the connection and does not answer")          \
	X(EPM_CLOSED, "epm-closed",                                                        \
		"the endpoint mapper's connection ended without an answer")                \
	X(EPM_ACCESS_DENIED, "epm-access-denied",                                          \
		"the endpoint mapper answers, but requires authentication")                \
	X(EPM_NOT_REGISTERED, "epm-not-registered",                                        \
		"the endpoint mapper does not know the interface: its service is not "     \
		"running")                                                                 \
	X(EPM_NO_MAPPER, "epm-no-mapper",                                                  \
		"port 135 speaks RPC but is not an endpoint mapper")                       \
	/* the port that the mapper names */                                               \
	X(ENDPOINT_CLOSED, "endpoint-closed",                                              \
		"the port that the endpoint mapper names refuses the connection")          \
	X(ENDPOINT_FILTERED, "endpoint-filtered",                                          \
		"the port that the endpoint mapper names does not answer")                 \
	X(ENDPOINT_PROHIBITED, "endpoint-prohibited",                                      \
		"an administrator forbids the port that the endpoint mapper names")        \
	X(ENDPOINT_UNREACHABLE, "endpoint-unreachable",                                    \
		"the port that the endpoint mapper names is unreachable by ICMP")          \
	/* the interface behind it; with phase epm: the endpoint mapper itself */          \
	X(RPC_BOUND, "rpc-bound", "the interface accepted a bind")                         \
	X(RPC_ANSWERED, "rpc-answered", "the interface answered a call")                   \
	X(RPC_SILENT, "rpc-silent",                                                        \
		"the interface's port accepts the connection and does not answer")         \
	X(RPC_CLOSED, "rpc-closed",                                                        \
		"the interface's port ended the connection without an answer")             \
	X(RPC_WRONG_INTERFACE, "rpc-wrong-interface",                                      \
		"the port belongs to a service without that interface")                    \
	X(RPC_BIND_REJECTED, "rpc-bind-rejected", "the bind was rejected")                 \
	X(RPC_BIND_NAK, "rpc-bind-nak", "the RPC server refused the association")          \
	X(RPC_ACCESS_DENIED, "rpc-access-denied",                                          \
		"the interface answers, but requires authentication")                      \
	X(RPC_FAULT, "rpc-fault", "the RPC server answered with a fault")                  \
	X(RPC_PROTOCOL_ERROR, "rpc-protocol-error", "the answer is not valid DCE/RPC")     \
	X(SOME_INTERFACES, "some-interfaces",                                              \
		"some interfaces can be reached and some can't")                           \
	/* rdp, smb, ldap */                                                               \
	X(RDP_NEGOTIATED, "rdp-negotiated",                                                \
		"the RDP listener chose a security protocol")                              \
	X(RDP_REFUSED, "rdp-refused",                                                      \
		"the RDP listener answers and refuses the protocols offered")              \
	X(SMB_NEGOTIATED, "smb-negotiated", "the SMB server chose a dialect")              \
	X(SMB1_ONLY, "smb1-only", "the server speaks only SMB 1")                          \
	X(SMB_REFUSED, "smb-refused", "the SMB server refuses to negotiate")               \
	X(LDAP_ANSWERED, "ldap-answered", "the directory described itself")                \
	X(LDAP_REFUSED, "ldap-refused",                                                    \
		"the directory answers but refuses to describe itself")                    \
	X(LDAP_UNAVAILABLE, "ldap-unavailable",                                            \
		"the directory says that it is unavailable")                               \
	/* local trouble */                                                                \
	X(NO_DESCRIPTOR, "no-descriptor", "this process ran out of file descriptors")      \
	X(NO_PORT, "no-port", "this machine ran out of local ports")                       \
	X(NO_BUFFERS, "no-buffers", "this machine ran out of network buffers")             \
	X(NO_MEMORY, "no-memory", "this process ran out of memory")                        \
	X(NO_ROUTE, "no-route", "this machine has no route to the address")                \
	X(NO_GATEWAY, "no-gateway", "this machine's gateway does not answer")              \
	X(NO_LINK, "no-link", "the link of this machine that leads there is down")         \
	X(LOCAL_FIREWALL, "local-firewall",                                                \
		"this machine's own firewall or routes forbid it")                         \
	X(NO_FAMILY, "no-family", "this machine has no such address family")               \
	X(RESOLVER_UNAVAILABLE, "resolver-unavailable",                                    \
		"this machine's resolver can't be used")                                   \
	X(LOCAL_ERROR, "local-error", "this machine reported an unknown error")            \
	X(TOO_MANY_ENDPOINTS, "too-many-endpoints",                                        \
		"the endpoint mapper lists more endpoints than reachd checks")             \
	X(OUT_OF_TIME, "out-of-time", "not every endpoint could be checked in time")       \
	X(NOT_DUE, "not-due", "its rule has not been due yet")                             \
	X(WITHHELD, "withheld",                                                            \
		"it differs, and the scan was degraded: a clean one settles it")           \
	X(CANCELLED, "cancelled", "stopped before there was an answer")

#define X(symbol, word, path) STATE_##symbol,
enum probe_state {
	PROBE_STATES(X) STATE_COUNT
};
#undef X
#define X(symbol, word) PHASE_##symbol,
enum probe_phase {
	PROBE_PHASES(X) PHASE_COUNT
};
#undef X
#define X(symbol, word, text) REASON_##symbol,
enum probe_reason {
	PROBE_REASONS(X) REASON_COUNT
};
#undef X

/* The words; static, never NULL for values of the enums. */
const char *probe_state_word(enum probe_state state);
const char *probe_phase_word(enum probe_phase phase);
const char *probe_reason_word(enum probe_reason reason);
const char *probe_path_word(enum probe_path path);

/* The sentence for people. Static. */
const char *probe_reason_text(enum probe_reason reason);

/* What a state says about the path. `partial` by itself is PATH_PARTIAL: of what was
 * observed of a flow, ask observation_path(). */
enum probe_path probe_state_path(enum probe_state state);

/* What the parts of an observation (addresses, ports) do. */
enum observation_parts {
	PARTS_ACCEPT = 1, /* some accept the connection */
	PARTS_CLOSED = 2, /* some refuse it: packets get through */
	PARTS_BLOCKED = 4
};

/*
 * A set of enum observation_parts; 0 where nothing is known of the path. `failed`
 * accepts. The reason says of which parts a `partial` is made: one that says nothing
 * of that, as those of the first version, has some that accept and some that are
 * blocked.
 */
unsigned observation_parts(enum probe_state state, enum probe_reason reason);

/* The path of what was observed: partial only where clear and blocked are mixed. */
enum probe_path observation_path(enum probe_state state, enum probe_reason reason);

/* The other way, for words from the store; false when there is no such word. */
bool probe_state_from_word(const char *word, enum probe_state *state);
bool probe_phase_from_word(const char *word, enum probe_phase *phase);
bool probe_reason_from_word(const char *word, enum probe_reason *reason);

/* True for silence after a connection was accepted: worth another attempt, as silence
 * before it is. */
bool probe_reason_is_silence(enum probe_reason reason);

/* True for the reasons that are this machine's own trouble (REASON_NO_DESCRIPTOR on).
 */
bool probe_reason_is_local(enum probe_reason reason);

/*
 * True for local trouble that may pass by waiting: descriptors, ports, buffers, memory.
 * A missing route does not pass within a probe's life.
 */
bool probe_reason_is_shortage(enum probe_reason reason);

#endif
