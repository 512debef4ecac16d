/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes for tests of codecs: from digits, from files, and spoilt in every way. */
#ifndef TESTS_PROBES_WIRE_H
#define TESTS_PROBES_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wire {
	uint8_t *bytes; /* an exact allocation: AddressSanitizer sees a read past it */
	size_t size;
};

static inline struct wire wire_copy(const uint8_t *bytes, size_t size)
{
	struct wire wire = {.bytes = malloc(size ? size : 1), .size = size};
	assert_non_null(wire.bytes);
	if (size)
		memcpy(wire.bytes, bytes, size);
	return wire;
}

static inline struct wire wire_of(const char *digits)
{
	struct wire wire = {.size = strlen(digits) / 2};
	wire.bytes = malloc(wire.size ? wire.size : 1);
	assert_non_null(wire.bytes);
	for (size_t i = 0; i < wire.size; i++) {
		unsigned byte;
		assert_int_equal(sscanf(digits + 2 * i, "%2x", &byte), 1);
		wire.bytes[i] = (uint8_t)byte;
	}
	return wire;
}

/* Relative to tests/, where the tests run. */
static inline struct wire wire_read(const char *path)
{
	static uint8_t bytes[64 * 1024];
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	return wire_copy(bytes, size);
}

static inline void wire_free(struct wire *wire)
{
	free(wire->bytes);
	wire->bytes = NULL;
}

typedef void (*wire_try_fn)(const uint8_t *bytes, size_t size);

/* Every prefix, and every value of every byte. Whatever is tried must hold. */
static inline void wire_spoil(const struct wire *good, wire_try_fn try)
{
	for (size_t size = 0; size < good->size; size++) {
		struct wire cut = wire_copy(good->bytes, size);
		try(cut.bytes, cut.size);
		wire_free(&cut);
	}
	struct wire bad = wire_copy(good->bytes, good->size);
	for (size_t i = 0; i < bad.size; i++) {
		for (unsigned value = 0; value < 256; value++) {
			bad.bytes[i] = (uint8_t)value;
			try(bad.bytes, bad.size);
		}
		bad.bytes[i] = good->bytes[i];
	}
	wire_free(&bad);
}

/* The same for what is long: many prefixes, and two wrong values of every byte. */
static inline void wire_spoil_long(const struct wire *good, wire_try_fn try)
{
	for (size_t size = 0; size < good->size; size += 7) {
		struct wire cut = wire_copy(good->bytes, size);
		try(cut.bytes, cut.size);
		wire_free(&cut);
	}
	struct wire bad = wire_copy(good->bytes, good->size);
	for (size_t i = 0; i < bad.size; i++) {
		bad.bytes[i] = (uint8_t)(good->bytes[i] ^ 1);
		try(bad.bytes, bad.size);
		bad.bytes[i] = 0xff;
		try(bad.bytes, bad.size);
		bad.bytes[i] = good->bytes[i];
	}
	wire_free(&bad);
}

#endif
