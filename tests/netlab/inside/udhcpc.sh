#!/bin/sh
# What the phone does with a DHCP lease (udhcpc -s): address, route, $RESOLVER, and the lease as JSON in $LEASE.
case "$1" in
deconfig)
    ip -4 addr flush dev "$interface"
    ;;
bound | renew)
    ip -4 addr replace "$ip/$mask" dev "$interface" valid_lft "$lease" preferred_lft "$lease"
    ip -4 route replace default via "${router%% *}" dev "$interface"
    for server in $dns; do echo "nameserver $server"; done >"$RESOLVER"
    printf '{"ip": "%s", "router": "%s", "dns": "%s", "dhcp_server": "%s", "portal": "%s"}\n' \
        "$ip" "$router" "$dns" "$serverid" "$opt114" >"$LEASE.new"
    mv "$LEASE.new" "$LEASE"
    ;;
esac
