/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/prepare.h"

#include <jansson.h>

void probes_prepare(void)
{
	/* The seed of its hash tables. The first object would draw it, but jansson's
	 * manual ("Thread safety") wants it drawn before there are threads. */
	json_object_seed(0);
}
