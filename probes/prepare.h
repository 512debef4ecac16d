/* SPDX-License-Identifier: Apache-2.0 */
/* What the libraries behind the kinds keep once a process. */
#ifndef PROBES_PREPARE_H
#define PROBES_PREPARE_H

/* Sets it up. Call before the first thread that probes is started; more calls do
 * nothing. */
void probes_prepare(void);

#endif
