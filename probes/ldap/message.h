/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of LDAP as it takes to ask a directory about itself: one search of the root
 * DSE, without authentication, and what comes back. Pure: bytes in, structs out.
 * Source: RFC 4511, sections 4.1.1 (messages), 4.1.9 (results), 4.4 (notices), 4.5
 * (search) and 5.1 (which BER is allowed); RFC 4512, 5.1 (the root DSE).
 */
#ifndef PROBES_LDAP_MESSAGE_H
#define PROBES_LDAP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	LDAP_REQUEST_SIZE = 96,
	LDAP_MESSAGE_MAX = 16384, /* of one that is read; the answer has some hundred */
	LDAP_TEXT = 257,
};

/* RFC 4511, 4.1.9: those that mean something here. */
enum ldap_code {
	LDAP_SUCCESS = 0,
	LDAP_BUSY = 51,
	LDAP_UNAVAILABLE = 52,
};

enum ldap_kind {
	LDAP_ENTRY,   /* the root DSE */
	LDAP_DONE,    /* code and text end the search */
	LDAP_NOTICE,  /* code and text: the server is about to close the connection */
	LDAP_IGNORED, /* well-formed, and nothing for us */
};

/*
 * Texts are printable UTF-8 of at most LDAP_TEXT - 1 bytes, cut between characters;
 * what the server sent that is neither is written as \x and two digits. "" is none.
 */
struct ldap_message {
	enum ldap_kind kind;
	uint32_t code;
	char text[LDAP_TEXT]; /* what the server says about the code */
	char default_naming_context[LDAP_TEXT];
	char dns_host_name[LDAP_TEXT];
	uint32_t versions; /* bits: 1 << 3 is LDAPv3 */
};

/* Writes the search, with message id 1. */
void ldap_write_search(uint8_t out[LDAP_REQUEST_SIZE]);

/*
 * Reads one message: how many bytes it takes, with *message; 0: more bytes are needed;
 * -EPROTO: these can't become one that answers the search. Never waits for more than
 * LDAP_MESSAGE_MAX.
 */
ssize_t ldap_read(const uint8_t *data, size_t size, struct ldap_message *message);

/* "unwillingToPerform", ... (RFC 4511, appendix A); NULL when there is none. Static. */
const char *ldap_code_word(uint32_t code);

#endif
