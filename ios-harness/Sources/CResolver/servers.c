#include "CResolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sys/socket.h>

/// Writes `address` as the next text, if there is room and it is one.
static void add(const struct sockaddr *address, socklen_t length, char *texts, size_t capacity, int *count) {
    if ((size_t)*count >= capacity) return;
    char *text = texts + (size_t)*count * MTD_ADDRESS_TEXT;
    if (getnameinfo(address, length, text, MTD_ADDRESS_TEXT, NULL, 0, NI_NUMERICHOST) == 0) ++*count;
}

int mtd_resolver_servers(char *texts, size_t capacity) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) return -1;
    int count = 0;
#ifdef __APPLE__
    union res_sockaddr_union servers[MAXNS];
    int known = res_getservers(&state, servers, MAXNS);
    for (int i = 0; i < known; i++) {
        if (servers[i].sin.sin_family == AF_INET)
            add((const struct sockaddr *)&servers[i].sin, sizeof servers[i].sin, texts, capacity, &count);
        else if (servers[i].sin6.sin6_family == AF_INET6)
            add((const struct sockaddr *)&servers[i].sin6, sizeof servers[i].sin6, texts, capacity, &count);
    }
    res_ndestroy(&state);
#else
    // The C library of Linux keeps IPv4 servers in the list that everyone knows, and IPv6 servers beside it.
    for (int i = 0; i < state.nscount && i < MAXNS; i++) {
        const struct sockaddr_in6 *v6 = state._u._ext.nsaddrs[i];
        if (state.nsaddr_list[i].sin_family == AF_INET)
            add((const struct sockaddr *)&state.nsaddr_list[i], sizeof state.nsaddr_list[i], texts, capacity, &count);
        else if (v6 != NULL)
            add((const struct sockaddr *)v6, sizeof *v6, texts, capacity, &count);
    }
    res_nclose(&state);
#endif
    return count;
}
