/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/size.h"
#include "probes/sweep/ports.h"

static struct port_set set;
static struct sweep_ports ports;

static void open_ports(const char *text, uint64_t salt)
{
	const char *error;
	assert_true(ports_parse(text, &set, &error));
	assert_int_equal(sweep_ports_init(&ports, &set, salt), 0);
}

static void visits_every_port_once_whatever_their_number(void **state)
{
	(void)state;
	static const char *const texts[] = {"80", "80-81", "1-3", "1-4", "1-6", "1-618",
		"1-1000", "1-1024", "49152-65535", "1-65535", "1-10,20-29,65535"};
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		open_ports(texts[i], 12345678901u + i);
		uint8_t *seen = calloc(ports.count, 1);
		uint32_t count = ports.count;
		for (uint32_t n = 0; n < count; n++) {
			uint32_t index = sweep_ports_next(&ports);
			assert_in_range(index, 0, count - 1);
			assert_int_equal(seen[index]++, 0);
		}
		assert_int_equal(ports.due, 0);
		free(seen);
		sweep_ports_fini(&ports);
	}
}

/* The first sixteenth of a pass has a port in each sixteenth of the range, nearly. */
static void the_first_ports_are_spread_over_the_range(void **state)
{
	(void)state;
	unsigned in_part[16] = {0};
	open_ports("49152-65535", 0);
	for (int n = 0; n < 1024; n++)
		in_part[sweep_ports_next(&ports) / 1024]++;
	for (int part = 0; part < 16; part++)
		assert_in_range(in_part[part], 48, 80);
	sweep_ports_fini(&ports);
}

static void hosts_do_not_go_in_step(void **state)
{
	(void)state;
	open_ports("1-1000", 1);
	uint32_t first = sweep_ports_next(&ports);
	sweep_ports_fini(&ports);
	open_ports("1-1000", 2);
	assert_int_not_equal(sweep_ports_next(&ports), first);
	sweep_ports_fini(&ports);
}

static void a_port_put_back_comes_again_in_the_same_pass(void **state)
{
	(void)state;
	open_ports("1-100", 0);
	uint32_t index = sweep_ports_next(&ports);
	sweep_ports_put_back(&ports, index);
	unsigned again = 0;
	while (ports.due > 0)
		again += sweep_ports_next(&ports) == index;
	assert_int_equal(again, 1);
	sweep_ports_fini(&ports);
}

static void a_new_pass_has_the_silent_ports_alone(void **state)
{
	(void)state;
	open_ports("1-100", 0);
	while (ports.due > 0) {
		uint32_t index = sweep_ports_next(&ports);
		sweep_ports_set(
			&ports, index, index % 10 == 3 ? STATE_FILTERED : STATE_CLOSED);
	}
	assert_int_equal(sweep_ports_renew(&ports), 10);
	for (int n = 0; n < 10; n++) {
		uint32_t index = sweep_ports_next(&ports);
		assert_int_equal(index % 10, 3);
		/* Still known as silent, so that an answer can be told to be news. */
		assert_int_equal(sweep_ports_state(&ports, index), STATE_FILTERED);
		sweep_ports_set(&ports, index, STATE_OPEN);
	}
	assert_int_equal(sweep_ports_renew(&ports), 0);
	sweep_ports_fini(&ports);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(visits_every_port_once_whatever_their_number),
		cmocka_unit_test(the_first_ports_are_spread_over_the_range),
		cmocka_unit_test(hosts_do_not_go_in_step),
		cmocka_unit_test(a_port_put_back_comes_again_in_the_same_pass),
		cmocka_unit_test(a_new_pass_has_the_silent_ports_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
