/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in a configuration are relative to the file that they stand in. */
#ifndef CONFIG_PATH_H
#define CONFIG_PATH_H

#include "base/arena.h"

/* `given` as seen from the folder of the file `from` (NULL: the working directory). In
 * the arena; NULL: no memory. */
const char *conf_path(struct arena *arena, const char *from, const char *given);

#endif
