// The DNS servers that this process's resolver asks, for Swift: libresolv's interface is made of macros and unions, which
// Swift does not import.

#ifndef MTD_CRESOLVER_H
#define MTD_CRESOLVER_H

#include <stddef.h>

/// Longest text of an address, with its scope and the final zero.
#define MTD_ADDRESS_TEXT 64

/// Writes the servers' addresses as text into `texts`, `capacity` of them at most, each MTD_ADDRESS_TEXT bytes long.
/// Returns how many there are, or -1 where the resolver does not start (`res_ninit`).
int mtd_resolver_servers(char *texts, size_t capacity);

#endif
