/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is on the link of an interface, and the MAC of a neighbour, out of the input. Each returns 0 or a negative errno. */
int fuzz_prefixes(void);
int fuzz_neighbour(void);
